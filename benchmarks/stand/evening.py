"""A busy evening in many restaurants at once: what their tills send, and the processes that send it and take it in.

The records are as Square writes them, one event for each state of a check: opened, ordered again, paid, closed.
They come whole, as from a system that pushes its records: what fetching costs is the vendor's, not ours.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psutil
from msgspec import Raw, Struct, structs

from servery.app import incoming, worker
from servery.app.arrive import arrive
from servery.connectors import registry
from servery.connectors.contract import Heard
from servery.inbox.receive import Arrival, keep
from servery.model.changes import Change, ReservationSeen
from servery.model.reservation import Reservation
from servery.model.venue import Venue
from servery.settings import read_settings
from servery.storage.pool import Pool, open_pool
from servery.sync import connections
from servery.venues.rows import add_venue

CONNECTIONS = 4
LOCATIONS = 5
"""Restaurants of each connection."""
BOOKINGS = 60
STATES = 7
"""Events of one check in its life; between them, other checks have theirs."""
_TICK = 0.02
_LINES = 8


class House(Struct, frozen=True):
    """The restaurants: each connection with its locations."""

    connections: dict[int, list[str]]


async def founded(pool: Pool) -> House:
    """Restaurants with a full book tonight."""
    found: dict[int, list[str]] = {}
    async with pool.connection() as db:
        for number in range(CONNECTIONS):
            till = await connections.add_connection(db, f"till {number}", "square", {}, None)
            book = await connections.add_connection(db, f"book {number}", "resos", {}, None)
            found[till] = [f"L{number}{place}" for place in range(LOCATIONS)]
            for location in found[till]:
                venue = Venue(name=f"Restaurant {location}", time_zone="Europe/Copenhagen", currency="DKK")
                venue_id = await add_venue(db, venue)
                await connections.link_location(db, till, location, venue_id)
                await connections.link_location(db, book, location, venue_id)
            booked = [_booking(location, one) for location in found[till] for one in range(BOOKINGS)]
            await arrive(db, book, await connections.places(db, book), booked)
    return House(found)


def _booking(location: str, number: int) -> Change:
    starts = evening() + timedelta(minutes=15 * (number % 16))
    booked = Reservation(status="booked", starts_at=starts, party_size=2 + number % 5, tables=(str(1 + number % 40),))
    return ReservationSeen(f"{location}-{number}", 1, location, booked)


def evening() -> datetime:
    """17:00 UTC of the day on which it is noon now or was last."""
    return datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0)


def arrivals(house: House, checks: int, seed: int = 1, again: int = 0) -> Iterator[Arrival]:
    """The events of so many checks of each restaurant, as they mingle in an evening.

    `again` tells of the same checks once more, hours later.
    """
    draw = Random(seed)
    places = [(till, location) for till, found in house.connections.items() for location in found]
    lives = [
        (one + state * draw.uniform(5, 60), one, state, *place)
        for place in places
        for one in range(checks)
        for state in range(STATES)
    ]
    for at, one, state, till, location in sorted(lives):
        yield _arrival(till, location, one, state, evening() + timedelta(hours=again, seconds=30 * at), seed)


def _arrival(till: int, location: str, number: int, state: int, at: datetime, seed: int) -> Arrival:
    kind, record = _event(f"{location}-{seed}-{number}", location, number, state, at)
    body = msgspec.json.encode(record)
    return Arrival(
        connection_id=till, connector="square", kind=kind, key=f"{kind}-{seed}-{location}-{number}-{state}-{at:%d%H}",
        headers={}, body=body,
    )  # fmt: skip


def _event(name: str, location: str, number: int, state: int, at: datetime) -> tuple[str, dict[str, Any]]:
    guest = f"G{number % 400}-{location}"
    if state == 0 and number % 3 == 0:
        return "customers", {
            "id": guest, "created_at": _time(evening()), "updated_at": _time(at), "given_name": f"Ida{number % 97}",
            "family_name": f"Holm{number % 400}", "email_address": f"{guest.lower()}@example.org",
            "phone_number": f"+45 28 {number % 100:02} {number % 89:02} {number % 97:02}",
        }  # fmt: skip
    if state == STATES - 2:
        return "payments", {
            "id": f"P{name}", "created_at": _time(at), "updated_at": _time(at), "location_id": location,
            "amount_money": _money(10_000 * _LINES), "total_money": _money(10_000 * _LINES), "status": "COMPLETED",
            "source_type": "CARD", "order_id": name, "customer_id": guest,
            "card_details": {"status": "CAPTURED", "card": {"card_brand": "VISA", "last_4": "1111"}},
        }  # fmt: skip
    return "orders", _order(name, location, guest, number, state, at)


def _order(name: str, location: str, guest: str, number: int, state: int, at: datetime) -> dict[str, Any]:
    lines = min(_LINES, 2 * (state + 1))
    total = 10_000 * lines
    return {
        "id": name, "location_id": location, "created_at": _time(evening() + timedelta(minutes=number % 240)),
        "updated_at": _time(at), "state": "COMPLETED" if state == STATES - 1 else "OPEN", "version": state + 1,
        "ticket_name": f"T{1 + number % 40}", "customer_id": guest if number % 2 else None,
        **({"closed_at": _time(at)} if state == STATES - 1 else {}),
        "line_items": [_line(one) for one in range(lines)], "total_money": _money(total),
        "total_tax_money": _money(total // 5), "total_discount_money": _money(0), "total_tip_money": _money(0),
        "total_service_charge_money": _money(0), "source": {"name": "Point of Sale"},
    }  # fmt: skip


def _line(one: int) -> dict[str, Any]:
    return {
        "uid": f"line{one}", "name": f"Dish {one}", "quantity": "1", "item_type": "ITEM", "variation_name": "Regular",
        "catalog_object_id": f"DISH{one:020}", "catalog_version": 1736118000000,
        "applied_taxes": [{"uid": f"tax{one}", "tax_uid": "vat", "applied_money": _money(2_000)}],
        "base_price_money": _money(10_000), "variation_total_price_money": _money(10_000),
        "gross_sales_money": _money(10_000), "total_tax_money": _money(2_000), "total_discount_money": _money(0),
        "total_service_charge_money": _money(0), "total_money": _money(10_000),
    }  # fmt: skip


def _money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "DKK"}


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Sent(Struct, frozen=True):
    """What a sender did: events, seconds by the clock and of processor time."""

    events: int
    seconds: float
    processor: float


def send(dsn: str, house: House, checks: int, rate: float, seed: int, again: int = 0) -> Sent:
    """Send an evening's events from a process of its own, at most so many a second, as the door stores them."""
    words = [sys.executable, "-m", "benchmarks.stand.evening", "send", dsn, msgspec.json.encode(house).decode()]
    done = subprocess.run([*words, str(checks), str(rate), str(seed), str(again)], stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Sent)


async def _send(dsn: str, house: House, checks: int, rate: float, seed: int, again: int) -> Sent:
    events = list(arrivals(house, checks, seed, again))
    async with open_pool(dsn, largest=2) as pool:
        began, processor, sent = time.perf_counter(), time.process_time(), 0
        while sent < len(events):
            due = min(len(events), int((time.perf_counter() - began) * rate))
            for start in range(sent, due, 200):
                async with pool.connection() as db:
                    await keep(db, events[start : min(due, start + 200)])
            sent = max(sent, due)
            await asyncio.sleep(_TICK)
        return Sent(len(events), time.perf_counter() - began, time.process_time() - processor)


@contextmanager
def taking_in(environment: dict[str, str]) -> Iterator[psutil.Process]:
    """A worker that takes in what is sent, in a process of its own."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.stand.evening", "work"], env=environment) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _work() -> None:
    """Work as `servery worker` does, on events alone: nothing is polled, and each brings its record whole."""
    settings = read_settings(os.environ)
    square = registry.connector("square")
    whole = structs.replace(square, hear=lambda kind, body: Heard(lane=_lane(body), records=((kind, body),)))
    registry.connector = lambda name: whole  # type: ignore[assignment]
    worker.SERVICES.clear()
    worker.SERVICES["incoming"] = incoming.run
    asyncio.run(worker.work(settings, os.environ["SERVERY_DATABASE_URL"]))


class _Named(Struct):
    id: str
    order_id: str | None = None


def _lane(body: Raw) -> str:
    named = msgspec.json.decode(body, type=_Named)
    return named.order_id or named.id


def _main(words: Sequence[str]) -> None:
    if words[0] == "work":
        _work()
        return
    _, dsn, house, *numbers = words
    checks, rate, seed, again = (int(float(one)) for one in numbers)
    told = asyncio.run(_send(dsn, msgspec.json.decode(house, type=House), checks, rate, seed, again))
    sys.stdout.write(msgspec.json.encode(told).decode())


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    _main(sys.argv[1:])
