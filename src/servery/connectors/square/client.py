"""Square as it is read: the account, pages of what changed, and single records by their ids."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from servery.connectors.contract import Account, Location, Page, Resource, Session, Span
from servery.connectors.square import wire
from servery.connectors.square.calls import get, post
from servery.errors import NeedsPerson, Refuse

# Square allows 1,000 orders a page, but its own staff advise 500.
_ORDERS_PER_PAGE = 500
_LOCATIONS_PER_SEARCH = 10
_RECORDS_PER_PAGE = 100
_CATALOG_TYPES = ["ITEM", "CATEGORY", "MODIFIER_LIST", "TAX", "IMAGE"]


class _Place(Struct, frozen=True, omit_defaults=True):
    """How far a reading has come: which group of locations, and Square's cursor in it."""

    group: int = 0
    cursor: str | None = None


async def check(session: Session) -> Account:
    """The account the token opens and its active locations, or those of the setting `location`."""
    found = await get(session, "/v2/locations", wire.Locations)
    merchant = await get(session, "/v2/merchants/me", wire.MerchantAnswer)
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
    name = merchant.merchant.business_name or "Square"
    return Account(name, tuple(_location(each) for each in chosen), merchant.merchant.id)


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
    answer = await post(session, "/v2/orders/search", question, wire.RecordsPage)
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
    answer = await get(session, "/v2/payments", wire.RecordsPage, question | _payment_range(span))
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
    answer = await post(session, "/v2/customers/search", question, wire.RecordsPage)
    return _page(answer.customers, answer.cursor, place, 1)


async def _catalog(session: Session, account: Account, span: Span | None, place: _Place) -> Page:
    """All of the catalogue as one record: a menu is only right as a whole, and a part has no version of its own."""
    objects: list[Raw] = []
    cursor = latest = None
    while True:
        question = {"object_types": _CATALOG_TYPES, "cursor": cursor}
        answer = await post(session, "/v2/catalog/search", question, wire.CatalogPage)
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


async def fetch(session: Session, resource: Resource, account: Account, ids: Sequence[str]) -> Page:
    """The orders, customers or payments with these ids, as they are now; those that Square does not have are left out.

    What a single record cannot be asked for by, the catalogue, is read whole.
    """
    return await _FETCHERS[resource.name](session, account, ids)


async def _these_orders(session: Session, _: Account, ids: Sequence[str]) -> Page:
    found: list[Raw] = []
    for some in _portions(ids):
        answer = await post(session, "/v2/orders/batch-retrieve", {"order_ids": some}, wire.RecordsPage)
        found += answer.orders or ()
    return Page(found)


async def _these_customers(session: Session, _: Account, ids: Sequence[str]) -> Page:
    found: list[Raw] = []
    for some in _portions(ids):
        answer = await post(session, "/v2/customers/bulk-retrieve", {"customer_ids": some}, wire.CustomersById)
        found += [each.customer for each in (answer.responses or {}).values() if bytes(each.customer)]
    return Page(found)


async def _these_payments(session: Session, _: Account, ids: Sequence[str]) -> Page:
    found: list[Raw] = []
    for each in ids:
        try:
            found.append((await get(session, f"/v2/payments/{quote(each, safe='')}", wire.PaymentAnswer)).payment)
        except Refuse as error:
            if error.params.get("reason") != "NOT_FOUND":
                raise
    return Page(found)


async def _whole_catalog(session: Session, account: Account, _: Sequence[str]) -> Page:
    return await _catalog(session, account, None, _Place())


def _portions(ids: Sequence[str]) -> list[list[str]]:
    return [list(ids[start : start + _RECORDS_PER_PAGE]) for start in range(0, len(ids), _RECORDS_PER_PAGE)]


_FETCHERS: Mapping[str, Callable[[Session, Account, Sequence[str]], Awaitable[Page]]] = {
    "catalog": _whole_catalog,
    "customers": _these_customers,
    "orders": _these_orders,
    "payments": _these_payments,
}
