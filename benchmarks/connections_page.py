"""The page of connections beside a million records: it takes as long as beside none.

Why it matters: whoever looks whether all is well looks when it is not. The page is open on many screens and asks again
whenever something it shows is another, so what one look costs is paid all evening.

The web process is the real one. It is asked first with two connections and nothing in them, then with a million
records of guests, half a million objects that outside systems hold and half a million events that were taken in.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence

import psycopg

from benchmarks.stand.guestbook import Book, founded, load
from benchmarks.stand.installation import installation
from benchmarks.stand.pages import admitted, get, served
from benchmarks.stand.report import Figure, Report
from servery.storage.pool import open_pool

RECORDS = 1_000_000
OTHERS = 500_000
"""Objects that outside systems hold, and events."""
MOST = 100.0
"""Milliseconds, of 95 answers in 100."""
GROWTH = 3.0
"""Times the empty page's answer that the full one's may take, on a machine that others use: it must not grow with the
tables. One table that is looked through made it 7 for the page and 15 for the API."""
ASKED = 100
ROUNDS = 5

Ask = Callable[[int], None]


def run(report: Report) -> None:
    """Ask for the page and the API's list, empty and full."""
    with installation() as place, place.database() as dsn:
        book = asyncio.run(_founded(dsn))
        cookie, keys = asyncio.run(admitted(dsn, ROUNDS))
        asked = {
            "page": ("/connections", [{"Cookie": f"servery_session={cookie}"}] * ROUNDS),
            "API": ("/api/v1/connections", [{"Authorization": f"Bearer {key}"} for key in keys]),
        }
        with served(place, dsn) as port:
            empty = {name: [_times(get(port, path, each)) for each in who] for name, (path, who) in asked.items()}
            _fill(report, dsn, book)
            full = {name: [_times(get(port, path, each)) for each in who] for name, (path, who) in asked.items()}
    for name in asked:
        told = f"{name} with a million records, 95 answers in 100 within"
        report.figure(Figure(name=told, unit="ms", rounds=_p95(full[name]), below=MOST))
        growth = [after / before for after, before in zip(_p50(full[name]), _p50(empty[name]), strict=True)]
        report.figure(Figure(name=f"{name}, times as long as with none", unit="x", rounds=growth, below=GROWTH))


async def _founded(dsn: str) -> Book:
    async with open_pool(dsn) as pool:
        return await founded(pool)


def _fill(report: Report, dsn: str, book: Book) -> None:
    began = time.perf_counter()
    guests = load(dsn, book, RECORDS)
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute(
            "insert into outbox_target (connection_id, kind, subject_id, our_id, state) "
            "select %s, 'guest', n, gen_random_uuid(), 'rests' from generate_series(1, %s) as n",
            [book.book, min(OTHERS, guests)],
        )
        db.execute(
            "insert into inbox_event (day, connection_id, connector, via, kind, key, body) "
            "select (now() at time zone 'UTC')::date, %s, 'square', 'webhook', 'order.updated', n::text, '{}' "
            "from generate_series(1, %s) as n",
            [book.till, OTHERS],
        )
        db.execute("insert into inbox_outcome (day, event_id, outcome) select day, id, 'applied' from inbox_event")
        db.execute("vacuum analyze")
    report.say(f"{RECORDS:,} records of {guests:,} guests made in {round(time.perf_counter() - began)} s")


def _times(ask: Ask) -> list[float]:
    """Milliseconds of each answer, after a few that warm up what a running server has warm."""
    for _ in range(10):
        ask(0)
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        ask(0)
        times.append(1000 * (time.perf_counter() - began))
    return times


def _p95(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.quantiles(times, n=20)[18] for times in rounds]


def _p50(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(times) for times in rounds]
