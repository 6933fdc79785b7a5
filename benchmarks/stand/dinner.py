"""A book and a till of one restaurant, both played, joined by a worker of its own: what is told on one side is seen."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import httpx
from msgspec import structs

from servery.app import connect as joining
from servery.app.arrive import arrive
from servery.connectors.odoo.simulator import simulator as odoo
from servery.connectors.resos.simulator import simulator as resos
from servery.connectors.square.simulator import simulator as square
from servery.model.changes import GuestSeen, ReservationSeen, revision_at
from servery.model.guest import SourceGuest
from servery.model.menu import Menu, Product, Variant
from servery.model.order import Check, Line, Payment
from servery.model.reservation import Reservation
from servery.model.venue import Table, Venue
from servery.storage.pool import open_pool
from servery.sync import connections
from servery.sync.pace import Rhythm, keep_rhythm
from servery.testing.served import served
from servery.testing.stage import Stage

PATIENCE = 60.0
Found = TypeVar("Found")

_MENU = Menu(
    currency="DKK",
    products=(Product(external_id="RIBEYE", name="Ribeye", variants=(Variant(external_id="V1", price=24500),)),),
)
GUEST = SourceGuest(name="Åse Ødegård", email="aase@example.org", phone="+4520304050", allergies=("Nuts",))


def _stage(location: str) -> Stage:
    tables = tuple(Table(name, 4, "Room", f"T{name}") for name in ("1", "7", "12"))
    venue = Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK", tables=tables)
    stage = Stage(venue, location, "DK", _MENU)
    stage.menu_modified_at = datetime.now(UTC) - timedelta(days=90)
    return stage


class Dinner:
    """Tonight at one restaurant. `book` and `till` are what stands there, `order` and the like what the other knows."""

    def __init__(self, dsn: str, home: Path) -> None:
        self.dsn, self.home = dsn, home
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.book, self.till, self.other = _stage("R1"), _stage("1"), _stage("L1")
        self.odoo = odoo(self.till)
        self.ids: dict[str, int] = {}
        self.urls: dict[str, str] = {}

    def books(self, status: str = "booked", **facts: object) -> Reservation:
        """The guest books for an hour from now, or says something else of it."""
        staged = self.book.reservations.get("B1")
        before = staged.record if staged else Reservation(
            status="booked", starts_at=self.now + timedelta(hours=1), party_size=4, tables=("7",), guest=GUEST,
            requests="By the window", created_at=self.now,
        )  # fmt: skip
        changed = structs.replace(before, status=status, **facts)
        self.book.reservations.put("B1", changed, datetime.now(UTC))
        return changed

    def pays(self) -> None:
        """They have eaten, and pay at the table that they booked."""
        opened = self.now + timedelta(hours=1)
        lines = (Line(name="Ribeye", amount=49000, quantity=Decimal(2), unit_price=24500, product_id="V1"),)
        paid = Check(
            currency="DKK", opened_at=opened, closed_at=opened + timedelta(minutes=50), table="7", covers=3,
            lines=lines, payments=(Payment(amount=49000, tender="card", at=opened + timedelta(minutes=50)),),
        )  # fmt: skip
        self.till.checks.put("C1", paid, datetime.now(UTC), opened)

    def order(self) -> dict[str, object] | None:
        """The open order that the till has on the table, if there is one."""
        return next((dict(row) for row in self.odoo.database.rows("pos.order") if row["state"] == "draft"), None)

    def remarks(self) -> list[str]:
        """What staff read on the booking in the book."""
        answer = httpx.get(f"{self.urls['resos']}/v1/bookings/B1", auth=("sandbox-key", ""))
        return [one["restaurantNote"] for one in answer.json()["restaurantNotes"]]

    def customers(self) -> list[SourceGuest]:
        """The people that the other till, Square's, knows."""
        return [one.record for one in self.other.guests if not one.deleted]

    async def arrives(self, booked: Reservation) -> float:
        """The booking arrives, as a webhook would bring it; when that is done, by the clock."""
        async with open_pool(self.dsn, largest=1) as pool, pool.connection() as db:
            revision = revision_at(datetime.now(UTC))
            places = await connections.places(db, self.ids["resos"])
            seen = ReservationSeen("B1", revision, "R1", structs.replace(booked, guest_id="booking:B1"))
            person = [GuestSeen("booking:B1", revision, booked.guest)] if booked.guest else []
            await arrive(db, self.ids["resos"], places, [*person, seen])
        return time.perf_counter()


@contextmanager
def dinner(dsn: str, home: Path) -> Iterator[Dinner]:
    """The restaurant with its systems joined, and nobody working yet."""
    tonight = Dinner(dsn, home)
    with ExitStack() as running:
        tonight.urls = {
            "resos": running.enter_context(served(resos(tonight.book))),
            "odoo": running.enter_context(served(tonight.odoo)),
            "square": running.enter_context(served(square(tonight.other))),
        }
        asyncio.run(_joined(tonight, tonight.urls))
        yield tonight


async def _joined(tonight: Dinner, urls: dict[str, str]) -> None:
    given = {
        "square": {"base_url": urls["square"], "access_token": "sandbox-token"},
        "odoo": {
            "base_url": urls["odoo"], "database": "restaurant", "login": "servery@example.com",
            "api_key": "sandbox-key", "order_ahead": "900",
        },
        "resos": {"base_url": f"{urls['resos']}/v1", "api_key": "sandbox-key", "time_zone": "Europe/Copenhagen"},
    }  # fmt: skip
    async with open_pool(tonight.dsn, largest=1) as pool:
        for name, settings in given.items():
            async with pool.connection() as db:
                venue = None if name == "square" else "Nord"
                made = await joining.connect(db, tonight.home, name, settings, name=name, venue_name=venue)
                await keep_rhythm(db, made.id, Rhythm())
                tonight.ids[name] = made.id


@contextmanager
def working(tonight: Dinner) -> Iterator[None]:
    """A worker as in production, in a process of its own."""
    environment = {**os.environ, "SERVERY_HOME": str(tonight.home), "SERVERY_DATABASE_URL": tonight.dsn}
    with subprocess.Popen([sys.executable, "-m", "servery", "worker"], env=environment) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def when(seen: Callable[[], Found | None], patience: float = PATIENCE) -> Found:
    """Wait until something is seen; TimeoutError where it never is."""
    until = time.perf_counter() + patience
    while time.perf_counter() < until:
        if (found := seen()) is not None:
            return found
        time.sleep(0.005)
    raise TimeoutError(f"not seen within {patience:.0f} s")
