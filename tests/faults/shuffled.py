"""What happens in two restaurants, told in order once, and told shuffled with repeats: the final state is the same.

It goes the way of everything that arrives: into the inbox, and out of it by sets.
"""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from msgspec import Struct

from servery.storage.pool import Pool, open_pool
from tests.app.inbox import NOON, House, check, house
from tests.sync.held import everything

MOST_TIMES = 5
_AT_ONCE = 500

Told = dict[str, Any]


class Verdict(Struct, frozen=True):
    """How many events were told, how often in all, and the tables whose final state differs."""

    events: int
    deliveries: int
    differing: list[str]
    left: int

    def __str__(self) -> str:
        same = f"differing: {', '.join(self.differing)}" if self.differing else "the same final state"
        return f"{self.events} events told {self.deliveries} times in any order: {same}, {self.left} left"


def story(events: int, seed: int) -> list[Told]:
    """So many events, each the next state of its object: guests, bookings and checks over some months."""
    draw = Random(seed)
    told: list[Told] = []
    number = 0
    while len(told) < events:
        number += 1
        told += _life(draw, number)
    return told[:events]


def _life(draw: Random, number: int) -> Iterator[Told]:
    at = (NOON + timedelta(days=number % 97, minutes=15 * draw.randrange(40))).isoformat()
    place = {"location": draw.choice(["nord", "syd"]), "at": at}
    guest = f"g{number // 3}"
    kind = number % 3
    for revision in range(1, draw.randint(2, 9)):
        if kind == 0:
            yield _record("guest", guest, revision, name=f"Ida {guest} {revision}", email=f"{guest}@example.com")
        elif kind == 1:
            status = draw.choice(["booked", "confirmed", "seated", "cancelled"])
            yield _record(
                "reservation", f"r{number}", revision, size=draw.randint(1, 8), status=status, guest=guest,
                tables=[str(draw.randint(1, 12))], **place,
            )  # fmt: skip
        else:
            status = draw.choice(["open", "closed", "closed", "void"])
            yield check(
                f"c{number}", revision, status=status, closed=status == "closed", total=draw.randint(1, 90) * 1_000,
                table=str(draw.randint(1, 12)), covers=draw.randint(1, 8), guest=guest, **place,
            )  # fmt: skip
    yield from _end(draw, number, kind, guest)


def _end(draw: Random, number: int, kind: int, guest: str) -> Iterator[Told]:
    """Some objects are deleted at their source in the end, or merged into another."""
    if draw.random() < 0.1:
        if kind == 0:
            yield _record("guest", guest, 90, merged_into=f"g{number // 3 + 1}")
        elif kind == 1:
            yield _record("reservation", f"r{number}", 90, removed=True)
        else:
            yield _record("check", f"c{number}", 90, merged_into=f"c{number + 3}")


def _record(kind: str, external_id: str, revision: int, **more: Any) -> Told:
    return {"lane": f"{kind}:{external_id}", "records": [[kind, {"id": external_id, "revision": revision, **more}]]}


async def compared(one: str, other: str, events: int, seed: int, most_times: int = MOST_TIMES) -> Verdict:
    """Tell one database a story in order, and another the same shuffled with repeats."""
    told = story(events, seed)
    draw = Random(seed + 1)
    again = [event for event in told for _ in range(draw.randint(1, most_times))]
    draw.shuffle(again)
    async with open_pool(one) as first, open_pool(other) as second:
        wanted, _ = await _held_after(first, told)
        found, left = await _held_after(second, again)
    return Verdict(len(told), len(again), [name for name in wanted if wanted[name] != found[name]], left)


async def _held_after(pool: Pool, told: list[Told]) -> tuple[dict[str, list[dict[str, Any]]], int]:
    async with house(pool) as till:
        for start in range(0, len(told), _AT_ONCE):
            await till.arrives(*told[start : start + _AT_ONCE])
            await till.take_all()
        return await _state(till)


async def _state(till: House) -> tuple[dict[str, list[dict[str, Any]]], int]:
    async with till.pool.connection() as db:
        found = await everything(db)
    ((left,),) = await till.rows("select (select count(*) from inbox_work) + (select count(*) from quarantine)")
    return found, left
