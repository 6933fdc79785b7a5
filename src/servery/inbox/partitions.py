"""The days of the tables that grow for ever: made ahead, packed when they are over, dropped when they are old.

A table is parted by days where its key is a range of `day`; none is named here, so that a new one needs no line.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from psycopg import AsyncConnection, sql
from psycopg.errors import LockNotAvailable
from psycopg.rows import DictRow

from servery.inbox.packing import packed

Db = AsyncConnection[DictRow]

log = logging.getLogger(__name__)

AHEAD = 7
"""Days for which partitions are made ahead: so long may nothing run but what receives."""
SEEN_DAYS = 35
"""Days for which an event is known to have come: longer than any sender repeats itself."""
_PACKED = "packed"
"""The comment on a partition whose bodies are packed."""
_AT_ONCE = 500
"""Bodies packed in one transaction."""
_PURGED_AT_ONCE = 20_000
_LOCK_WAIT = "200ms"
"""How long a drop may make others wait for it, before it is left for the next round."""


class Partition(Struct, frozen=True):
    """One day of one table."""

    table: str
    name: str
    day: date
    is_packed: bool


def today() -> date:
    """The day that is being written, UTC."""
    return datetime.now(UTC).date()


async def ensure(db: Db, day: date) -> None:
    """Make the partitions of one day, of all tables, where they are missing."""
    await db.execute("select make_day(%s)", [day])


async def ensure_ahead(db: Db, days: int = AHEAD) -> None:
    """Make the partitions of today and of the days that follow."""
    for number in range(days + 1):
        await ensure(db, today() + timedelta(days=number))


async def partitions(db: Db) -> list[Partition]:
    """All partitions there are, the oldest first."""
    cursor = await db.execute(
        "select parent.relname as table, part.relname as name, to_date(right(part.relname, 8), 'YYYYMMDD') as day, "
        "coalesce(obj_description(part.oid, 'pg_class') = %s, false) as is_packed "
        "from pg_partitioned_table p join pg_class parent on parent.oid = p.partrelid "
        "join pg_inherits i on i.inhparent = parent.oid join pg_class part on part.oid = i.inhrelid "
        "where parent.relnamespace = current_schema()::regnamespace order by day, name",
        [_PACKED],
    )
    return [Partition(**row) for row in await cursor.fetchall()]


def to_pack(found: Sequence[Partition], now: date) -> list[Partition]:
    """The days of events that are over. Yesterday's are left: what waits still for its turn is read quickest raw."""
    return [one for one in found if one.table == "inbox_event" and not one.is_packed and one.day < now - timedelta(1)]


def to_drop(found: Sequence[Partition], now: date, keep_days: int) -> list[Partition]:
    """The days that are older than what is kept."""
    return [one for one in found if one.day < now - timedelta(days=keep_days)]


async def pack(db: Db, partition: Partition) -> int:
    """Pack the bodies of one day and give back the room; returns how many. `db` commits each statement by itself.

    It may be interrupted anywhere and goes on from there. Nobody waits but who reads this very day, at the end.
    """
    name, count, last = sql.Identifier(partition.name), 0, 0
    while rows := await _unpacked_after(db, name, last):
        last = rows[-1]["id"]
        bodies = await asyncio.to_thread(lambda bodies: [packed(one) for one in bodies], [row["body"] for row in rows])
        await db.execute(
            sql.SQL(
                "update {} as e set body = i.body, packed = true from unnest(%b::bigint[], %b::bytea[]) as i(id, body) "
                "where e.id = i.id and not e.packed"
            ).format(name),
            [[row["id"] for row in rows], bodies],
        )
        count += len(rows)
    await db.execute(sql.SQL("vacuum (full, analyze) {}").format(name))
    await db.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(_PACKED)))
    return count


async def _unpacked_after(db: Db, name: sql.Identifier, last: int) -> list[DictRow]:
    statement = "select id, body from {} where id > %s and not packed order by id limit %s"
    cursor = await db.execute(sql.SQL(statement).format(name), [last, _AT_ONCE], binary=True)
    return await cursor.fetchall()


async def waits(db: Db, partition: Partition) -> bool:
    """Whether this is a day of events, of which some were not taken in yet: as where a connection is paused."""
    if partition.table not in _KEYS:
        return False
    cursor = await db.execute(f"{_WAITING} limit 1", {"day": partition.day})
    return await cursor.fetchone() is not None


async def drop(db: Db, partition: Partition) -> bool:
    """Drop one day of one table. False where somebody reads there now, or where what came that day still waits.

    What rests in quarantine has its own bytes, and waits for nothing here.
    """
    name = sql.Identifier(partition.name)
    async with db.transaction():
        await db.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_WAIT)))
        try:
            async with db.transaction():
                # Nobody can have an event of it taken in again from here on.
                await db.execute(sql.SQL("lock table {} in access exclusive mode").format(name))
        except LockNotAvailable:
            log.info("%s is being read and is dropped later", partition.name)
            return False
        if await waits(db, partition):
            return False
        await db.execute(sql.SQL("drop table {}").format(name))
        if partition.table == "inbox_event":
            # Of connections that were removed.
            await db.execute(
                "delete from inbox_work w where day = %s and not exists "
                "(select from quarantine q where q.day = w.day and q.event_id = w.event_id)",
                [partition.day],
            )
    return True


async def thin(db: Db, partition: Partition) -> int:
    """Of a day that cannot be dropped yet, forget all but the events that wait; returns how many rows went.

    So a connection that is paused for long loses nothing, and what else came that day is not kept longer for it.
    """
    name, key = sql.Identifier(partition.name), sql.Identifier(_KEYS[partition.table])
    statement = sql.SQL("delete from {} where {} not in ({})").format(name, key, sql.SQL(_WAITING))
    cursor = await db.execute(statement, {"day": partition.day})
    if cursor.rowcount:
        await db.execute(sql.SQL("vacuum (full, analyze) {}").format(name))
    return cursor.rowcount


_KEYS = {"inbox_event": "id", "inbox_record": "event_id", "inbox_outcome": "event_id"}
"""The tables that speak of events, and where they name them."""

_WAITING = """
select w.event_id from inbox_work w join connection c on c.id = w.connection_id
where w.day = %(day)s and c.removed_at is null
  and not exists (select from quarantine q where q.day = w.day and q.event_id = w.event_id)"""


async def purge_seen(db: Db, days: int = SEEN_DAYS) -> int:
    """Forget which events came, once they cannot come again; returns how many. `db` commits each statement."""
    count = 0
    while True:
        cursor = await db.execute(
            "delete from inbox_seen where ctid = any(array("
            "select ctid from inbox_seen where seen_at < now() - make_interval(days => %s) limit %s))",
            [days, _PURGED_AT_ONCE],
        )
        count += cursor.rowcount
        if cursor.rowcount < _PURGED_AT_ONCE:
            return count
