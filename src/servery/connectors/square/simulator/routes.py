"""Square's operations over the ledger: each takes a question and gives a JSON body."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import get_args

import msgspec

from servery.connectors.square.simulator import questions as ask
from servery.connectors.square.simulator.answers import Json, bad, instant, not_found, rfc3339
from servery.connectors.square.simulator.catalog import modified_at, objects_of
from servery.connectors.square.simulator.ledger import Axis, Entry, Ledger, Placed, placed
from servery.connectors.square.simulator.paging import Key, page
from servery.connectors.square.simulator.people import location_of, merchant_id, merchant_of
from servery.model.guest import SourceGuest
from servery.testing.stage import Stage

_AXES: tuple[Axis, ...] = get_args(Axis)
_YEAR = timedelta(days=365)
_MOMENT = timedelta(milliseconds=1)
_PER_PAGE = 100


class _Object(msgspec.Struct, frozen=True):
    key: Key
    shown: Json


class Routes:
    """What the account answers. `now` is the clock that Square's defaults are told by."""

    def __init__(self, stage: Stage, now: Callable[[], datetime]) -> None:
        self._stage = stage
        self._now = now
        self._ledger = Ledger(stage)

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
        axis, span = _order_times(query)
        found = self._ledger.orders(span[0] if axis == "updated_at" else None)
        matching = [placed(each, axis) for each in found if _within(each, axis, span) and _wanted(each, query.filter)]
        descending = query.sort is None or query.sort.sort_order != "ASC"
        shown, cursor = page(matching, [question.location_ids, query], question.cursor, limit, descending)
        if question.return_entries:
            place = self._stage.location_id
            entries = [{"order_id": each.entry.id, "location_id": place} for each in shown]
            return _json({"order_entries": entries} | ({"cursor": cursor} if cursor else {}))
        return _listed("orders", shown, cursor)

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
        return b'{"order":' + _one(self._ledger.orders(), order_id, "Order").body() + b"}"

    def orders(self, question: ask.RetrieveOrders) -> bytes:
        """POST /v2/orders/batch-retrieve; ids that do not exist are left out."""
        if len(question.order_ids) > _PER_PAGE:
            raise bad("ARRAY_LENGTH_TOO_LONG", "At most 100 orders are allowed.", "order_ids")
        wanted = set(question.order_ids)
        return _listed("orders", [placed(each, "created_at") for each in self._ledger.orders() if each.id in wanted])

    def payments(self, question: ask.ListPayments) -> bytes:
        """GET /v2/payments."""
        since = (
            instant(question.updated_at_begin_time, "updated_at_begin_time") if question.updated_at_begin_time else None
        )
        return self._money("payments", question, list(self._ledger.payments(since)))

    def payment(self, payment_id: str) -> bytes:
        """GET /v2/payments/{id}."""
        return b'{"payment":' + _one(self._ledger.payments(), payment_id, "Payment").body() + b"}"

    def refunds(self, question: ask.ListRefunds) -> bytes:
        """GET /v2/refunds."""
        found = self._ledger.refunds() if question.status in (None, "COMPLETED") else ()
        return self._money("refunds", question, list(found))

    def _money(self, name: str, question: ask.ListPayments, entries: Iterable[Entry]) -> bytes:
        if question.location_id not in (None, self._stage.location_id):
            raise bad("INVALID_VALUE", "The location is not of this account.", "location_id")
        axis: Axis = "updated_at" if question.sort_field == "UPDATED_AT" else "created_at"
        # Without a beginning Square looks back one year.
        begin = question.begin_time or rfc3339(self._now() - _YEAR)
        created = _span(ask.Range(begin, question.end_time), "time")
        updated = _span(ask.Range(question.updated_at_begin_time, question.updated_at_end_time), "updated_at_time")
        found = [each for each in entries if _within(each, "created_at", created)]
        matching = [placed(each, axis) for each in found if _within(each, "updated_at", updated)]
        query = msgspec.structs.replace(question, cursor=None, limit=None)
        # A limit out of bounds is not refused but forgotten.
        limit = question.limit if question.limit and 0 < question.limit <= _PER_PAGE else _PER_PAGE
        return _listed(name, *page(matching, query, question.cursor, limit, question.sort_order != "ASC"))

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
        found = [
            (entry, guest) for entry, guest in self._ledger.customers() if _is_asked_for(entry, guest, query.filter)
        ]
        by_time = sort.field == "CREATED_AT"
        matching = [placed(entry, "created_at") if by_time else _by_name(entry, guest) for entry, guest in found]
        shown, cursor = page(matching, query, question.cursor, limit, sort.order == "DESC")
        return _listed("customers", shown, cursor, len(found) if question.count else None)

    def customer(self, customer_id: str) -> bytes:
        """GET /v2/customers/{id}."""
        found = _one((entry for entry, _ in self._ledger.customers()), customer_id, "Customer")
        return b'{"customer":' + found.body() + b"}"

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
        placed_objects = [_Object((f"{place:08}", each["id"]), each) for place, each in enumerate(found)]
        shown, follows = page(placed_objects, ["catalog", types], cursor, limit, descending=False)
        answer: Json = {"objects": [each.shown for each in shown]} if shown else {}
        return answer | ({"cursor": follows} if follows else {})


def _json(body: Json) -> bytes:
    return msgspec.json.encode(body)


def _listed(name: str, shown: Sequence[Placed], cursor: str = "", count: int | None = None) -> bytes:
    parts = []
    if shown:
        parts.append(b'"%s":[%s]' % (name.encode(), b",".join(each.entry.body() for each in shown)))
    if cursor:
        parts.append(b'"cursor":' + msgspec.json.encode(cursor))
    if count is not None:
        parts.append(b'"count":%d' % count)
    return b"{" + b",".join(parts) + b"}"


def _one(entries: Iterable[Entry], wanted: str, what: str) -> Entry:
    found = next((each for each in entries if each.id == wanted), None)
    if found is None:
        raise not_found(what)
    return found


def _limit(asked: int | None, default: int, maximum: int) -> int:
    if asked is None:
        return default
    if asked < 1:
        raise bad("VALUE_TOO_LOW", "`limit` must be at least 1.", "limit")
    if asked > maximum:
        raise bad("VALUE_TOO_HIGH", f"`limit` must be at most {maximum}.", "limit")
    return asked


Between = tuple[datetime | None, datetime | None]


def _span(times: ask.Range, field: str) -> Between:
    since = instant(times.start_at, f"{field}.start_at") if times.start_at else None
    until = instant(times.end_at, f"{field}.end_at") if times.end_at else None
    if since and until and until < since:
        raise bad("INVALID_TIME_RANGE", "The range ends before it begins.", field)
    return since, until


def _within(entry: Entry, axis: Axis, span: Between) -> bool:
    since, until = span
    if since is None and until is None:
        return True
    at = entry.at(axis)
    # A bound between two milliseconds is met by the one it cuts.
    return at is not None and (since is None or at > since - _MOMENT) and (until is None or at <= until)


def _order_times(query: ask.OrderQuery) -> tuple[Axis, Between]:
    times = (query.filter.date_time_filter if query.filter else None) or ask.Times()
    given: dict[Axis, ask.Range] = {axis: span for axis in _AXES if (span := getattr(times, axis))}
    sorted_by: Axis = query.sort.sort_field.lower() if query.sort else "created_at"  # type: ignore[assignment]
    if len(given) > 1:
        raise bad("BAD_REQUEST", "Only one time range is allowed.", "query.filter.date_time_filter")
    if not given:
        return sorted_by, (None, None)
    [(axis, span)] = given.items()
    if query.sort is None or sorted_by != axis:
        raise bad("BAD_REQUEST", f"To filter by {axis}, sort by it too.", "query.sort.sort_field")
    return axis, _span(span, f"query.filter.date_time_filter.{axis}")


def _wanted(entry: Entry, wish: ask.OrderFilter | None) -> bool:
    if wish is None:
        return True
    if wish.state_filter and entry.state not in wish.state_filter.states:
        return False
    ids = wish.customer_filter.customer_ids if wish.customer_filter else None
    return not ids or entry.customer_id in ids


def _is_asked_for(entry: Entry, guest: SourceGuest, wish: ask.CustomerFilter | None) -> bool:
    if wish is None:
        return True
    for axis, times in (("created_at", wish.created_at), ("updated_at", wish.updated_at)):
        if times and not _within(entry, axis, _span(times, axis)):  # type: ignore[arg-type]
            return False
    return _says(guest.email, wish.email_address) and _says(guest.phone, wish.phone_number)


def _says(text: str | None, wish: ask.Text | None) -> bool:
    if wish is None:
        return True
    known = (text or "").casefold()
    if wish.exact is not None:
        return known == wish.exact.casefold()
    return (wish.fuzzy or "").casefold() in known


def _by_name(entry: Entry, guest: SourceGuest) -> Placed:
    name = f"{guest.given_name or guest.name or ''}\x1f{guest.family_name or ''}".casefold()
    return Placed((name, entry.id), entry)
