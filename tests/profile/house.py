"""A small organisation whose records arrive the way real ones do."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from servery.app.arrive import arrive
from servery.model.changes import Change, CheckSeen, GuestSeen, Removed, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.menu import Category, Menu, Product, Variant
from servery.model.order import Check, CheckStatus, Line, Payment, Refund
from servery.model.reservation import Reservation, ReservationStatus
from servery.model.viewer import Role, Viewer
from servery.storage.pool import Connection
from servery.sync import connections

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def viewer(role: Role) -> Viewer:
    return Viewer("person", 1, "Vera Viewer", role)


def ago(days: float, hour: int = 18) -> datetime:
    """An evening so many days before now."""
    return (NOW - timedelta(days=days)).replace(hour=hour)


def dish(name: str, amount: int = 10000, quantity: int = 1, category: str | None = None, **more: object) -> Line:
    return Line(name=name, amount=amount, quantity=Decimal(quantity), category=category, **more)  # type: ignore[arg-type]


class House(Struct):
    """Two systems of one or two venues, ready to say things."""

    db: Connection
    venue_id: int
    other_venue_id: int
    till: int
    book: int
    numbers: Callable[[], int]

    async def arrives(self, connection_id: int, *changes: Change) -> None:
        await arrive(self.db, connection_id, await connections.places(self.db, connection_id), changes)

    async def guest(self, external_id: str = "g1", *, till: bool = False, **said: object) -> int:
        """A guest's record; the id of the guest it is joined to."""
        connection_id = self.till if till else self.book
        record = SourceGuest(**said)  # type: ignore[arg-type]
        await self.arrives(connection_id, GuestSeen(external_id, self.numbers(), record))
        return await self.guest_of(connection_id, external_id)

    async def guest_of(self, connection_id: int, external_id: str) -> int:
        cursor = await self.db.execute(
            "select guest_id from source_guest where connection_id = %s and external_id = %s",
            [connection_id, external_id],
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row["guest_id"])

    async def booking(
        self,
        at: datetime,
        guest: str | None = "g1",
        *,
        status: ReservationStatus = "finished",
        party: int = 2,
        location: str = "main",
        guest_said: SourceGuest | None = None,
        **more: object,
    ) -> str:
        """A booking; `guest_said` is what of the guest is written on it."""
        number = f"r{self.numbers()}"
        booked = Reservation(
            status=status,
            starts_at=at,
            party_size=party,
            guest_id=guest,
            guest=guest_said,
            **more,  # type: ignore[arg-type]
        )
        await self.arrives(self.book, ReservationSeen(number, self.numbers(), location, booked))
        return number

    async def check(
        self,
        at: datetime,
        lines: Sequence[Line],
        guest: str | None = "g1",
        *,
        table: str | None = None,
        covers: int | None = None,
        tip: int = 0,
        refunded: int = 0,
        currency: str = "DKK",
        status: CheckStatus = "closed",
        location: str = "main",
        **more: object,
    ) -> str:
        number = f"c{self.numbers()}"
        total = sum(line.amount for line in lines if not line.void)
        check = Check(
            currency=currency,
            opened_at=at,
            closed_at=at + timedelta(hours=2) if status == "closed" else None,
            status=status,
            guest_id=guest,
            table=table,
            covers=covers,
            lines=tuple(lines),
            payments=(Payment(amount=total, tip=tip),) if status == "closed" else (),
            refunds=(Refund(refunded),) if refunded else (),
            **more,  # type: ignore[arg-type]
        )
        await self.arrives(self.till, CheckSeen(number, self.numbers(), location, check))
        return number

    async def removed(self, connection_id: int, kind: str, external_id: str, into: str | None = None) -> None:
        await self.arrives(connection_id, Removed(external_id, self.numbers(), kind, into))  # type: ignore[arg-type]


MENU = Menu(
    currency="DKK",
    categories=(Category("c1", "Mains"), Category("c2", "Wine"), Category("c3", "Beer")),
    products=(
        Product(external_id="p1", name="Ribeye", category_id="c1", variants=(Variant(external_id="v1"),)),
        Product(
            external_id="p2",
            name="Barolo",
            category_id="c2",
            variants=(Variant(external_id="v2", name="Glass"), Variant(external_id="v3", name="Bottle")),
        ),
        Product(external_id="p3", name="Fanø Ale", category_id="c3", variants=(Variant(external_id="v4"),)),
    ),
)
