"""A year of a till, read over HTTP and translated, matched and stored: checks a second.

Why it matters: a restaurant that joins its till today wants its regulars known tonight, so a year of checks must be in
within a minute and not within a night.

Everything is as in the worker: the steps of `servery.sync.reading`, one page after the other, each page in one
transaction through `servery.app.arrive`. The peer asks for the same pages and throws them away: no reader could be
quicker than that. The simulator is a process of its own, and what it costs is told apart, for no account of a
restaurant's would compete with us for this machine's processors.
"""

import asyncio
import os
import time

from msgspec import Struct

from benchmarks.stand.installation import Installation, installation
from benchmarks.stand.report import Figure, Report
from benchmarks.stand.sandbox import Sandbox, joined, read_all, sandbox, throw_away
from servery.storage.pool import open_pool

LEAST = 1_000
"""Checks a second."""
DAYS = 365
ROUNDS = 3


class Read(Struct, frozen=True):
    """One reading of the whole year; seconds by the clock, and of processor time here and in the simulators."""

    checks: int
    records: int
    seconds: float
    here: float
    there: float


def run(report: Report) -> None:
    """Read the year several times, each time into an empty database."""
    with installation() as place, sandbox(("square",), DAYS) as served:
        thrown = [asyncio.run(_thrown_away(place, served)) for _ in range(ROUNDS)]
        read = [asyncio.run(_read(place, served)) for _ in range(ROUNDS)]
    report.say(f"{read[0].checks:,} checks among {read[0].records:,} records of {DAYS} days")
    speed = Figure(name="read, translated, matched, stored", unit="checks/s", rounds=_speeds(read), at_least=LEAST)
    report.figure(speed)
    peer = [read[0].checks / one.seconds for one in thrown]
    report.peer(speed, Figure(name="the same pages thrown away", unit="checks/s", rounds=peer))
    report.figure(Figure(name="seconds by the clock", unit="s", rounds=[one.seconds for one in read]))
    report.figure(Figure(name="of that this process at work", unit="s", rounds=[one.here for one in read]))
    report.figure(Figure(name="apart: the simulator at work meanwhile", unit="s", rounds=[one.there for one in read]))


def _speeds(read: list[Read]) -> list[float]:
    return [one.checks / one.seconds for one in read]


async def _read(place: Installation, served: Sandbox) -> Read:
    with place.database() as dsn:
        async with open_pool(dsn) as pool, joined(pool, place.home, "square", served.systems["square"], DAYS) as reader:
            began, here, there = time.perf_counter(), _here(), served.processor_seconds()
            await read_all(reader)
            seconds = time.perf_counter() - began
            async with pool.connection() as db:
                cursor = await db.execute(
                    "select (select count(*) from checks) as checks, (select sum(records) from sync_state) as records"
                )
                found = await cursor.fetchone()
    assert found is not None
    return Read(
        checks=found["checks"],
        records=int(found["records"]),
        seconds=seconds,
        here=_here() - here,
        there=served.processor_seconds() - there,
    )


async def _thrown_away(place: Installation, served: Sandbox) -> Read:
    with place.database() as dsn:
        async with open_pool(dsn) as pool, joined(pool, place.home, "square", served.systems["square"], DAYS) as reader:
            began, here, there = time.perf_counter(), _here(), served.processor_seconds()
            records = await throw_away(reader)
    seconds = time.perf_counter() - began
    return Read(
        checks=0, records=records, seconds=seconds, here=_here() - here, there=served.processor_seconds() - there
    )


def _here() -> float:
    used = os.times()
    return used.user + used.system
