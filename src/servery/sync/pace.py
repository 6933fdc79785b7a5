"""When things cross: as they happen or at set times, from when on, and whether service hours are spared."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from servery.errors import Invalid, NotFound
from servery.sync.rows import Db

Pace = Literal["live", "batch", "hybrid"]
"""As it happens; at set times only; as it happens, and all of it again at set times."""
PACES: tuple[Pace, ...] = get_args(Pace)
Step = Literal["tables", "directions", "pace", "proof"]
"""What is left of setting up once a connection is made."""
STEPS: tuple[Step, ...] = ("tables", "directions", "pace", "proof")

NOT_YET = datetime(9999, 1, 1, tzinfo=UTC)
"""`live_from` of a connection that is still being set up: it is read, and nothing is written there."""
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")


class Rhythm(Struct, frozen=True, kw_only=True):
    """A connection's choice. `batch_at` in minutes after midnight at the venue.

    Until `live_from` nothing is written there; None: it never was held back.
    """

    pace: Pace = "live"
    batch_at: tuple[int, ...] = ()
    live_from: datetime | None = None
    spare_service: bool = False


class SetUpState(Struct, frozen=True, kw_only=True):
    """How far the setting up of a connection is."""

    rhythm: Rhythm
    steps_done: tuple[Step, ...]
    verified_at: datetime | None

    @property
    def next(self) -> Step | None:
        """The first step that nobody went through; None when all are done."""
        return next((step for step in STEPS if step not in self.steps_done), None)


async def set_up_state(db: Db, connection_id: int) -> SetUpState:
    """How far a connection is set up; NotFound when there is none."""
    cursor = await db.execute(
        "select pace, batch_at, live_from, spare_service, steps_done, verified_at from connection "
        "where id = %s and removed_at is null",
        [connection_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no connection {id}.", id=connection_id)
    return SetUpState(
        rhythm=msgspec.convert(row, Rhythm),
        steps_done=msgspec.convert(row["steps_done"], tuple[Step, ...]),
        verified_at=row["verified_at"],
    )


async def keep_rhythm(db: Db, connection_id: int, rhythm: Rhythm) -> None:
    """Choose when things cross. Invalid where set times are chosen and none is given; as it happens, none is kept."""
    if rhythm.pace != "live" and not rhythm.batch_at:
        raise Invalid("Say at which times, for example 15:00, 23:30.", field="batch_at")
    times = list(rhythm.batch_at) if rhythm.pace != "live" else []
    await db.execute(
        "update connection set pace = %s, batch_at = %s, live_from = %s, spare_service = %s where id = %s",
        [rhythm.pace, times, rhythm.live_from, rhythm.spare_service, connection_id],
    )


async def hold_back(db: Db, connection_id: int) -> None:
    """Write nothing to a connection until its setting up has said from when on."""
    await db.execute("update connection set live_from = %s where id = %s", [NOT_YET, connection_id])


async def gone_through(db: Db, connection_id: int, step: Step) -> None:
    """Note that somebody has gone through a step."""
    await db.execute(
        "update connection set steps_done = array_append(steps_done, %(step)s) "
        "where id = %(id)s and not %(step)s = any(steps_done)",
        {"id": connection_id, "step": step},
    )


def read_times(text: str) -> tuple[int, ...]:
    """Times of day as people write them, in minutes after midnight. Invalid names what is none."""
    found = []
    for part in re.split(r"[,;\s]+", text.strip()):
        if not part:
            continue
        time = _TIME.fullmatch(part)
        if time is None:
            raise Invalid("{time} is no time of day.", field="batch_at", time=part, mend="Write it as 15:00.")
        found.append(int(time[1]) * 60 + int(time[2]))
    return tuple(sorted(set(found)))


def written(times: Sequence[int]) -> str:
    """Times as `read_times` takes them."""
    return ", ".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in times)
