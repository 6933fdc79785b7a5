"""Whether the worker's memory stays flat while events come for minutes: megabytes, the first minute and the last.

Why it matters: what grows by a megabyte a minute is killed by the machine on a Saturday night.

The same checks are told of again and again, each time a newer state, at 300 events a second: what is held of an evening
is then as much at the end as in the first round. `make faults` does the same for a quarter of an hour.
"""

import asyncio
import time
from statistics import median

import psutil
from msgspec import Struct

from benchmarks.incoming import LAG
from benchmarks.stand.evening import STATES, House, founded, send, taking_in
from benchmarks.stand.installation import installation
from benchmarks.stand.report import Figure, Report
from servery.storage.pool import connect, open_pool

RATE = 300
"""Events a second."""
MINUTES = 3
GROWTH = 8.0
"""Megabytes by which the last minute may lie above the first after the warming up: less than one in three a minute."""
_RESTAURANTS = 20
_CHECKS = RATE * 30 // (STATES * _RESTAURANTS)
"""Of each restaurant in one round of half a minute."""


class Soaked(Struct, frozen=True):
    """Megabytes that the worker held (10^6 bytes), once for each half minute, and events that were left."""

    held: list[float]
    left: int

    @property
    def growth(self) -> float:
        """By how much it grew from the first minute to the last."""
        return median(self.held[-2:]) - median(self.held[:2])


def run(report: Report) -> None:
    """Soak, and hold the last minute against the first."""
    soaked = soak(MINUTES)
    report.say(f"{RATE} events/s for {MINUTES} minutes after one of warming up; held: {_list(soaked.held)} MB")
    report.figure(Figure(name="the worker's memory grew by", unit="MB", rounds=[soaked.growth], below=GROWTH))
    report.figure(Figure(name="the worker's memory in the end", unit="MB", rounds=[soaked.held[-1]]))
    report.fact(f"events left {LAG:.0f} s after the last", soaked.left, 0)


def _list(values: list[float]) -> str:
    return ", ".join(f"{one:.0f}" for one in values)


def soak(minutes: float) -> Soaked:
    """Send and take in for so long, after a minute of warming up."""
    with installation() as place, place.database() as dsn:
        house = asyncio.run(_founded(dsn))
        with taking_in(place.environment(dsn)) as worker:
            for again in range(2):
                send(dsn, house, _CHECKS, RATE, seed=1, again=again)
            held = [_round(dsn, house, worker, 2 + again) for again in range(round(2 * minutes))]
            time.sleep(LAG)
            with connect(dsn) as db:
                row = db.execute("select count(*) as n from inbox_work").fetchone()
    assert row is not None
    return Soaked(held, row["n"])


async def _founded(dsn: str) -> House:
    async with open_pool(dsn) as pool:
        return await founded(pool)


def _round(dsn: str, house: House, worker: psutil.Process, again: int) -> float:
    send(dsn, house, _CHECKS, RATE, seed=1, again=again)
    return float(worker.memory_info().rss) / 1e6
