"""Taking events out of the inbox: one claimer for each connection, the oldest first, no more than fit in memory."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from servery.inbox.packing import unpacked

Db = AsyncConnection[DictRow]
Via = Literal["webhook", "poll", "backfill", "reconcile", "file"]

ARRIVED = "servery_arrived"
"""The PostgreSQL channel on which who takes in hears that there is something, by the connection's id."""
MOST = 2_000
"""Events claimed at once. When more than one transaction's worth waits, larger sets are what catches up."""
MOST_BYTES = 16_000_000
"""Bytes of bodies claimed at once, but for one body that is larger by itself."""
_CLAIMING = 0x1B0C
"""The first half of the advisory lock's key; the second is the connection."""


class Event(Struct, frozen=True, kw_only=True):
    """One event that is to be taken in, as it came. `attempts` have failed so far."""

    id: int
    day: date
    via: Via
    kind: str
    body: bytes
    received_at: datetime
    lane: str | None = None
    attempts: int = 0
    again: bool = False
    """Whether it was put off before, or somebody wants it taken in once more."""


class Blocked(Struct, frozen=True):
    """A lane in which an event waits for its next try: what came after it in that lane waits with it."""

    first: int
    until: datetime


async def connections_with_work(db: Db) -> list[int]:
    """The connections with events that are due; none that is paused or removed."""
    cursor = await db.execute(
        "select c.id from connection c where not c.paused and c.removed_at is null and exists "
        "(select from inbox_work w where w.connection_id = c.id and w.next_try_at <= now()) order by c.id"
    )
    return [row["id"] for row in await cursor.fetchall()]


@asynccontextmanager
async def claiming(db: Db, connection_id: int) -> AsyncIterator[bool]:
    """Whether this process alone takes in this connection's events, for as long as the context lasts.

    The lock is the session's: no transaction stands open while a system is asked for records. It ends with the session.
    """
    cursor = await db.execute("select pg_try_advisory_lock(%s, %s) as mine", [_CLAIMING, connection_id])
    row = await cursor.fetchone()
    mine = bool(row and row["mine"])
    try:
        yield mine
    finally:
        if mine and not db.closed and not db.broken:
            await db.execute("select pg_advisory_unlock(%s, %s)", [_CLAIMING, connection_id])


async def due(db: Db, connection_id: int, most: int = MOST, most_bytes: int = MOST_BYTES) -> list[Event]:
    """The events to be taken in next, in the order in which they came."""
    cursor = await db.execute(
        "select event_id as id, day, lane, attempts, next_try_at from inbox_work "
        "where connection_id = %s and next_try_at <= now() order by next_try_at, event_id limit %s",
        [connection_id, most],
    )
    waiting = {row["id"]: row for row in await cursor.fetchall()}
    by_day: dict[date, list[int]] = {}
    for row in waiting.values():
        by_day.setdefault(row["day"], []).append(row["id"])
    events: list[Event] = []
    for day, ids in sorted(by_day.items()):
        room = most_bytes - sum(len(one.body) for one in events)
        if room <= 0:
            break
        found = await _bodies(db, day, ids, room)
        events += [_event(waiting[row["id"]] | row) for row in found]
    return sorted(events, key=lambda one: one.id)


_BODIES = """
select id, via, kind, body, packed, received_at from (
    select *, coalesce(sum(octet_length(body)) over (order by id rows between unbounded preceding and 1 preceding), 0)
           as before
    from ({events}) as e) as sized
where before < %(room)s"""

_STORED = (
    "select id, via, kind, body, packed, received_at from inbox_event where day = %(day)s and id = any(%(ids)s) "
    "union all select event_id, via, kind, body, false, at from quarantine q "
    "where day = %(day)s and event_id = any(%(ids)s) "
    "and not exists (select from inbox_event where day = q.day and id = q.event_id)"
)
"""An event whose day is dropped already stands in quarantine still, with its bytes."""


async def _bodies(db: Db, day: date, ids: Sequence[int], room: int) -> list[DictRow]:
    # The day is given apart from the ids: by it the server knows the one partition to look in.
    query = _BODIES.format(events=_STORED)
    cursor = await db.execute(query, {"day": day, "ids": list(ids), "room": room})
    return await cursor.fetchall()


def _event(row: Mapping[str, Any]) -> Event:
    # What stands in the list of work as it was put there is due from the moment at which it came.
    again = row["next_try_at"] > row["received_at"]
    return msgspec.convert({**row, "body": unpacked(row["body"], row["packed"]), "again": again}, Event)


async def blocked_lanes(db: Db, connection_id: int, without: Collection[int]) -> dict[str, Blocked]:
    """The lanes in which events wait that are not among `without`."""
    cursor = await db.execute(
        "select distinct on (lane) lane, event_id as first, next_try_at as until from inbox_work "
        "where connection_id = %s and lane is not null and event_id <> all(%s) order by lane, event_id",
        [connection_id, list(without)],
    )
    return {row["lane"]: Blocked(row["first"], row["until"]) for row in await cursor.fetchall()}


class Later(Struct, frozen=True):
    """An event to be tried later: after a failure of its own (`error`, counted where `counts`), or behind another's."""

    event_id: int
    lane: str | None
    until: datetime
    error: dict[str, Any] | None = None
    counts: bool = False


async def put_off(db: Db, events: Sequence[Later]) -> None:
    """Leave events in the inbox until a later time."""
    if events:
        await db.execute(
            "update inbox_work as w set lane = i.lane, next_try_at = i.until, "
            "error = coalesce(i.error::jsonb, w.error), attempts = w.attempts + i.counts::int "
            "from unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::boolean[]) "
            "as i(event_id, lane, until, error, counts) where w.event_id = i.event_id",
            [
                [one.event_id for one in events],
                [one.lane for one in events],
                [one.until for one in events],
                [msgspec.json.encode(one.error).decode() if one.error else None for one in events],
                [one.counts for one in events],
            ],
        )


async def done(db: Db, event_ids: Collection[int]) -> None:
    """Take events off the list of what is to be done."""
    await db.execute("delete from inbox_work where event_id = any(%s)", [list(event_ids)])


async def try_now(db: Db, connection_id: int) -> None:
    """Try everything of a connection again at once: somebody has mended what stood in the way."""
    await db.execute(
        "update inbox_work set next_try_at = now() where connection_id = %s and next_try_at > now()", [connection_id]
    )
    await db.execute("select pg_notify(%s, %s)", [ARRIVED, str(connection_id)])


def wait_after(attempts: int) -> timedelta:
    """How long an event rests that has failed `attempts` times before."""
    return timedelta(seconds=_WAITS[min(attempts, len(_WAITS) - 1)])


_WAITS = (1, 5, 15, 60, 300, 900, 1800)
TRIES = 8
"""Failures after which an event rests in quarantine: within an hour of the first."""
