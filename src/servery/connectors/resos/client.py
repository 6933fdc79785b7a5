"""resOS over HTTP: sign in with the key, ask for pages within its limits, and say in plain words what went wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import msgspec
from msgspec import Raw

from servery.connectors.answers import retry_after
from servery.connectors.contract import Account, Location, Page, Resource, Session, Span
from servery.connectors.resos import wire
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry

BASE_URL = "https://api.resos.com/v1"
PAGE = 100
"""Records in one answer. resOS refuses to give more."""
OVERLAP = 10
"""Records asked for twice where one page ends and the next begins: a booking that is deleted or moved out of the
span meanwhile draws those behind it forward, and without the overlap as many would be skipped."""
RESTAURANT = "restaurant"
"""The location's id where resOS does not name one. A key opens one restaurant only, so it stands for no other."""
RETRY_SECONDS = 30.0

_ORDER = "createdAt:1"
"""Oldest made first, so that a booking made while pages are read joins at the end instead of moving the others."""


async def check(session: Session) -> Account:
    """Prove that the key opens a restaurant. NeedsPerson names the setting at fault, Retry when resOS is away."""
    zone = _time_zone(session)
    await _list(session, "/tables", {})
    name = session.settings.get("restaurant") or "resOS"
    return Account(name, (Location(external_id=await _restaurant(session), name=name, time_zone=zone),))


def _time_zone(session: Session) -> str | None:
    zone = session.settings.get("time_zone")
    if not zone:
        return None
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NeedsPerson(
            "There is no time zone {zone}.", field="time_zone", mend="Take a name such as Europe/Copenhagen.", zone=zone
        ) from error
    return zone


async def _restaurant(session: Session) -> str:
    answer = await _ask(session, "/healthcheck", {})
    if answer.status_code == httpx.codes.NOT_FOUND:
        return RESTAURANT
    # Any other failure is no reason to take the restaurant for one without an id: it would become another venue.
    try:
        told = msgspec.json.decode(_body(session, "/healthcheck", answer))
        return msgspec.convert(told, wire.Health).restaurant_id or RESTAURANT
    except msgspec.ValidationError:
        return RESTAURANT
    except msgspec.DecodeError as error:
        raise _away("resOS at {host} answered {path} with no list; it is asked for again in {seconds} seconds.",
                    session, "/healthcheck") from error  # fmt: skip


async def read(session: Session, resource: Resource, account: Account, span: Span | None, token: str | None) -> Page:
    """One page of tables or bookings. The token is how many bookings to skip."""
    if resource.name == "tables":
        return await _tables(session, account)
    return await _bookings(session, account, span, int(token or 0))


async def _tables(session: Session, account: Account) -> Page:
    tables = await _list(session, "/tables", {})
    return Page((_wrapped(wire.Wrapped(location=account.locations[0].external_id, tables=tables)),))


async def _bookings(session: Session, account: Account, span: Span | None, skip: int) -> Page:
    question = {"limit": str(PAGE), "skip": str(skip), "sort": _ORDER} | _between(span)
    bookings = await _list(session, "/bookings", question)
    place = account.locations[0]
    records = tuple(
        _wrapped(wire.Wrapped(location=place.external_id, time_zone=place.time_zone, booking=booking))
        for booking in bookings
    )
    return Page(records, str(skip + PAGE - OVERLAP) if len(bookings) >= PAGE else None)


def _between(span: Span | None) -> dict[str, str]:
    # Either bound alone is ignored by resOS without a word, so both are sent or none.
    return {"fromDateTime": _utc(span.since), "toDateTime": _utc(span.until)} if span else {}


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wrapped(record: wire.Wrapped) -> Raw:
    return Raw(msgspec.json.encode(record))


async def booking(session: Session, booking_id: str) -> wire.Booking:
    """One booking as it is now. Refuse where resOS has it no more; else raises as `read`."""
    path = f"/bookings/{quote(booking_id, safe='')}"
    answer = await _ask(session, path, {})
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise Refuse("resOS has this booking no more.", code="deleted-there")
    try:
        return msgspec.json.decode(_body(session, path, answer), type=wire.Booking)
    except msgspec.DecodeError as error:
        raise _not_the_api(session) from error


async def write(session: Session, path: str, body: bytes) -> None:
    """Add something. Raises Retry when it was certainly not done, LookUpFirst when nobody knows, else as `read`."""
    url = (session.settings.get("base_url") or BASE_URL).rstrip("/") + path
    key = httpx.BasicAuth(session.settings["api_key"].strip(), "")
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    try:
        answer = await session.http.post(url, content=body, auth=key, headers=headers)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise _not_the_api(session) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise _away("resOS cannot be reached at {host}; {path} is asked for again in {seconds} seconds.",
                    session, path) from error  # fmt: skip
    except httpx.RequestError as error:
        raise _nobody_knows(session) from error
    if answer.is_server_error:
        raise _nobody_knows(session)
    if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY):
        raise Refuse("resOS does not take this remark (HTTP {status}).", status=answer.status_code, code="refused")
    _body(session, path, answer)


def _nobody_knows(session: Session) -> LookUpFirst:
    return LookUpFirst(
        "resOS at {host} broke off in the middle: whether the remark is there must be looked up.", host=_host(session)
    )


async def _list(session: Session, path: str, question: Mapping[str, str]) -> list[Raw]:
    body = await _get(session, path, question)
    try:
        return msgspec.json.decode(body, type=list[Raw])
    except msgspec.DecodeError as error:
        raise _away("resOS at {host} answered {path} with no list; it is asked for again in {seconds} seconds.",
                    session, path) from error  # fmt: skip


async def _get(session: Session, path: str, question: Mapping[str, str]) -> bytes:
    return _body(session, path, await _ask(session, path, question))


def _body(session: Session, path: str, answer: httpx.Response) -> bytes:
    """The JSON that resOS answered with, or why there is none."""
    if answer.status_code in (401, 403):
        raise NeedsPerson(
            "resOS does not accept the API key.", field="api_key",
            mend="Copy it again from resOS: Settings, Apps, API credentials. A deleted key never works again.",
        )  # fmt: skip
    if answer.status_code == 429:
        raise _too_many(session, answer, path)
    if answer.is_server_error:
        raise Retry(
            "resOS at {host} has a fault of its own (HTTP {status}); {path} is asked for again in {seconds} seconds.",
            retry_after=RETRY_SECONDS, host=_host(session), status=answer.status_code, path=path,
            seconds=int(RETRY_SECONDS),
        )  # fmt: skip
    if answer.status_code == 404 or answer.is_redirect or (answer.is_success and not _is_json(answer)):
        raise _not_the_api(session)
    if not answer.is_success:
        raise NeedsPerson(
            "resOS at {host} refused to give {path} (HTTP {status}).", host=_host(session), path=path,
            status=answer.status_code, mend="Ask resOS whether the API is part of your plan.",
        )  # fmt: skip
    return answer.content


async def _ask(session: Session, path: str, question: Mapping[str, str]) -> httpx.Response:
    url = (session.settings.get("base_url") or BASE_URL).rstrip("/") + path
    key = httpx.BasicAuth(session.settings["api_key"].strip(), "")
    try:
        return await session.http.get(url, params=question, auth=key, headers={"Accept": "application/json"})
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise _not_the_api(session) from error
    except httpx.TimeoutException as error:
        raise _away("resOS at {host} did not answer in time; {path} is asked for again in {seconds} seconds.",
                    session, path) from error  # fmt: skip
    except httpx.RequestError as error:
        raise _away("resOS cannot be reached at {host}; {path} is asked for again in {seconds} seconds.",
                    session, path) from error  # fmt: skip


def _away(template: str, session: Session, path: str) -> Retry:
    return Retry(template, retry_after=RETRY_SECONDS, host=_host(session), path=path, seconds=int(RETRY_SECONDS))


def _too_many(session: Session, answer: httpx.Response, path: str) -> Retry:
    # In milliseconds, and not in seconds as RFC 9110 has it.
    asked = retry_after(answer.headers.get("Retry-After"), "milliseconds")
    seconds = RETRY_SECONDS if asked is None else asked
    return Retry(
        "resOS at {host} asks us to wait; {path} is asked for again in {seconds} seconds.",
        retry_after=seconds, asked=asked is not None, host=_host(session), path=path, seconds=round(seconds, 1),
    )  # fmt: skip


def _not_the_api(session: Session) -> NeedsPerson:
    return NeedsPerson(
        "There is no resOS API at {host}.", field="base_url", mend="The address ends in /v1: {example}.",
        host=_host(session), example=BASE_URL,
    )  # fmt: skip


def _is_json(answer: httpx.Response) -> bool:
    kind: str = answer.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip().casefold().endswith("json")


def _host(session: Session) -> str:
    # The host alone: a whole address may hold a password that someone pasted into it.
    try:
        return urlsplit(session.settings.get("base_url") or BASE_URL).hostname or "?"
    except ValueError:
        return "?"
