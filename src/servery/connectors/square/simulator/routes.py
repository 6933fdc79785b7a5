"""Square's operations over the ledger: each takes a question and gives a JSON body."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from servery.connectors.square.simulator import questions as ask
from servery.connectors.square.simulator.answers import Json, bad, instant, not_found, rfc3339
from servery.connectors.square.simulator.catalog import modified_at, objects_of
from servery.connectors.square.simulator.changes import Changes
from servery.connectors.square.simulator.ledger import Axis, Entry, Ledger, Listing
from servery.connectors.square.simulator.paging import Placed, Wish, page
from servery.connectors.square.simulator.people import location_of, merchant_id, merchant_of
from servery.testing.stage import Stage

_AXES: tuple[Axis, ...] = ("created_at", "updated_at", "closed_at")
_YEAR = timedelta(days=365)
_PER_PAGE = 100
_EVER = ("", "\U0010ffff")


class Routes:
    """What the account answers. `now` is the clock that Square's defaults are told by."""

    def __init__(self, stage: Stage, now: Callable[[], datetime]) -> None:
        self._stage = stage
        self._now = now
        self._ledger = Ledger(stage)
        self.changes = Changes(stage, self._ledger, now)

    def locations(self) -> bytes:
        """GET /v2/locations."""
        return _json({"locations": [location_of(self._stage)]})

    def location(self, location_id: str) -> bytes:
        """GET /v2/locations/{id}; `main` is the only one there is."""
        if location_id not in (self._stage.location_id, "main"):
            raise not_found("Location")
        return _json({"location": location_of(self._stage)})

    def merchants(self) -> bytes:
        """GET /v2/merchants."""
        return _json({"merchant": [merchant_of(self._stage)]})

    def merchant(self, wanted: str) -> bytes:
        """GET /v2/merchants/{id}; `me` is the account of the token."""
        if wanted not in (merchant_id(self._stage), "me"):
            raise not_found("Merchant")
        return _json({"merchant": merchant_of(self._stage)})

    def search_orders(self, question: ask.SearchOrders) -> bytes:
        """POST /v2/orders/search."""
        self._know(question.location_ids)
        limit = _limit(question.limit, 500, 1000)
        query = question.query or ask.OrderQuery()
        axis, (since, until) = _order_times(query)
        wish = Wish[Entry](
            query=[question.location_ids, query],
            limit=limit,
            cursor=question.cursor,
            since=since,
            until=until,
            wanted=lambda entry: _order_wanted(entry, query.filter),
            descending=query.sort is None or query.sort.sort_order != "ASC",
        )
        shown, cursor = page(self._ledger.orders.by(axis), wish)
        if question.return_entries:
            place = self._stage.location_id
            entries = [{"order_id": each.id, "location_id": place} for each in shown]
            return _json({"order_entries": entries} | ({"cursor": cursor} if cursor else {}))
        return _listed("orders", self._ledger.orders, shown, cursor)

    def _know(self, location_ids: Sequence[str] | None) -> None:
        if not location_ids:
            raise bad("MISSING_REQUIRED_PARAMETER", "At least one location is required.", "location_ids")
        if len(location_ids) > 10:
            raise bad("ARRAY_LENGTH_TOO_LONG", "At most 10 locations are allowed.", "location_ids")
        for each in location_ids:
            if each != self._stage.location_id:
                raise bad("INVALID_VALUE", f"Location `{each}` is not of this account.", "location_ids")

    def order(self, order_id: str) -> bytes:
        """GET /v2/orders/{id}."""
        return _one("order", self._ledger.orders, order_id)

    def orders(self, question: ask.RetrieveOrders) -> bytes:
        """POST /v2/orders/batch-retrieve; ids that do not exist are left out."""
        if len(question.order_ids) > _PER_PAGE:
            raise bad("ARRAY_LENGTH_TOO_LONG", "At most 100 orders are allowed.", "order_ids")
        found = [entry for each in question.order_ids if (entry := self._ledger.orders.get(each))]
        return _listed("orders", self._ledger.orders, found)

    def payments(self, question: ask.ListPayments) -> bytes:
        """GET /v2/payments."""
        return self._money("payments", self._ledger.payments, question)

    def payment(self, payment_id: str) -> bytes:
        """GET /v2/payments/{id}."""
        return _one("payment", self._ledger.payments, payment_id)

    def refunds(self, question: ask.ListRefunds) -> bytes:
        """GET /v2/refunds; here all of them are complete."""
        if question.status not in (None, "COMPLETED"):
            return b"{}"
        return self._money("refunds", self._ledger.refunds, question)

    def _money(self, name: str, listing: Listing[Any], question: ask.ListPayments) -> bytes:
        if question.location_id not in (None, self._stage.location_id):
            raise bad("INVALID_VALUE", "The location is not of this account.", "location_id")
        # Without a beginning Square looks back one year.
        begin = question.begin_time or rfc3339(self._now() - _YEAR)
        created = _span(ask.Range(begin, question.end_time), "time")
        updated = _span(ask.Range(question.updated_at_begin_time, question.updated_at_end_time), "updated_at_time")
        by_update = question.sort_field == "UPDATED_AT"
        since, until = updated if by_update else created
        wish = Wish[Entry](
            query=[name, msgspec.structs.replace(question, cursor=None, limit=None)],
            # A limit out of bounds is not refused but forgotten.
            limit=question.limit if question.limit and 0 < question.limit <= _PER_PAGE else _PER_PAGE,
            cursor=question.cursor,
            since=since,
            until=until,
            wanted=lambda entry: _in(entry.created_at, created) and _in(entry.updated_at, updated),
            descending=question.sort_order != "ASC",
        )
        return _listed(name, listing, *page(listing.by("updated_at" if by_update else "created_at"), wish))

    def list_customers(self, question: ask.ListCustomers) -> bytes:
        """GET /v2/customers."""
        sort = ask.CustomerSort(question.sort_field, question.sort_order)
        asked = ask.SearchCustomers(question.cursor, question.limit, ask.CustomerQuery(sort=sort), question.count)
        return self.search_customers(asked)

    def search_customers(self, question: ask.SearchCustomers) -> bytes:
        """POST /v2/customers/search."""
        limit = _limit(question.limit, _PER_PAGE, _PER_PAGE)
        query = question.query or ask.CustomerQuery()
        sort = query.sort or ask.CustomerSort()
        customers = self._ledger.customers
        wanted = _customer_filter(query.filter or ask.CustomerFilter())
        ordered = customers.by("created_at" if sort.field == "CREATED_AT" else "name")
        wish = Wish[Entry](query, limit, question.cursor, wanted=wanted, descending=sort.order == "DESC")
        count = sum(wanted(each.item) for each in ordered) if question.count else None
        return _listed("customers", customers, *page(ordered, wish), count)

    def customer(self, customer_id: str) -> bytes:
        """GET /v2/customers/{id}."""
        return _one("customer", self._ledger.customers, customer_id)

    def list_catalog(self, question: ask.ListCatalog) -> bytes:
        """GET /v2/catalog/list."""
        types = tuple(each.strip().upper() for each in question.types.split(",")) if question.types else None
        return _json(self._catalog(types, question.cursor, _PER_PAGE))

    def search_catalog(self, question: ask.SearchCatalog) -> bytes:
        """POST /v2/catalog/search."""
        limit = _limit(question.limit, _PER_PAGE, 1000)
        latest = {"latest_time": rfc3339(modified_at(self._stage))}
        since = instant(question.begin_time, "begin_time") if question.begin_time else None
        if since and modified_at(self._stage) <= since:
            return _json(latest)
        return _json(self._catalog(question.object_types, question.cursor, limit) | latest)

    def _catalog(self, types: tuple[str, ...] | None, cursor: str | None, limit: int) -> Json:
        found = [each for each in objects_of(self._stage) if types is None or each["type"] in types]
        ordered = [Placed((f"{place:08}", each["id"]), each) for place, each in enumerate(found)]
        shown, follows = page(ordered, Wish(["catalog", types], limit, cursor))
        return ({"objects": shown} if shown else {}) | ({"cursor": follows} if follows else {})


def _json(body: Json) -> bytes:
    return msgspec.json.encode(body)


def _listed(
    name: str, listing: Listing[Any], shown: Sequence[Entry], cursor: str = "", count: int | None = None
) -> bytes:
    parts = []
    if shown:
        parts.append(b'"%s":[%s]' % (name.encode(), b",".join(map(listing.body, shown))))
    if cursor:
        parts.append(b'"cursor":' + msgspec.json.encode(cursor))
    if count is not None:
        parts.append(b'"count":%d' % count)
    return b"{" + b",".join(parts) + b"}"


def _one(name: str, listing: Listing[Any], wanted: str) -> bytes:
    entry = listing.get(wanted)
    if entry is None:
        raise not_found(name.capitalize())
    return b'{"%s":%s}' % (name.encode(), listing.body(entry))


def _limit(asked: int | None, default: int, maximum: int) -> int:
    if asked is None:
        return default
    if asked < 1:
        raise bad("VALUE_TOO_LOW", "`limit` must be at least 1.", "limit")
    if asked > maximum:
        raise bad("VALUE_TOO_HIGH", f"`limit` must be at most {maximum}.", "limit")
    return asked


Between = tuple[str, str]
"""Two times as Square writes them, both included; as text they sort as they do as times."""


def _span(times: ask.Range, field: str) -> Between:
    since = rfc3339(instant(times.start_at, f"{field}.start_at")) if times.start_at else _EVER[0]
    until = rfc3339(instant(times.end_at, f"{field}.end_at")) if times.end_at else _EVER[1]
    if until < since:
        raise bad("INVALID_TIME_RANGE", "The range ends before it begins.", field)
    return since, until


def _in(at: str, span: Between) -> bool:
    return span[0] <= at <= span[1]


def _order_times(query: ask.OrderQuery) -> tuple[Axis, Between]:
    times = (query.filter.date_time_filter if query.filter else None) or ask.Times()
    given: dict[Axis, ask.Range] = {axis: span for axis in _AXES if (span := getattr(times, axis))}
    wanted = query.sort.sort_field.lower() if query.sort else "created_at"
    sorted_by = next(axis for axis in _AXES if axis == wanted)
    if len(given) > 1:
        raise bad("BAD_REQUEST", "Only one time range is allowed.", "query.filter.date_time_filter")
    if not given:
        return sorted_by, _EVER
    [(axis, span)] = given.items()
    if query.sort is None or sorted_by != axis:
        raise bad("BAD_REQUEST", f"To filter by {axis}, sort by it too.", "query.sort.sort_field")
    return axis, _span(span, f"query.filter.date_time_filter.{axis}")


def _order_wanted(entry: Entry, wish: ask.OrderFilter | None) -> bool:
    if wish is None:
        return True
    if wish.state_filter and entry.state not in wish.state_filter.states:
        return False
    ids = wish.customer_filter.customer_ids if wish.customer_filter else None
    return not ids or entry.customer_id in ids


def _customer_filter(wish: ask.CustomerFilter) -> Callable[[Entry], bool]:
    created = _span(wish.created_at, "query.filter.created_at") if wish.created_at else _EVER
    updated = _span(wish.updated_at, "query.filter.updated_at") if wish.updated_at else _EVER

    def wanted(entry: Entry) -> bool:
        guest = entry.guest
        if guest is None or not _in(entry.created_at, created) or not _in(entry.updated_at, updated):
            return False
        named = _says(entry.reference_id, wish.reference_id)
        return named and _says(guest.email, wish.email_address) and _says(guest.phone, wish.phone_number)

    return wanted


def _says(text: str | None, wish: ask.Text | None) -> bool:
    if wish is None:
        return True
    known = (text or "").casefold()
    if wish.exact is not None:
        return known == wish.exact.casefold()
    return (wish.fuzzy or "").casefold() in known
