"""What the account holds, as lists to search: each record's times without its body, and bodies drawn once per state."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from servery.connectors.square.simulator import payment, sale
from servery.connectors.square.simulator.answers import Json, rfc3339, to_milliseconds
from servery.connectors.square.simulator.catalog import sellable
from servery.connectors.square.simulator.paging import Key
from servery.connectors.square.simulator.people import customer_of, customers
from servery.model.guest import SourceGuest
from servery.model.order import Check
from servery.testing.stage import Stage, Staged

Axis = Literal["created_at", "updated_at", "closed_at"]


class Entry(Struct, frozen=True):
    """One record in a list: its times to milliseconds as shown, and how to draw its body."""

    id: str
    created_at: datetime
    updated_at: datetime
    body: Callable[[], bytes]
    closed_at: datetime | None = None
    state: str = ""
    customer_id: str | None = None

    def at(self, axis: Axis) -> datetime | None:
        """Its time on an axis."""
        return {"created_at": self.created_at, "updated_at": self.updated_at, "closed_at": self.closed_at}[axis]


class Placed(Struct, frozen=True):
    """An entry with its place in one sorted list."""

    key: Key
    entry: Entry


def placed(entry: Entry, axis: Axis) -> Placed:
    """An entry to be sorted by one of its times."""
    return Placed((rfc3339(entry.at(axis) or entry.created_at), entry.id), entry)


class Ledger:
    """The account's orders, payments, refunds and customers. Reads the stage anew each time; only bodies are kept."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._bodies: dict[tuple[str, str, int], tuple[int, bytes]] = {}
        self._till: tuple[int, sale.Till] | None = None

    def orders(self, since: datetime | None = None) -> Iterator[Entry]:
        """All orders, or those changed since: each check's sale, and one order for each refund of it."""
        for staged in self._checks(since):
            yield self._sale(staged)
            for place in range(len(staged.record.refunds)):
                yield self._return(staged, place)

    def payments(self, since: datetime | None = None) -> Iterator[Entry]:
        """All payments, or those changed since."""
        for staged in self._checks(since):
            for place in range(len(staged.record.payments)):
                yield self._payment(staged, place)

    def refunds(self) -> Iterator[Entry]:
        """All refunds."""
        for staged in self._checks(None):
            for place in range(len(staged.record.refunds)):
                yield self._refund(staged, place)

    def customers(self) -> Iterator[tuple[Entry, SourceGuest]]:
        """All customers Square would list."""
        for staged in customers(self._stage):
            yield self._customer(staged), staged.record

    def _checks(self, since: datetime | None) -> Iterator[Staged[Check]]:
        found = self._stage.checks if since is None else self._stage.checks.modified(to_milliseconds(since))
        return (staged for staged in found if not staged.deleted)

    def _sale(self, staged: Staged[Check]) -> Entry:
        check = staged.record
        closed = check.closed_at if check.status != "open" else None
        return Entry(
            staged.external_id,
            to_milliseconds(staged.created_at),
            to_milliseconds(staged.modified_at),
            lambda: self._drawn(staged, "order", 0, lambda: sale.order_of(staged, self._present_till())),
            to_milliseconds(closed) if closed else None,
            sale.state_of(check),
            check.guest_id,
        )

    def _return(self, staged: Staged[Check], place: int) -> Entry:
        at = payment.refunded_at(staged, place)
        where = self._stage.location_id
        return Entry(
            payment.return_order_id(staged, place),
            at,
            to_milliseconds(staged.modified_at),
            lambda: self._drawn(staged, "return", place, lambda: payment.return_order_of(staged, place, where)),
            at,
            "COMPLETED",
            staged.record.guest_id,
        )

    def _payment(self, staged: Staged[Check], place: int) -> Entry:
        where = self._stage.location_id
        return Entry(
            payment.payment_id(staged, place),
            payment.paid_at(staged, place),
            to_milliseconds(staged.modified_at),
            lambda: self._drawn(staged, "payment", place, lambda: payment.payment_of(staged, place, where)),
        )

    def _refund(self, staged: Staged[Check], place: int) -> Entry:
        where = self._stage.location_id
        return Entry(
            payment.refund_id(staged, place),
            payment.refunded_at(staged, place),
            to_milliseconds(staged.modified_at),
            lambda: self._drawn(staged, "refund", place, lambda: payment.refund_of(staged, place, where)),
        )

    def _customer(self, staged: Staged[SourceGuest]) -> Entry:
        return Entry(
            staged.external_id,
            to_milliseconds(staged.record.created_at or staged.created_at),
            to_milliseconds(staged.modified_at),
            lambda: self._drawn(staged, "customer", 0, lambda: customer_of(staged)),
        )

    def _drawn(
        self, staged: Staged[Check] | Staged[SourceGuest], kind: str, place: int, draw: Callable[[], Json]
    ) -> bytes:
        name = (kind, staged.external_id, place)
        kept = self._bodies.get(name)
        if kept is None or kept[0] != staged.version:
            kept = self._bodies[name] = (staged.version, msgspec.json.encode(draw()))
        return kept[1]

    def _present_till(self) -> sale.Till:
        stage = self._stage
        if self._till is None or self._till[0] != id(stage.menu):
            self._till = id(stage.menu), sale.Till(stage.location_id, stage.country, sellable(stage))
        return self._till[1]
