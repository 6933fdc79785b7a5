"""A changed booking at the till: seconds from its arrival to the order on the table, and to the guest in Square.

Why it matters: two more are coming, and the table is laid; or a nut allergy is told at the door.
The worker is a process of its own and runs all its services; the simulators answer at once.
"""

import asyncio
import time
from pathlib import Path

from msgspec import structs

from benchmarks.stand.dinner import GUEST, Dinner, dinner, when, working
from benchmarks.stand.installation import installation
from benchmarks.stand.report import Figure, Report

LIMIT = 2.0
"""Seconds."""
_ROUNDS = 15


def run(report: Report) -> None:
    """Change a booking again and again, and look at the tills until they know."""
    with installation() as place, place.database() as dsn:
        orders, guests = _changed(dsn, place.home)
    report.figure(Figure(name="party size on the order in Odoo", unit="s", rounds=orders, below=LIMIT))
    report.figure(Figure(name="the slowest of them", unit="s", rounds=[max(orders)], below=LIMIT))
    report.figure(Figure(name="an allergy on the customer in Square", unit="s", rounds=guests, below=LIMIT))
    report.figure(Figure(name="the slowest of them", unit="s", rounds=[max(guests)], below=LIMIT))


def _changed(dsn: str, home: Path) -> tuple[list[float], list[float]]:
    orders, guests = [], []
    with dinner(dsn, home) as tonight:
        tonight.books()
        with working(tonight):
            when(tonight.order)
            when(lambda: tonight.customers() or None)
            for number in range(_ROUNDS):
                # The worker is at rest: what is measured is one change on a quiet evening.
                time.sleep(1)
                size, allergy = 2 + number % 3, f"Allergen {number}"
                guest = structs.replace(GUEST, allergies=(allergy,))
                booked = tonight.books(party_size=size, guest=guest)
                arrived = asyncio.run(tonight.arrives(booked))
                orders.append(_seconds(tonight, arrived, size))
                guests.append(_known(tonight, arrived, allergy))
    return orders, guests


def _seconds(tonight: Dinner, arrived: float, size: int) -> float:
    when(lambda: True if (order := tonight.order()) and order["customer_count"] == size else None)
    return time.perf_counter() - arrived


def _known(tonight: Dinner, arrived: float, allergy: str) -> float:
    when(lambda: True if any(allergy in note.text for one in tonight.customers() for note in one.notes) else None)
    return time.perf_counter() - arrived
