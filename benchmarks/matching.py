"""Which check belongs to which booking: how often the match is right, scored against the demo restaurant's truth.

Why it matters: a check given to the wrong party tells a host another guest's story, which is worse than none. So hardly
any match may be wrong, and where staff named the table, few may be missed.

The restaurant is a year of the sandbox, with its walk-ins, split checks, moved tables, misspelt names and families that
share a phone. What is true of it is written to a file that only this benchmark reads; both systems are read over HTTP
by the worker's own steps.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.stand.installation import Installation, folder, installation
from benchmarks.stand.report import Figure, Report
from benchmarks.stand.sandbox import Sandbox, joined, read_all, sandbox
from servery.sandbox.record import CheckTruth, GuestTruth, ReservationTruth, Truth
from servery.sandbox.restaurant import restaurant
from servery.storage.pool import Connection, Pool, open_pool

DAYS = 365
PRECISION, RECALL = 0.99, 0.9


class Found(NamedTuple):
    """What we made of one check: the booking it was joined to, and whether a person is asked to choose."""

    check: str
    booking: str | None
    asked: bool


class Score(NamedTuple):
    """Matches made and missed over some checks."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the matches made that are right."""
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of the checks with a booking that were given to that booking."""
        return self.right / (self.right + self.missed)


def run(report: Report) -> None:
    """Read both systems and score what became of each check."""
    with folder() as made, installation() as place:
        written = made / "truth.jsonl"
        with sandbox(("square", "resos"), DAYS, written) as served:
            found, guests = asyncio.run(_read(place, served))
        truths = _truths(written)
    checks = {one.id: one for one in truths.values() if isinstance(one, CheckTruth)}
    known = [one for one in found if one.check in checks]
    came = sum(isinstance(one, ReservationTruth) and one.came for one in truths.values())
    report.say(f"{len(known):,} checks read of {DAYS} days in which {came:,} bookings came or are still to come")
    _tell(report, score(known, checks), score((one for one in known if checks[one.check].label_names_table), checks))
    _tell_rest(report, known, checks)
    _tell_guests(report, guests, truths)


def _tell(report: Report, whole: Score, named: Score) -> None:
    report.figure(Figure(name="precision, all checks", unit="", rounds=[whole.precision], at_least=PRECISION))
    report.figure(Figure(name="recall, checks that name a table", unit="", rounds=[named.recall], at_least=RECALL))
    report.figure(Figure(name="precision, checks that name a table", unit="", rounds=[named.precision]))
    report.figure(Figure(name="recall, all checks", unit="", rounds=[whole.recall]))
    report.say(f"all checks: {whole.right:,} right, {whole.wrong:,} wrong, {whole.missed:,} not given to their booking")


def _tell_rest(report: Report, found: list[Found], checks: Mapping[str, CheckTruth]) -> None:
    without = [one for one in found if checks[one.check].reservation is None]
    joined_ = sum(one.booking is not None for one in without)
    asked = sum(one.asked for one in found)
    report.say(f"{len(without):,} checks of walk-ins, {joined_:,} of them given to a booking all the same")
    report.say(f"{asked:,} checks are left to a person to decide, who is shown the bookings they may be")


def score(found: Iterable[Found], checks: Mapping[str, CheckTruth]) -> Score:
    """Count matches against the truth. A check given to a wrong booking is wrong, and missing from its own."""
    counts: Counter[str] = Counter()
    for one in found:
        wanted = checks[one.check].reservation
        if one.booking is not None:
            counts["right" if one.booking == wanted else "wrong"] += 1
        if wanted is not None and one.booking != wanted:
            counts["missed"] += 1
    return Score(counts["right"], counts["wrong"], counts["missed"])


def _truths(written: Path) -> dict[tuple[str, str], Truth]:
    """The last word on each record."""
    lines = msgspec.json.Decoder(Truth).decode_lines(written.read_bytes())
    return {(one.system if isinstance(one, GuestTruth) else type(one).__name__, one.id): one for one in lines}


async def _read(place: Installation, served: Sandbox) -> tuple[list[Found], list[tuple[str, str, int]]]:
    with place.database() as dsn:
        async with open_pool(dsn) as pool, AsyncExitStack() as joins:
            for reader in [
                await joins.enter_async_context(joined(pool, place.home, name, served.systems[name], DAYS, venue))
                for name, venue in (("square", None), ("resos", restaurant().venue.name))
            ]:
                await read_all(reader)
            return await _found(pool), await _guests(pool)


async def _found(pool: Pool) -> list[Found]:
    rows = await _rows(
        pool,
        "select c.external_id as check, r.external_id as booking, c.candidates is not null as asked from checks c "
        "left join reservation r on r.visit_id = c.visit_id where not c.removed and c.status <> 'void'",
    )
    return [Found(row["check"], row["booking"], row["asked"]) for row in rows]


async def _guests(pool: Pool) -> list[tuple[str, str, int]]:
    """System, the system's id and our guest, for each record of a guest."""
    rows = await _rows(
        pool,
        "select c.connector, s.external_id, s.guest_id from source_guest s join connection c on c.id = s.connection_id "
        "where s.guest_id is not null and not s.removed",
    )
    systems = {"square": "pos", "resos": "reservations"}
    return [(systems[row["connector"]], row["external_id"], row["guest_id"]) for row in rows]


async def _rows(pool: Pool, query: str) -> list[dict[str, Any]]:
    async with pool.connection() as db:
        return await _all(db, query)


async def _all(db: Connection, query: str) -> list[dict[str, Any]]:
    cursor = await db.execute(query)
    return await cursor.fetchall()


def _tell_guests(
    report: Report, records: Iterable[tuple[str, str, int]], truths: Mapping[tuple[str, str], Truth]
) -> None:
    """Whether records of one person came to be one guest: told beside, for a wrong match often begins there."""
    people: dict[int, set[str]] = {}
    guests: dict[str, set[int]] = {}
    for system, external_id, guest_id in records:
        truth = truths.get((system, external_id))
        if isinstance(truth, GuestTruth):
            people.setdefault(guest_id, set()).add(truth.person)
            guests.setdefault(truth.person, set()).add(guest_id)
    mixed = sum(len(each) > 1 for each in people.values())
    split = sum(len(each) > 1 for each in guests.values())
    report.say(
        f"{len(guests):,} people became {len(people):,} guests: {mixed} hold two people, {split} people are several"
    )
