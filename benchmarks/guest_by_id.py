"""One guest among a million records: how long the page and the API take to answer, over HTTP.

Why it matters: the host opens the page while the guest stands at the desk. It must be there before the hand has left
the screen, in the largest group of restaurants as well as in the smallest.

The web process is the real one, signed in to as a person and by a key, so each answer also checks the session, reads
the guest's visits down to the dishes, and writes the look down. Every guest asked for has visits, up to forty. The peer
is the least that any answer needs: selecting the guest's row by its primary key.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import psycopg

from benchmarks.stand.guestbook import bring_visits, founded, load
from benchmarks.stand.installation import installation
from benchmarks.stand.pages import admitted, get, served
from benchmarks.stand.report import Figure, Report
from servery.storage.pool import open_pool

RECORDS = 1_000_000
MOST = 25.0
"""Milliseconds, of 99 answers in 100."""
VISITED = 3_000
"""Guests with visits: the ones that are asked for."""
ASKED = 500
"""Answers in a round; a key may ask 600 times a minute."""
ROUNDS = 5

Ask = Callable[[int], None]


def run(report: Report) -> None:
    """Fill the book, serve it, and ask for one guest after the other."""
    with installation() as place, place.database() as dsn:
        began = time.perf_counter()
        guests = asyncio.run(_filled(dsn))
        with psycopg.connect(dsn) as db:
            counts = db.execute(
                "select (select count(*) from source_guest), (select count(*) from guest), (select count(*) from visit)"
            ).fetchone()
        assert counts is not None
        report.say("{:,} records of {:,} guests, {:,} visits, ".format(*counts) + f"made in {_seconds(began)} s")
        cookie, keys = asyncio.run(admitted(dsn, ROUNDS))
        with served(place, dsn) as port:
            _tell(report, dsn, port, guests, cookie, keys)


def _seconds(began: float) -> int:
    return round(time.perf_counter() - began)


def _tell(report: Report, dsn: str, port: int, guests: Sequence[int], cookie: str, keys: Sequence[str]) -> None:
    with psycopg.connect(dsn, autocommit=True) as db:
        bare = [_times(_select(db), guests) for _ in range(ROUNDS)]
    signed_in = {"Cookie": f"servery_session={cookie}"}
    page = [_times(get(port, "/guests/{}", signed_in), guests) for _ in range(ROUNDS)]
    api = [_times(get(port, "/api/v1/guests/{}", {"Authorization": f"Bearer {key}"}), guests) for key in keys]
    for name, rounds in (("page", page), ("API", api)):
        report.figure(Figure(name=f"{name}, 99 answers in 100 within", unit="ms", rounds=_p99(rounds), below=MOST))
        half = report.figure(Figure(name=f"{name}, half of the answers within", unit="ms", rounds=_p50(rounds)))
        report.peer(half, Figure(name="select by primary key, half within", unit="ms", rounds=_p50(bare)))
    report.figure(Figure(name="select by primary key, 99 in 100 within", unit="ms", rounds=_p99(bare)))


def _p99(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.quantiles(times, n=100)[98] for times in rounds]


def _p50(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(times) for times in rounds]


async def _filled(dsn: str) -> list[int]:
    """Fill an empty database; returns the guests that have visits."""
    async with open_pool(dsn) as pool:
        book = await founded(pool)
        guests = await asyncio.to_thread(load, dsn, book, RECORDS)
        rng = random.Random(1)
        visited = rng.sample(range(1, guests + 1), VISITED)
        visits = [
            (guest, date(2025, 1, 1) + timedelta(days=rng.randrange(500)))
            for guest in visited
            for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 13, 40)))
        ]
        await bring_visits(pool, book, visits)
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("vacuum analyze")
    return visited


def _times(ask: Ask, guests: Sequence[int]) -> list[float]:
    """Milliseconds of each answer, after a few that warm up what a running server has warm."""
    for guest in guests[:20]:
        ask(guest)
    times = []
    for guest in random.Random(2).sample(guests, ASKED):
        began = time.perf_counter()
        ask(guest)
        times.append(1000 * (time.perf_counter() - began))
    return times


def _select(db: psycopg.Connection) -> Ask:
    def ask(guest: int) -> None:
        db.execute("select id, name, golden from guest where id = %s", [guest]).fetchone()

    return ask
