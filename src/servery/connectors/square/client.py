"""Square over HTTP: signing in, asking for pages, and saying plainly what went wrong."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Raw, Struct

from servery.connectors.contract import Account, Location, Page, Resource, Session, Span
from servery.connectors.square import wire
from servery.errors import NeedsPerson, Refuse, Retry

BASE_URL = "https://connect.squareup.com"
VERSION = "2025-08-20"
"""The Square-Version asked for: by it Square keeps the shape of its answers."""

# Square allows 1,000 orders a page, but its own staff advise 500.
_ORDERS_PER_PAGE = 500
_LOCATIONS_PER_SEARCH = 10
_RECORDS_PER_PAGE = 100
_PERMISSIONS = ("MERCHANT_PROFILE_READ", "ITEMS_READ", "CUSTOMERS_READ", "ORDERS_READ", "PAYMENTS_READ")
_CATALOG_TYPES = ["ITEM", "CATEGORY", "MODIFIER_LIST", "TAX", "IMAGE"]
_PAUSE_WITHOUT_ADVICE = 30.0
_PAUSE_AFTER_FAILURE = 60.0

Answer = TypeVar("Answer")


class _Place(Struct, frozen=True, omit_defaults=True):
    """How far a reading has come: which group of locations, and Square's cursor in it."""

    group: int = 0
    cursor: str | None = None


async def check(session: Session) -> Account:
    """The account the token opens and its active locations, or those of the setting `location`."""
    found = await _get(session, "/v2/locations", wire.Locations)
    merchant = await _get(session, "/v2/merchants/me", wire.MerchantAnswer)
    active = {each.id: each for each in found.locations or () if each.status != "INACTIVE"}
    wanted = [each.strip() for each in session.settings.get("location", "").split(",") if each.strip()]
    for each in wanted:
        if each not in active:
            raise NeedsPerson(
                "This Square account has no active location {location}.",
                field="location",
                mend="Take one of these: {known}.",
                location=each,
                known=", ".join(f"{place.id} ({place.name})" for place in active.values()),
            )
    if not active:
        raise NeedsPerson("This Square account has no active location.", field="access_token")
    chosen = [active[each] for each in wanted] or list(active.values())
    return Account(merchant.merchant.business_name or "Square", tuple(_location(each) for each in chosen))


def _location(place: wire.Location) -> Location:
    name = place.name or place.business_name or place.id
    return Location(external_id=place.id, name=name, time_zone=place.timezone, currency=place.currency)


async def read(session: Session, resource: Resource, account: Account, span: Span | None, token: str | None) -> Page:
    """One page of `catalog`, `customers`, `orders` or `payments`.

    Square includes the end of a span, so that a record on the border comes twice rather than never.
    """
    place = msgspec.json.decode(token, type=_Place) if token else _Place()
    return await _READERS[resource.name](session, account, span, place)


async def _orders(session: Session, account: Account, span: Span | None, place: _Place) -> Page:
    ids = [each.external_id for each in account.locations]
    groups = [ids[start : start + _LOCATIONS_PER_SEARCH] for start in range(0, len(ids), _LOCATIONS_PER_SEARCH)]
    question = {
        "location_ids": groups[place.group],
        "limit": _ORDERS_PER_PAGE,
        "cursor": place.cursor,
        "query": _order_query(span),
    }
    answer = await _post(session, "/v2/orders/search", question, wire.RecordsPage)
    return _page(answer.orders, answer.cursor, place, len(groups))


def _order_query(span: Span | None) -> dict[str, Any]:
    states = {"state_filter": {"states": ["OPEN", "COMPLETED", "CANCELED"]}}
    if span is None:
        return {"filter": states, "sort": {"sort_field": "CREATED_AT", "sort_order": "DESC"}}
    # What happened is wanted newest first; what changed oldest first, so that a break loses no change.
    field, order = ("updated_at", "ASC") if span.axis == "modified" else ("created_at", "DESC")
    return {
        "filter": states | {"date_time_filter": {field: _range(span)}},
        "sort": {"sort_field": field.upper(), "sort_order": order},
    }


def _range(span: Span) -> dict[str, str]:
    return {"start_at": _rfc3339(span.since), "end_at": _rfc3339(span.until)}


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def _payments(session: Session, account: Account, span: Span | None, place: _Place) -> Page:
    # Without a location Square lists the main one only, so each is asked for by itself.
    question = {"location_id": account.locations[place.group].external_id, "limit": str(_RECORDS_PER_PAGE)}
    if place.cursor:
        question["cursor"] = place.cursor
    answer = await _get(session, "/v2/payments", wire.RecordsPage, question | _payment_range(span))
    return _page(answer.payments, answer.cursor, place, len(account.locations))


def _payment_range(span: Span | None) -> dict[str, str]:
    if span is None:
        # Left out, the beginning would be a year ago.
        return {"begin_time": "2009-01-01T00:00:00Z", "sort_order": "DESC"}
    since, until = _rfc3339(span.since), _rfc3339(span.until)
    if span.axis == "occurred":
        return {"begin_time": since, "end_time": until, "sort_order": "DESC"}
    times = {"updated_at_begin_time": since, "updated_at_end_time": until}
    return times | {"sort_field": "UPDATED_AT", "sort_order": "ASC"}


async def _customers(session: Session, account: Account, span: Span | None, place: _Place) -> Page:
    query: dict[str, Any] = {"sort": {"field": "CREATED_AT", "order": "DESC"}}
    if span:
        axis = "updated_at" if span.axis == "modified" else "created_at"
        query["filter"] = {axis: _range(span)}
    question = {"limit": _RECORDS_PER_PAGE, "cursor": place.cursor, "query": query}
    answer = await _post(session, "/v2/customers/search", question, wire.RecordsPage)
    return _page(answer.customers, answer.cursor, place, 1)


async def _catalog(session: Session, account: Account, span: Span | None, place: _Place) -> Page:
    """All of the catalogue as one record: a menu is only right as a whole, and a part has no version of its own."""
    objects: list[Raw] = []
    cursor = latest = None
    while True:
        question = {"object_types": _CATALOG_TYPES, "cursor": cursor}
        answer = await _post(session, "/v2/catalog/search", question, wire.CatalogPage)
        objects.extend(answer.objects or ())
        latest = answer.latest_time or latest
        cursor = answer.cursor
        if not cursor:
            break
    locations = [{"id": each.external_id, "currency": each.currency} for each in account.locations]
    record = {"latest_time": latest, "locations": locations, "objects": objects}
    return Page([Raw(msgspec.json.encode(record))] if latest else [])


_READERS: Mapping[str, Callable[[Session, Account, Span | None, _Place], Awaitable[Page]]] = {
    "catalog": _catalog,
    "customers": _customers,
    "orders": _orders,
    "payments": _payments,
}


def _page(records: Sequence[Raw] | None, cursor: str | None, place: _Place, groups: int) -> Page:
    if cursor:
        follows = _Place(place.group, cursor)
    elif place.group + 1 < groups:
        follows = _Place(place.group + 1)
    else:
        return Page(records or ())
    return Page(records or (), msgspec.json.encode(follows).decode())


async def _get(session: Session, path: str, answer: type[Answer], question: Mapping[str, str] | None = None) -> Answer:
    return await _ask(session, "GET", path, answer, params=question)


async def _post(session: Session, path: str, question: Mapping[str, Any], answer: type[Answer]) -> Answer:
    body = {name: value for name, value in question.items() if value is not None}
    return await _ask(session, "POST", path, answer, content=msgspec.json.encode(body))


async def _ask(session: Session, method: str, path: str, answer: type[Answer], **request: Any) -> Answer:
    url = _base(session) + path
    headers = {
        "Authorization": f"Bearer {_token(session)}",
        "Square-Version": VERSION,
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    try:
        response = await session.http.request(method, url, headers=headers, **request)
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
        pause = _pause(response.headers.get("Retry-After"))
        return Retry("Square asks for a pause: too many questions at once.", retry_after=pause, where=url)
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


def _pause(advice: str | None) -> float:
    """Seconds to wait by a Retry-After header, which gives seconds or a date."""
    if advice is None:
        return _PAUSE_WITHOUT_ADVICE
    if advice.strip().isdecimal():
        return float(advice)
    try:
        until = parsedate_to_datetime(advice)
    except ValueError:
        return _PAUSE_WITHOUT_ADVICE
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _not_square(url: str) -> NeedsPerson:
    return NeedsPerson(
        "What answers at {url} is not Square.",
        field="base_url",
        mend="Leave the address of the API empty, or enter {normal}.",
        url=url,
        normal=BASE_URL,
    )
