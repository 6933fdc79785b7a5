"""What the account holds, as lists to search: each record's times without its body, and bodies drawn once per state."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from operator import is_
from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from servery.connectors.square.simulator import payment, sale
from servery.connectors.square.simulator.answers import Json, rfc3339
from servery.connectors.square.simulator.catalog import sellable
from servery.connectors.square.simulator.paging import Placed
from servery.connectors.square.simulator.people import customer_of, is_listed
from servery.model.guest import SourceGuest
from servery.model.order import Check
from servery.testing.stage import Shelf, Stage, Staged

Axis = Literal["created_at", "updated_at", "closed_at", "name"]
Record = TypeVar("Record")


class Entry(Struct, frozen=True, kw_only=True):
    """One record in a list: its times as shown, what it is searched by, and how to draw its body."""

    id: str
    created_at: str
    updated_at: str
    draw: Callable[[], Json]
    closed_at: str | None = None
    state: str = ""
    customer_id: str | None = None
    guest: SourceGuest | None = None
    reference_id: str | None = None

    @property
    def name(self) -> str | None:
        """What customers are listed by."""
        guest = self.guest
        return f"{guest.given_name or guest.name or ''}\x1f{guest.family_name or ''}".casefold() if guest else None


class Listing(Generic[Record]):
    """The records that a shelf's present state amounts to, by id and sorted by any of their times.

    The stage may change between two requests. A state on it is never altered, only replaced: those seen before are
    kept with the records drawn from them.
    """

    def __init__(self, shelf: Shelf[Record], entries_of: Callable[[Staged[Record]], Iterable[Entry]]) -> None:
        self._shelf = shelf
        self._entries_of = entries_of
        self._seen: list[Staged[Record]] = []
        self._drawn: dict[str, tuple[Staged[Record], tuple[Entry, ...]]] = {}
        self._by_id: dict[str, Entry] = {}
        self._sorted: dict[Axis, list[Placed[Entry]]] = {}
        self._bodies: dict[str, tuple[Entry, bytes]] = {}

    def by(self, axis: Axis) -> list[Placed[Entry]]:
        """All records that have this time, upwards."""
        self._refresh()
        if axis not in self._sorted:
            timed = ((getattr(entry, axis), entry) for entry in self._by_id.values())
            placed = [Placed((at, entry.id), entry) for at, entry in timed if at is not None]
            self._sorted[axis] = sorted(placed, key=lambda each: each.key)
        return self._sorted[axis]

    def get(self, record_id: str) -> Entry | None:
        """The record with this id."""
        self._refresh()
        return self._by_id.get(record_id)

    def body(self, entry: Entry) -> bytes:
        """The record as JSON."""
        kept = self._bodies.get(entry.id)
        if kept is None or kept[0] is not entry:
            kept = self._bodies[entry.id] = (entry, msgspec.json.encode(entry.draw()))
        return kept[1]

    def _refresh(self) -> None:
        present = [staged for staged in self._shelf if not staged.deleted]
        if len(present) == len(self._seen) and all(map(is_, present, self._seen)):
            return
        self._seen = present
        self._drawn = {staged.external_id: (staged, self._entries(staged)) for staged in present}
        self._by_id = {entry.id: entry for _, entries in self._drawn.values() for entry in entries}
        self._sorted = {}

    def _entries(self, staged: Staged[Record]) -> tuple[Entry, ...]:
        kept = self._drawn.get(staged.external_id)
        return kept[1] if kept and kept[0] is staged else tuple(self._entries_of(staged))


class Ledger:
    """The account's orders, payments, refunds and customers."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._till: tuple[int, sale.Till] | None = None
        self.orders = Listing(stage.checks, self._orders)
        self.payments = Listing(stage.checks, self._payments)
        self.refunds = Listing(stage.checks, self._refunds)
        self.customers = Listing(stage.guests, self._customers)
        self.references: dict[str, str | None] = {}
        """Customers' second ids, which a stage does not know."""

    def _orders(self, staged: Staged[Check]) -> Iterator[Entry]:
        """A check's sale, and an order for each refund of it."""
        check = staged.record
        yield Entry(
            id=staged.external_id,
            created_at=rfc3339(staged.created_at),
            updated_at=rfc3339(staged.modified_at),
            closed_at=rfc3339(check.closed_at) if check.closed_at and check.status != "open" else None,
            state=sale.state_of(check),
            customer_id=check.guest_id,
            draw=lambda: sale.order_of(staged, self._present_till()),
        )
        for place in range(len(check.refunds)):
            yield self._return(staged, place)

    def _return(self, staged: Staged[Check], place: int) -> Entry:
        at = rfc3339(payment.refunded_at(staged, place))
        return Entry(
            id=payment.return_order_id(staged, place),
            created_at=at,
            updated_at=rfc3339(staged.modified_at),
            closed_at=at,
            state="COMPLETED",
            customer_id=staged.record.guest_id,
            draw=lambda: payment.return_order_of(staged, place, self._stage.location_id),
        )

    def _payments(self, staged: Staged[Check]) -> Iterator[Entry]:
        for place in range(len(staged.record.payments)):
            draw = payment.payment_of
            yield self._money(staged, payment.payment_id(staged, place), payment.paid_at(staged, place), place, draw)

    def _refunds(self, staged: Staged[Check]) -> Iterator[Entry]:
        for place in range(len(staged.record.refunds)):
            draw = payment.refund_of
            yield self._money(staged, payment.refund_id(staged, place), payment.refunded_at(staged, place), place, draw)

    def _money(
        self,
        staged: Staged[Check],
        record_id: str,
        at: datetime,
        place: int,
        draw: Callable[[Staged[Check], int, str], Json],
    ) -> Entry:
        return Entry(
            id=record_id,
            created_at=rfc3339(at),
            updated_at=rfc3339(staged.modified_at),
            draw=lambda: draw(staged, place, self._stage.location_id),
        )

    def _present_till(self) -> sale.Till:
        stage = self._stage
        if self._till is None or self._till[0] != id(stage.menu):
            self._till = id(stage.menu), sale.Till(stage.location_id, stage.country, sellable(stage))
        return self._till[1]

    def _customers(self, staged: Staged[SourceGuest]) -> Iterator[Entry]:
        guest, reference = staged.record, self.references.get(staged.external_id)
        named = {"reference_id": reference} if reference else {}
        if is_listed(guest):
            yield Entry(
                id=staged.external_id,
                created_at=rfc3339(guest.created_at or staged.created_at),
                updated_at=rfc3339(staged.modified_at),
                guest=guest,
                reference_id=reference,
                draw=lambda: customer_of(staged) | named,
            )
