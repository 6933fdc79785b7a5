"""What tills send in a busy evening, from stored raw to applied, matched and visible: events a second, and the lag.

Why it matters: a host reads on the guest's page what was ordered a moment ago, in twenty restaurants at once, on a
machine of two cores that holds the database too.

Sender and worker are processes of their own. The sender stores events as the door does, without HTTP; what it costs is
told apart. An event is visible when its transaction commits: records, guest, visit and its outcome are one transaction.
"""

import asyncio
import time

import psutil
import psycopg
from msgspec import Struct

from benchmarks.stand.evening import House, founded, send, taking_in
from benchmarks.stand.installation import Installation, installation
from benchmarks.stand.report import Figure, Report
from servery.storage.pool import connect, open_pool

LEAST = 1_500
"""Events a second."""
LAG = 2.0
"""Seconds, p99 at the slower rate."""
SLOW = 500
_ROUNDS = 3
_FAST = 2_500
"""Events a second that are offered where speed is measured: they arrive while others are taken in, as in an evening."""
_CHECKS = 150
"""Of each restaurant in one round."""


class Taken(Struct, frozen=True):
    """One round: events a second from the first stored to the last taken in, and the lag of 99 in 100 (seconds)."""

    events: int
    rate: float
    lag: float
    worker: float
    sender: float


def run(report: Report) -> None:
    """Send an evening faster than it must be taken in, then one at the slower rate; each pair in an empty database."""
    with installation() as place:
        rounds = [_rounds(place, seed) for seed in range(_ROUNDS)]
    fast, slow, facts = [one for one, _, _ in rounds], [one for _, one, _ in rounds], [one for _, _, one in rounds]
    report.say(f"20 restaurants of 4 connections, 60 bookings in each; {fast[0].events:,} events of 0.4 to 4 kB")
    rates = [one.rate for one in fast]
    report.figure(Figure(name="applied, matched, visible", unit="events/s", rounds=rates, at_least=LEAST))
    report.figure(Figure(name=f"lag p99 at {SLOW}/s", unit="s", rounds=[one.lag for one in slow], below=LAG))
    report.figure(
        Figure(name="the worker's processor at full speed", unit="cores", rounds=[one.worker for one in fast])
    )
    report.figure(Figure(name=f"the worker's processor at {SLOW}/s", unit="cores", rounds=[one.worker for one in slow]))
    report.figure(Figure(name="apart: the sender's processor", unit="s", rounds=[one.sender for one in fast]))
    report.fact("events that did not come through", sum(one["left"] for one in facts), 0)
    report.fact("checks that are in a visit", facts[0]["visited"], facts[0]["checks"])


def _rounds(place: Installation, seed: int) -> tuple[Taken, Taken, dict[str, int]]:
    with place.database() as dsn:
        house = asyncio.run(_founded(dsn))
        with taking_in(place.environment(dsn)) as worker:
            _round(dsn, house, worker, 2, 10_000, 99)
            fast = _round(dsn, house, worker, _CHECKS, _FAST, seed)
            slow = _round(dsn, house, worker, _CHECKS // 3, SLOW, 10 + seed)
        return fast, slow, _facts(dsn)


async def _founded(dsn: str) -> House:
    async with open_pool(dsn) as pool:
        return await founded(pool)


def _round(dsn: str, house: House, worker: psutil.Process, checks: int, rate: float, seed: int) -> Taken:
    with connect(dsn) as db:
        before = _one(db, "select coalesce(max(id), 0) as n from inbox_event")["n"]
    used, began = _used(worker), time.perf_counter()
    sent = send(dsn, house, checks, rate, seed)
    with connect(dsn) as db:
        db.autocommit = True
        while _one(db, "select count(*) as n from inbox_work")["n"]:
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        told = _one(
            db,
            "select extract(epoch from max(o.at) - min(e.received_at)) as seconds, "
            "percentile_disc(0.99) within group (order by extract(epoch from o.at - e.received_at)) as lag "
            f"from inbox_event e join inbox_outcome o on o.event_id = e.id and o.day = e.day where e.id > {before}",
        )
    return Taken(
        events=sent.events,
        rate=sent.events / float(told["seconds"]),
        lag=float(told["lag"]),
        worker=(_used(worker) - used) / seconds,
        sender=sent.processor,
    )


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _facts(dsn: str) -> dict[str, int]:
    with connect(dsn) as db:
        return _one(
            db,
            "select (select count(*) from inbox_work) + (select count(*) from quarantine) as left, "
            "(select count(*) from checks where visit_id is not null) as visited, "
            "(select count(*) from checks) as checks",
        )


def _one(db: psycopg.Connection[dict[str, int]], query: str) -> dict[str, int]:
    row = db.execute(query).fetchone()
    assert row is not None
    return row
