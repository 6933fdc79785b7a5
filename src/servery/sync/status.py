"""How far each connection is read: what is here of it, what is left, and how far back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from msgspec import Struct, structs

from servery.model.changes import RecordKind
from servery.sync import connections, state
from servery.sync.connections import Connection
from servery.sync.rows import Db
from servery.sync.state import HowFar, State
from servery.sync.timing import Timing, in_service, read_by, service_ends, timings


class Status(Struct, frozen=True, kw_only=True):
    """How far one connection is read. `unread` counts records that are kept aside."""

    connection: Connection
    last_sync: datetime | None
    records: Mapping[RecordKind, int]
    unread: int
    venues: tuple[str, ...]
    how_far: HowFar
    reached: datetime | None
    """The oldest instant from which on everything is read; None without a backfill."""


async def statuses(db: Db) -> list[Status]:
    """All connections, oldest first."""
    held = await _records(db)
    unread = await _counts(
        db, "select connection_id, count(*) as n from quarantine where resolved_at is null group by connection_id"
    )
    venues, timed = await _venues(db), await timings(db)
    return [
        await _status(db, one, timed[one.id], held.get(one.id, {}), unread.get(one.id, 0), venues.get(one.id, ()))
        for one in await connections.connections(db)
    ]


async def shown(db: Db, connection_id: int) -> list[dict[str, Any]]:
    """What pages show of a connection's reading, to be compared: when it was last read to the minute."""
    cursor = await db.execute(_SHOWN, {"id": connection_id})
    return await cursor.fetchall()


_SHOWN = """
select resource, date_trunc('minute', last_ok_at) as read, jsonb_array_length(spans_done) as stretches,
       backfill_done_at, error, case when error is not null then next_try_at end as next_try_at, null as n
from sync_state where connection_id = %(id)s
union all select kind, null, null, null, null, null, n from record_count where connection_id = %(id)s
union all select 'kept aside', null, null, null, null, null, count(*) from quarantine
    where connection_id = %(id)s and resolved_at is null
order by 1"""


class Contradiction(Struct, frozen=True):
    """A check whose parts do not add up to its total, by `difference` minor units (stated total less the parts)."""

    connection: str
    venue: str
    number: str | None
    external_id: str
    business_date: date
    currency: str
    difference: int


async def contradictions(db: Db, newest: int) -> tuple[int, list[Contradiction]]:
    """How many checks do not add up, and the newest of them."""
    cursor = await db.execute(
        "select connection.name as connection, venue.name as venue, checks.body ->> 'number' as number, "
        "checks.external_id, checks.business_date, checks.currency, checks.difference, count(*) over () as n "
        "from checks join venue on venue.id = checks.venue_id join connection on connection.id = checks.connection_id "
        "where checks.difference <> 0 and not checks.removed "
        "order by checks.business_date desc, checks.opened_at desc, checks.id desc limit %s",
        [newest],
    )
    rows = await cursor.fetchall()
    return (rows[0]["n"] if rows else 0), [msgspec.convert(row, Contradiction) for row in rows]


async def _status(
    db: Db,
    one: Connection,
    timing: Timing,
    records: Mapping[RecordKind, int],
    unread: int,
    venues: tuple[str, ...],
) -> Status:
    states = list((await state.states(db, one.id)).values())
    how_far = await _how_far(db, one, timing)
    return Status(
        connection=one,
        last_sync=max((at.last_ok_at for at in states if at.last_ok_at), default=None),
        records=records,
        unread=unread,
        venues=venues,
        how_far=how_far,
        reached=_reached(states),
    )


async def _how_far(db: Db, one: Connection, timing: Timing) -> HowFar:
    """How far it is read, with the service hours in which the past waits."""
    far = await state.how_far(db, one.id)
    if far.done == far.of:
        return far
    if one.paused:
        return structs.replace(far, seconds_left=None)
    if not timing.rhythm.spare_service:
        return far
    now = datetime.now(UTC)
    venues = [place.venue for place in (await connections.places(db, one.id)).values()]
    if in_service(venues, now):
        return structs.replace(far, seconds_left=None, goes_on_at=service_ends(venues, now))
    done_at = None if far.seconds_left is None else read_by(venues, now, far.seconds_left)
    return structs.replace(far, seconds_left=round((done_at - now).total_seconds()) if done_at else None)


def _reached(states: Sequence[State]) -> datetime | None:
    reached = []
    for at in states:
        if at.backfill_until is None:
            continue
        oldest = at.backfill_until
        for stretch in sorted(at.spans_done, reverse=True):
            if stretch.until != oldest:
                break
            oldest = stretch.since
        reached.append(oldest)
    return max(reached, default=None)


async def _records(db: Db) -> dict[int, dict[RecordKind, int]]:
    """The records of each connection, which the database counts as they come and go."""
    cursor = await db.execute("select connection_id, kind, n from record_count where n > 0 order by kind")
    found: dict[int, dict[RecordKind, int]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["connection_id"], {})[row["kind"]] = row["n"]
    return found


async def _counts(db: Db, query: Any) -> dict[int, int]:
    cursor = await db.execute(query)
    return {row["connection_id"]: row["n"] for row in await cursor.fetchall()}


async def _venues(db: Db) -> dict[int, tuple[str, ...]]:
    cursor = await db.execute(
        "select connection_id, array_agg(distinct venue.name order by venue.name) as names "
        "from venue_link join venue on venue.id = venue_link.venue_id group by 1"
    )
    return {row["connection_id"]: tuple(row["names"]) for row in await cursor.fetchall()}
