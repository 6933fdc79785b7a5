"""A process that takes in what arrived and is killed again and again, in the middle of whatever it does.

Three parties: this one stores events and keeps a log of them; the process, killed with SIGKILL at random moments; and
in the end the log is held against the database.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
from msgspec import Struct

from servery.app import taking
from servery.storage.pool import open_pool
from tests.app.inbox import NOON, House, check, house

_ROUND = 60
"""Events stored before each kill."""
_STATES = 3
_WITHIN = 120.0


class Verdict(Struct, frozen=True):
    """What came of it. `lost` were stored and are in no check; `doubled` are outcomes or visits too many."""

    kills: int
    stored: int
    lost: int
    doubled: int
    unanswered: int

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.stored} stored, {self.lost} lost, {self.doubled} duplicated, "
            f"{self.unanswered} without an outcome"
        )


def rounds(dsn: str, kills: int, careless: bool = False, seed: int | None = None) -> Verdict:
    """Kill that many times while events come, then let it finish. A careless one forgets its work before its effect."""
    draw = random.Random(seed)
    connection_id = asyncio.run(_founded(dsn))
    stored: list[str] = []
    for number in range(kills):
        with _process(dsn, connection_id, careless):
            stored += asyncio.run(_store(dsn, connection_id, number))
            time.sleep(draw.uniform(0.0, 0.25))
    with _process(dsn, connection_id, careless):
        _wait_until_done(dsn)
    return _verdict(dsn, kills, stored)


async def _founded(dsn: str) -> int:
    async with open_pool(dsn) as pool, house(pool) as till:
        return till.id


async def _store(dsn: str, connection_id: int, number: int) -> list[str]:
    names = [f"c{number}-{one}" for one in range(_ROUND // _STATES)]
    at = (NOON + timedelta(days=number)).isoformat()
    events = [
        check(name, state + 1, at=at, table=str(place), closed=state == _STATES - 1, total=1_000 * (state + 1))
        for state in range(_STATES)
        for place, name in enumerate(names)
    ]
    async with open_pool(dsn, largest=2) as pool:
        await House(pool, connection_id).arrives(*events)
    return names


@contextmanager
def _process(dsn: str, connection_id: int, careless: bool) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.faults.taking", dsn, str(connection_id), "careless" if careless else ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def _wait_until_done(dsn: str) -> None:
    began = time.monotonic()
    while _one(dsn, "select count(*) from inbox_work"):
        assert time.monotonic() - began < _WITHIN, "what is left is not taken in"
        time.sleep(0.1)


def _verdict(dsn: str, kills: int, stored: list[str]) -> Verdict:
    with psycopg.connect(dsn) as db:
        rows = db.execute("select external_id, revision from checks where visit_id is not null").fetchall()
    found: dict[str, int] = dict(rows)
    visits = _one(dsn, "select count(*) from visit where gone_at is null")
    return Verdict(
        kills=kills,
        stored=len(stored) * _STATES,
        lost=sum(found.get(name) != _STATES for name in stored),
        doubled=max(0, visits - len(stored)),
        unanswered=_one(
            dsn,
            "select count(*) from inbox_event e where not exists "
            "(select from inbox_outcome o where o.event_id = e.id and o.day = e.day)",
        ),
    )


def _one(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as db:
        row = db.execute(query).fetchone()
        assert row is not None
        return int(row[0])


async def _take_for_ever(dsn: str, connection_id: int, careless: bool) -> None:
    if careless:
        _forget_first(dsn)
    async with open_pool(dsn, largest=2) as pool:
        till = House(pool, connection_id)
        print("ready", flush=True)
        while True:
            if not await till.take():
                await asyncio.sleep(0.01)


def _forget_first(dsn: str) -> None:
    """Take events off the list before their effect is committed: the guard is off."""
    keep_fetched = taking._keep_fetched

    async def forgets(db, source, fetched):
        with psycopg.connect(dsn, autocommit=True) as apart:
            apart.execute("delete from inbox_work where next_try_at <= now()")
        await asyncio.sleep(0.2)
        await keep_fetched(db, source, fetched)

    taking._keep_fetched = forgets


if __name__ == "__main__":
    asyncio.run(_take_for_ever(sys.argv[1], int(sys.argv[2]), bool(sys.argv[3])))
