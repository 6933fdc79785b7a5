"""How far each connection is read: what is here of it, what is left, and how far back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from servery.model.changes import RecordKind
from servery.sync import connections, state
from servery.sync.connections import Connection
from servery.sync.rows import Db
from servery.sync.state import HowFar, State


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
    venues = await _venues(db)
    return [
        await _status(db, one, held.get(one.id, {}), unread.get(one.id, 0), venues.get(one.id, ()))
        for one in await connections.connections(db)
    ]


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
    db: Db, one: Connection, records: Mapping[RecordKind, int], unread: int, venues: tuple[str, ...]
) -> Status:
    states = list((await state.states(db, one.id)).values())
    how_far = await state.how_far(db, one.id)
    return Status(
        connection=one,
        last_sync=max((at.last_ok_at for at in states if at.last_ok_at), default=None),
        records=records,
        unread=unread,
        venues=venues,
        how_far=how_far,
        reached=_reached(states),
    )


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
    tables: dict[RecordKind, str] = {"guest": "source_guest", "reservation": "reservation", "check": "checks"}
    found: dict[int, dict[RecordKind, int]] = {}
    for kind, table in tables.items():
        counted = await _counts(db, f"select connection_id, count(*) as n from {table} group by 1")
        for connection_id, number in counted.items():
            found.setdefault(connection_id, {})[kind] = number
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
