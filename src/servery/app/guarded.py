"""Requests to addresses that people enter, kept away from this machine and its neighbours."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from servery.connectors.standard_webhooks import address_to_connect, request
from servery.errors import NeedsPerson, Retry

_TIMEOUT = httpx.Timeout(15, connect=5)


async def post(url: str, body: bytes, headers: Mapping[str, str], *, inside: bool) -> int:
    """Post `body` and tell the status of the answer. No redirect is followed.

    Unless `inside`, the name must lead to public addresses alone, and the very address that was looked at is the one
    asked: a name cannot change its mind in between. Raises NeedsPerson for a forbidden address, Retry where nobody
    answers.
    """
    asked = httpx.URL(url)
    where = await address_to_connect(asked, None if inside else _inside(asked.host))
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as http:
        try:
            answer = await http.send(request(http, asked, where, body, headers), stream=True)
            await answer.aclose()
        except httpx.HTTPError as error:
            raise Retry("{host} does not answer ({why}).", host=asked.host, why=type(error).__name__) from None
    return answer.status_code


def _inside(host: str) -> NeedsPerson:
    return NeedsPerson(
        "{host} is an address inside this network.",
        field="address",
        host=host,
        mend="Where that is meant, set SERVERY_INSIDE_ADDRESSES=1.",
    )
