"""One question to Square over HTTP, or one change: signed in, and what went wrong said plainly."""

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from servery.connectors.answers import retry_after
from servery.connectors.contract import Session
from servery.connectors.square import wire
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry

BASE_URL = "https://connect.squareup.com"
VERSION = "2025-08-20"
"""The Square-Version asked for: by it Square keeps the shape of its answers."""

_PERMISSIONS = ("MERCHANT_PROFILE_READ", "ITEMS_READ", "CUSTOMERS_READ", "ORDERS_READ", "PAYMENTS_READ")
_PAUSE_WITHOUT_ADVICE = 30.0
_PAUSE_AFTER_FAILURE = 60.0

Answer = TypeVar("Answer")


async def get(session: Session, path: str, answer: type[Answer], question: Mapping[str, str] | None = None) -> Answer:
    """What a GET is answered with; raises as `ask`."""
    return await ask(session, "GET", path, answer, params=question)


async def post(session: Session, path: str, question: Mapping[str, Any], answer: type[Answer]) -> Answer:
    """What a search is answered with, members without a value left out; raises as `ask`."""
    body = {name: value for name, value in question.items() if value is not None}
    return await ask(session, "POST", path, answer, content=msgspec.json.encode(body))


async def ask(session: Session, method: str, path: str, answer: type[Answer], **request: Any) -> Answer:
    """What a question is answered with. Raises Retry, or NeedsPerson naming the setting at fault."""
    url = _base(session) + path
    try:
        response = await session.http.request(method, url, headers=_headers(session), **request)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
        raise _not_square(url) from error
    except httpx.TimeoutException as error:
        raise Retry(
            "Square at {host} did not answer in time.", retry_after=_PAUSE_AFTER_FAILURE, where=url, host=_host(url)
        ) from error
    except httpx.TransportError as error:
        raise Retry(
            "Square at {host} cannot be reached.",
            retry_after=_PAUSE_AFTER_FAILURE,
            where=url,
            mend="Check the internet connection; if the address of the API was changed, check that too.",
            host=_host(url),
        ) from error
    return _decoded(response, url, answer)


async def write(session: Session, method: str, path: str, body: Mapping[str, Any], answer: type[Answer]) -> Answer:
    """What a change is answered with.

    Raises Retry when it was certainly not made, LookUpFirst when nobody knows, Refuse when Square will not have it
    (`reason` is its own code for why), NeedsPerson when the token may not make it.
    """
    url = _base(session) + path
    sent = {"content": msgspec.json.encode(body)} if body else {}
    try:
        response = await session.http.request(method, url, headers=_headers(session), **sent)  # type: ignore[arg-type]
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
        raise _not_square(url) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Retry(
            "Square at {host} cannot be reached.", retry_after=_PAUSE_AFTER_FAILURE, where=url, host=_host(url)
        ) from error
    except httpx.TransportError as error:
        raise _nobody_knows(url) from error
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise _nobody_knows(url)
    if response.status_code == httpx.codes.FORBIDDEN:
        raise NeedsPerson(
            "Square accepts the access token, but it may not change customers.",
            field="access_token",
            mend="Give it these permissions: {permissions}.",
            permissions="CUSTOMERS_READ, CUSTOMERS_WRITE",
        )
    if response.status_code in _REFUSED:
        raise _refused(response, url)
    return _decoded(response, url, answer)


_REFUSED = (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY)


def _refused(response: httpx.Response, url: str) -> Refuse:
    problem = _problem(response) or wire.Problem(code=str(response.status_code))
    return Refuse(
        "Square refuses this customer: {reason} {part}.", where=url, reason=problem.code, part=problem.field or ""
    )


def _nobody_knows(url: str) -> LookUpFirst:
    return LookUpFirst(
        "Square at {host} broke off in the middle: whether the change was made must be looked up.",
        where=url,
        host=_host(url),
    )


def _headers(session: Session) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {_token(session)}",
        "Square-Version": VERSION,
        "Accept": "application/json",
        "Content-Type": "application/json",
    }


def _base(session: Session) -> str:
    base = (session.settings.get("base_url") or BASE_URL).strip().rstrip("/").removesuffix("/v2")
    if not base.startswith(("https://", "http://")) or "@" in base:
        # A password in an address must not come back in a message.
        raise _not_square(base.rpartition("@")[2])
    return base


def _token(session: Session) -> str:
    token = session.settings.get("access_token", "").strip()
    # Only these can stand in a header; anything else is a slip in copying.
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NeedsPerson(
            "The access token is empty or holds signs that no access token has.",
            field="access_token",
            mend="Copy it again from Square's developer console.",
        )
    return token


def _host(url: str) -> str:
    return httpx.URL(url).host


def _decoded(response: httpx.Response, url: str, answer: type[Answer]) -> Answer:
    if response.status_code != httpx.codes.OK:
        raise _failure(response, url)
    try:
        return msgspec.json.decode(response.content, type=answer)
    except msgspec.DecodeError as error:
        raise _not_square(url) from error


def _failure(response: httpx.Response, url: str) -> NeedsPerson | Refuse | Retry:
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        asked = retry_after(response.headers.get("Retry-After"))
        pause = _PAUSE_WITHOUT_ADVICE if asked is None else asked
        return Retry(
            "Square asks for a pause: too many questions at once.",
            retry_after=pause,
            asked=asked is not None,
            where=url,
        )
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Retry(
            "Square at {host} is out of order (it answered {status}).",
            retry_after=_PAUSE_AFTER_FAILURE,
            where=url,
            host=_host(url),
            status=response.status_code,
        )
    problem = _problem(response)
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return NeedsPerson(
            "Square does not accept the access token.",
            field="access_token",
            mend="Copy it again from Square's developer console; a sandbox token needs the sandbox's address.",
        )
    if response.status_code == httpx.codes.FORBIDDEN:
        return NeedsPerson(
            "Square accepts the access token, but it may not read all that is needed.",
            field="access_token",
            mend="Give it these permissions: {permissions}.",
            permissions=", ".join(_PERMISSIONS),
        )
    if problem is None:
        return _not_square(url)
    return Refuse(
        "Square refused the question: {reason} {part}.", where=url, reason=problem.code, part=problem.field or ""
    )


def _problem(response: httpx.Response) -> wire.Problem | None:
    try:
        problems = msgspec.json.decode(response.content, type=wire.Problems).errors
    except msgspec.DecodeError:
        return None
    return problems[0] if problems else None


def _not_square(url: str) -> NeedsPerson:
    return NeedsPerson(
        "What answers at {url} is not Square.",
        field="base_url",
        mend="Leave the address of the API empty, or enter {normal}.",
        url=url,
        normal=BASE_URL,
    )
