"""Who is this? How long it takes to decide for one record that arrives, among a million others.

Why it matters: the decision stands between what a system says and what the host sees, and a past of many years is read
through it. It must not take longer the more guests there are.

Each record arrives by itself: a guest who is known under the same e-mail, one whose name is misspelt, one with only a
frequent name, and a stranger, in turn. What is timed is deciding: keys, candidates, scores, and writing what was
decided. The peer is the least that any arrival needs: looking up the e-mail and the phone by index. Where other
programs hold the processors, deciding waits for them; how long it takes without that is told beside it.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.stand.guestbook import Book, founded, load
from benchmarks.stand.installation import installation
from benchmarks.stand.report import Figure, Report
from servery.guests.join import resolve
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.storage.pool import Connection, open_pool
from servery.sync import connections
from servery.sync.apply import apply

RECORDS = 1_000_000
MOST = 5.0
"""Milliseconds, of 99 decisions in 100."""
ARRIVALS = 1_000
"""Records that arrive in a round."""
ROUNDS = 3


def run(report: Report) -> None:
    """Fill the book and let records arrive."""
    with installation() as place, place.database() as dsn:
        asyncio.run(_measured(dsn, report))


async def _measured(dsn: str, report: Report) -> None:
    async with open_pool(dsn) as pool:
        book = await founded(pool)
        guests = await asyncio.to_thread(load, dsn, book, RECORDS)
        report.say(f"{RECORDS:,} records of {guests:,} guests")
        async with pool.connection() as db:
            rounds = [await _arriving(db, book, guests, number) for number in range(ROUNDS)]
            wall, alone = [each[0] for each in rounds], [each[1] for each in rounds]
            bare = [await _looking(db, guests, number) for number in range(ROUNDS)]
    limit = Figure(name="deciding, 99 in 100 within", unit="ms", rounds=_each(wall, _p99), below=MOST)
    report.peer(
        report.figure(limit), Figure(name="looking up by index, 99 in 100 within", unit="ms", rounds=_each(bare, _p99))
    )
    report.figure(Figure(name="deciding, half within", unit="ms", rounds=_each(wall, statistics.median)))
    name = "without waiting for a processor,"
    report.figure(Figure(name=f"{name} 99 in 100 within", unit="ms", rounds=_each(alone, _p99)))
    report.figure(Figure(name=f"{name} half within", unit="ms", rounds=_each(alone, statistics.median)))


def _each(rounds: Sequence[Sequence[float]], figure: Callable[[Sequence[float]], float]) -> list[float]:
    return [figure(times) for times in rounds]


def _p99(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


async def _arriving(db: Connection, book: Book, guests: int, number: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each decision, by the clock and without waiting for a processor."""
    places = await connections.places(db, book.book)
    wall, alone = [], []
    for step in range(ARRIVALS):
        came = number * ARRIVALS + step
        seen = GuestSeen(f"new-{came}", 1, _record(came, 1 + came * 7919 % guests))
        applied = await apply(db, book.book, places, [seen])
        before = _waited(os.getpid(), db.info.backend_pid)
        began = time.perf_counter()
        await resolve(db, applied.guests, "da_DK")
        wall.append((time.perf_counter() - began) * 1000)
        alone.append(wall[-1] - (_waited(os.getpid(), db.info.backend_pid) - before))
        await db.commit()
    return wall, alone


def _waited(*processes: int) -> float:
    """For how many milliseconds these were ready to run while no processor was free."""
    return sum(int(Path(f"/proc/{one}/schedstat").read_text().split()[1]) for one in processes) / 1e6


def _record(came: int, guest: int) -> SourceGuest:
    kind = came % 4
    if kind == 0:
        return SourceGuest(name=None, email=f"guest{guest}@example.com", country="DK")
    if kind == 1:
        return SourceGuest(name="Sören Jensn", phone=f"+45{20_000_000 + guest}", country="DK")
    if kind == 2:
        return SourceGuest(name="Søren Jensen", city="København", country="DK")
    return SourceGuest(name=f"Stranger Nr{came}", email=f"stranger{came}@example.com", country="DK")


async def _looking(db: Connection, guests: int, number: int) -> list[float]:
    times = []
    for step in range(ARRIVALS):
        guest = 1 + (number * ARRIVALS + step) * 7919 % guests
        began = time.perf_counter()
        cursor = await db.execute(
            "select guest_id from source_guest where email_key = %s union "
            "select guest_id from source_guest where phone_key = %s",
            [f"guest{guest}@example.com", f"+45{20_000_000 + guest}"],
        )
        await cursor.fetchall()
        times.append((time.perf_counter() - began) * 1000)
    return times
