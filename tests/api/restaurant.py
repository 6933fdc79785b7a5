"""Two venues, a till and a booking system: a few dinners with a bit of everything that the API shows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from servery.app.arrive import arrive
from servery.app.hygiene import tidy
from servery.guests.matching.work import leave, look
from servery.health.findings import Finding
from servery.health.repairs import settle
from servery.inbox.receive import Arrival, keep
from servery.model.changes import (
    Change,
    CheckSeen,
    GuestSeen,
    MenuSeen,
    ReservationSeen,
    TablesSeen,
)
from servery.model.guest import SourceGuest
from servery.model.menu import Category, Menu, ModifierGroup, Option, Product, Variant
from servery.model.order import Check, Discount, Line, Order, Payment, Tax
from servery.model.reservation import Deposit, Reservation
from servery.model.venue import Table, Venue
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection, open_pool
from servery.sync.connections import add_connection, link_location, places
from servery.venues.rows import add_venue

EVENING = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
FORMULA = '=HYPERLINK("http://example.com","free wine")'


async def fill(dsn: str) -> None:
    """Take it all in."""
    async with open_pool(dsn, largest=1) as pool, pool.connection() as db:
        havn = await add_venue(db, Venue(name="Havn", time_zone="Europe/Copenhagen", currency="DKK"))
        await add_venue(db, Venue(name="Åen", time_zone="Europe/Copenhagen", currency="DKK"))
        bookings = await add_connection(db, "bookings", "resos", {"url": "https://example.com"}, None)
        till = await add_connection(db, "till", "square", {}, None)
        for connection in (bookings, till):
            await link_location(db, connection, "L", havn)
        await take_in(db, bookings, [_anna("b-anna"), _formula(), *_bookings()])
        await take_in(db, till, [_anna("t-anna"), _menu(), _tables(), *_checks()])
        disk = {"free": "1.2 GB", "size": "20.0 GB"}
        await settle(db, [Finding(cause="disk", kind="disk_low", since=EVENING, params=disk)], EVENING)
        await keep(db, [event(till, "e1"), event(till, "e2"), event(bookings, "e3")])
        await tidy(db)
        looked = await look(db, SYSTEM)
        assert looked
        await leave(db, looked.id)


def event(connection: int, key: str) -> Arrival:
    """Something that came and waits for its turn: it tells of Anna."""
    body = b'{"customer": "t-anna", "email": "anna@example.com"}'
    return Arrival(connection_id=connection, connector="square", kind="customer", key=key, headers={}, body=body)


async def take_in(db: Connection, connection: int, changes: list[Change]) -> None:
    """Through every room, as what arrives goes."""
    await arrive(db, connection, await places(db, connection), changes)


def booking(external_id: str, at: datetime, revision: int = 1, **facts: Any) -> ReservationSeen:
    """A booking at the first venue."""
    told: dict[str, Any] = {"status": "booked", "party_size": 2} | facts
    return ReservationSeen(external_id, revision, "L", Reservation(starts_at=at, **told))


def _anna(external_id: str) -> GuestSeen:
    guest = SourceGuest(
        name="Anna Østergård", email="anna@example.com", phone="+45 20 12 34 56", city="Aarhus", vip=True,
        allergies=("nuts",), preferences=("by the window",),
    )  # fmt: skip
    return GuestSeen(external_id, 1, guest)


def _formula() -> GuestSeen:
    return GuestSeen("b-formula", 1, SourceGuest(name=FORMULA, email="formula@example.com"))


def _bookings() -> list[Change]:
    return [
        booking(
            "r-1", EVENING, status="finished", tables=("7",), guest_id="b-anna", requests="a quiet table",
            notes="bring the old menu", deposit=Deposit(50000, "DKK", "paid"),
            guest=SourceGuest(name="Anna Østergård", email="anna@example.com", allergies=("nuts",)),
        ),
        booking("r-2", EVENING + timedelta(hours=1), guest_id="b-formula", guest=SourceGuest(name=FORMULA)),
        booking("r-3", EVENING + timedelta(days=1), status="cancelled", party_size=6, guest_id="b-anna"),
    ]  # fmt: skip


def _checks() -> list[Change]:
    steak = Line(
        name="Ribeye", amount=29500, quantity=Decimal("1"), unit_price=29500, external_id="1", note="no nuts!",
        modifiers=(Line(name="Bearnaise", amount=2500),), discounts=(Discount("Friends", 1000),),
    )  # fmt: skip
    wine = Line(name="Barolo", amount=18000, quantity=Decimal("1.5"), external_id="2")
    joined = Check(
        currency="DKK", opened_at=EVENING + timedelta(minutes=5), closed_at=EVENING + timedelta(hours=2), table="7",
        covers=2, guest_id="t-anna", lines=(steak, wine), taxes=(Tax("Moms", 9800, included=True, rate=Decimal(25)),),
        payments=(Payment(amount=49000, tender="card", tip=5000, card="tok_secret"),),
        order=Order(external_id="o-1", service_mode="dine_in"),
    )  # fmt: skip
    refund = Check(currency="DKK", opened_at=EVENING + timedelta(hours=3), lines=(Line(name="-5 kr", amount=-500),))
    return [CheckSeen("c-1", 1, "L", joined), CheckSeen("c-2", 1, "L", refund)]


def _menu() -> MenuSeen:
    ribeye = Product(external_id="p-1", name="Ribeye", category_id="mains", variants=(
        Variant(external_id="v-1", price=29500, modifier_groups=("sauces",)),
    ))  # fmt: skip
    sauces = ModifierGroup(external_id="sauces", name="Sauces", options=(
        Option(external_id="o-1", name="Bearnaise", price=2500),
    ))  # fmt: skip
    menu = Menu(currency="DKK", categories=(Category("mains", "Mains"),), products=(ribeye,), modifier_groups=(sauces,))
    return MenuSeen("menu", 1, "L", menu)


def _tables() -> TablesSeen:
    return TablesSeen("tables", 1, "L", (Table("7", seats=2, area="Window"), Table("12", seats=6)))
