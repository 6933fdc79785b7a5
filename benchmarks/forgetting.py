"""One guest with a thousand visits in a large house: how long it takes to tell all of them, and to forget them.

Why it matters: the law gives a month, but the one who does it sits before the screen, and while a guest is erased
nothing else is taken in. The peer is the least that both need: reading the guest's bookings and checks.
"""

import asyncio
import time
from datetime import date, timedelta

import msgspec
import psycopg

from benchmarks.stand.guestbook import Book, bring_visits, founded, load
from benchmarks.stand.installation import installation
from benchmarks.stand.report import Figure, Report
from servery.app.erasing import erase_guest
from servery.model.viewer import SYSTEM
from servery.privacy.export import export
from servery.privacy.person import everything_of
from servery.storage.pool import Pool, open_pool

RECORDS = 1_000_000
LINES = 10_000_000
VISITS = 1_000
ROUNDS = 3
TOLD, FORGOTTEN = 10.0, 60.0
"""Seconds."""


def run(report: Report) -> None:
    """Fill the house, then tell and erase one guest after the other."""
    with installation() as place, place.database() as dsn:
        asyncio.run(_measured(dsn, place.home, report))


async def _measured(dsn: str, home: object, report: Report) -> None:
    async with open_pool(dsn) as pool:
        book = await founded(pool)
        guests = await asyncio.to_thread(load, dsn, book, RECORDS)
        await _visited(pool, book)
        lines = await asyncio.to_thread(_filled, dsn)
        report.say(f"{guests:,} guests, {lines:,} lines, {VISITS:,} visits of each who is told and erased")
        bare, told, forgotten = [], [], []
        for guest in range(1, ROUNDS + 1):
            bare.append(await _timed(_read(pool, guest)))
            told.append(await _timed(_tell(pool, guest)))
            forgotten.append(await _timed(erase_guest(pool, home, SYSTEM, guest)))  # type: ignore[arg-type]
    peer = Figure(name="reading the rows", unit="s", rounds=bare)
    report.peer(report.figure(Figure(name="telling everything", unit="s", rounds=told, below=TOLD)), peer)
    report.peer(report.figure(Figure(name="erasing and freeing", unit="s", rounds=forgotten, below=FORGOTTEN)), peer)


async def _visited(pool: Pool, book: Book) -> None:
    days = [date(2022, 1, 1) + timedelta(days=number) for number in range(VISITS)]
    await bring_visits(pool, book, [(guest, day) for guest in range(1, ROUNDS + 1) for day in days])


def _filled(dsn: str) -> int:
    """Other parties' checks, copied until there are lines enough; how many there are."""
    with psycopg.connect(dsn, autocommit=True) as db:
        columns = [row[0] for row in db.execute(
            "select attname from pg_attribute where attrelid = 'checks'::regclass and attnum > 0 "
            "and not attisdropped and attgenerated = '' and attidentity = ''").fetchall()]  # fmt: skip
        own = {"external_id": "external_id || '-' || n", "source_guest_id": "null", "visit_id": "null"}
        chosen = ", ".join(own.get(name, name) for name in columns)
        lines, checks = db.execute(_LINES).fetchone() or (0, 0)
        db.execute(
            f"insert into checks ({', '.join(columns)}) select {chosen} from checks "
            f"cross join generate_series(1, {LINES // lines}) as n"
        )
        db.execute("vacuum (analyze) checks")
        return int(lines) * (1 + LINES // int(lines)) if checks else 0


_LINES = "select sum(jsonb_array_length(body -> 'lines')), count(*) from checks"


async def _timed(work: object) -> float:
    began = time.perf_counter()
    await work  # type: ignore[misc]
    return time.perf_counter() - began


async def _read(pool: Pool, guest: int) -> None:
    async with pool.connection() as db:
        await everything_of(db, guest)


async def _tell(pool: Pool, guest: int) -> None:
    async with pool.connection() as db:
        msgspec.json.encode(await export(db, guest))
