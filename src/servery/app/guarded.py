"""Requests to addresses that people enter, kept away from this machine and its neighbours."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping

import httpx

from servery.errors import NeedsPerson, Retry

_TIMEOUT = httpx.Timeout(15, connect=5)


async def post(url: str, body: bytes, headers: Mapping[str, str], *, inside: bool) -> int:
    """Post `body` and tell the status of the answer. No redirect is followed.

    Unless `inside`, the name must lead to public addresses alone, and the very address that was looked at is the one
    asked: a name cannot change its mind in between. Raises NeedsPerson for a forbidden address, Retry where nobody
    answers.
    """
    asked = httpx.URL(url)
    extensions = {"sni_hostname": asked.host} if asked.scheme == "https" else {}
    where = asked if inside else asked.copy_with(host=await _public_address(asked))
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as http:
        request = http.build_request(
            "POST", where, content=body, headers={**headers, "host": asked.netloc.decode()}, extensions=extensions
        )
        try:
            answer = await http.send(request, stream=True)
            await answer.aclose()
        except httpx.HTTPError as error:
            raise Retry("{host} does not answer ({why}).", host=asked.host, why=type(error).__name__) from None
    return answer.status_code


async def _public_address(asked: httpx.URL) -> str:
    port = asked.port or (443 if asked.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(asked.host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Retry("The name {host} leads nowhere.", host=asked.host) from None
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if not ipaddress.ip_address(address).is_global:
            raise NeedsPerson(
                "{host} is an address inside this network.",
                field="address",
                host=asked.host,
                mend="Where that is meant, set SERVERY_INSIDE_ADDRESSES=1.",
            )
    return addresses[0]
