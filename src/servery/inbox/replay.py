"""Dealing with events again: replayed, which does nothing twice, or dismissed, which can be undone."""

from servery.errors import NotFound, Refuse
from servery.inbox.claim import ARRIVED, Db
from servery.inbox.events import Asked, events

_AT_ONCE = 1_000
MOST = 100_000
"""Events replayed by one order: more is a matter of reading the connection anew."""


async def replay(db: Db, event_id: int) -> None:
    """Have one event taken in again, whatever became of it. NotFound, or Refuse where nobody knows whose it is."""
    cursor = await db.execute(
        "select day, connection_id from inbox_event where id = %(id)s "
        "union all select day, connection_id from quarantine where event_id = %(id)s limit 1",
        {"id": event_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no event {id}, or it came too long ago to be kept.", id=event_id)
    if row["connection_id"] is None:
        raise Refuse(
            "Nobody knows which connection this event belongs to.",
            mend="Connect that account: the event is then taken in by itself.",
        )
    await _again(db, [event_id])


async def count(db: Db, asked: Asked) -> int:
    """How many events an order to replay these would take in again, up to MOST."""
    return len(await _ids(db, asked))


async def replay_all(db: Db, asked: Asked) -> int:
    """Have all of these events taken in again, the oldest first; how many those are."""
    ids = await _ids(db, asked)
    await _again(db, ids)
    return len(ids)


async def _ids(db: Db, asked: Asked) -> list[int]:
    found: list[int] = []
    after: int | None = 0
    while after is not None and len(found) < MOST:
        some = await events(db, asked, limit=_AT_ONCE, after=after)
        found += [one.id for one in some.rows if one.connection_id is not None]
        after = some.next
    return found[:MOST]


async def _again(db: Db, event_ids: list[int]) -> None:
    await db.execute(
        "insert into inbox_work (event_id, day, connection_id) "
        "select id, day, connection_id from inbox_event where id = any(%(ids)s) and connection_id is not null "
        "union select event_id, day, connection_id from quarantine "
        "where event_id = any(%(ids)s) and connection_id is not null "
        "on conflict (event_id) do update set next_try_at = now(), attempts = 0, error = null",
        {"ids": event_ids},
    )
    await db.execute("select pg_notify(%s, '')", [ARRIVED])


async def left(db: Db, event_ids: list[int]) -> int:
    """How many of these still wait for their turn."""
    cursor = await db.execute("select count(*) as n from inbox_work where event_id = any(%s)", [event_ids])
    row = await cursor.fetchone()
    return row["n"] if row else 0


async def dismiss(db: Db, asked: Asked, event_id: int | None = None) -> int:
    """Lay quarantined events aside for good: one, or all that are meant; how many. `undo` takes it back."""
    cursor = await db.execute(
        "update quarantine set resolved_at = now(), resolution = 'dismissed' where resolved_at is null "
        "and (%(event)s::bigint is null or event_id = %(event)s) "
        "and (%(event)s::bigint is not null or connection_id is not distinct from %(connection)s) "
        "and (%(stage)s::text is null or stage = %(stage)s) "
        "and (%(code)s::text is null or coalesce(reason ->> 'code', '') = %(code)s) returning event_id, day",
        {"event": event_id, "connection": asked.connection_id, "stage": asked.stage, "code": asked.code},
    )
    return await _became(db, await cursor.fetchall(), "dismissed")


async def undo(db: Db, event_id: int) -> int:
    """Take back a dismissal, with all that were dismissed in the same stroke; how many."""
    cursor = await db.execute(
        "update quarantine set resolved_at = null, resolution = null where resolution = 'dismissed' "
        "and resolved_at = (select max(resolved_at) from quarantine where event_id = %s and resolution = 'dismissed') "
        "returning event_id, day",
        [event_id],
    )
    return await _became(db, await cursor.fetchall(), "quarantined")


async def _became(db: Db, rows: list[dict[str, object]], outcome: str) -> int:
    if rows:
        await db.execute(
            "update inbox_outcome as o set outcome = %s, at = clock_timestamp() "
            "from unnest(%s::bigint[], %s::date[]) as i(id, day) where o.event_id = i.id and o.day = i.day",
            [outcome, [row["event_id"] for row in rows], [row["day"] for row in rows]],
        )
    return len(rows)
