"""What happened hour by hour: the counts that shares, histories and metrics are made of, read from the tables once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from servery.storage.pool import Connection as Db

LONGEST_TURN = timedelta(seconds=60)
"""A look counts for no longer than this: what nobody watched is neither well nor not."""
COUNTED_EVERY = timedelta(seconds=30)

_COUNT = """
with bounds as (select %(since)s::timestamptz as since, (%(since)s at time zone 'UTC')::date as day),
received as (
    select connection_id, date_trunc('hour', received_at, 'UTC') as hour, count(*) as n
    from inbox_event, bounds
    where inbox_event.day >= bounds.day - 1 and received_at >= since and connection_id is not null group by 1, 2
), outcomes as (
    select e.connection_id, date_trunc('hour', o.at, 'UTC') as hour,
        count(*) filter (where o.outcome in ('applied', 'unchanged')) as applied,
        count(*) filter (where o.outcome = 'quarantined') as quarantined
    from inbox_outcome o join inbox_event e on e.day = o.day and e.id = o.event_id, bounds
    where o.at >= bounds.since and e.connection_id is not null group by 1, 2
), attempts as (
    select connection_id, date_trunc('hour', at, 'UTC') as hour,
        count(*) filter (where outcome in ('sent', 'found')) as sent,
        count(*) filter (where outcome in ('retry', 'ambiguous', 'needs_person', 'refused')) as failed
    from outbox_attempt, bounds where outbox_attempt.day >= bounds.day - 1 and at >= bounds.since group by 1, 2
)
insert into health_hour (connection_id, hour, received, applied, quarantined, sent, failed)
select connection_id, hour, coalesce(received.n, 0), coalesce(applied, 0), coalesce(quarantined, 0), coalesce(sent, 0),
    coalesce(failed, 0)
from received full join outcomes using (connection_id, hour) full join attempts using (connection_id, hour)
join connection on connection.id = connection_id
on conflict (connection_id, hour) do update set received = excluded.received, applied = excluded.applied,
    quarantined = excluded.quarantined, sent = excluded.sent, failed = excluded.failed
"""


class Hour(Struct, frozen=True, kw_only=True):
    """One hour of one connection. What nobody watched counts in neither `watched_seconds` nor `down_seconds`."""

    hour: datetime
    received: int
    applied: int
    quarantined: int
    sent: int
    failed: int
    watched_seconds: int
    down_seconds: int


class Totals(Struct, frozen=True, kw_only=True):
    """What one connection came to since it was joined; numbers that only grow."""

    connection_id: int
    received: int
    applied: int
    quarantined: int
    sent: int
    failed: int


async def count(db: Db, now: datetime) -> None:
    """Make the counts of this hour and the one before anew: what is still written to."""
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    await db.execute(_COUNT, {"since": since})


async def watched(db: Db, working: Collection[int], down: Collection[int], seconds: int, now: datetime) -> None:
    """Add some seconds of watching to the running hour of connections that work and of those that do not."""
    await db.execute(
        "insert into health_hour (connection_id, hour, watched_seconds, down_seconds) "
        "select id, date_trunc('hour', %(now)s::timestamptz, 'UTC'), %(seconds)s, "
        "  case when id = any(%(down)s) then %(seconds)s else 0 end from unnest(%(all)s::bigint[]) as t(id) "
        "on conflict (connection_id, hour) do update set "
        "watched_seconds = health_hour.watched_seconds + excluded.watched_seconds, "
        "down_seconds = health_hour.down_seconds + excluded.down_seconds",
        {"now": now, "seconds": seconds, "down": list(down), "all": [*working, *down]},
    )


async def history(db: Db, connection_id: int, now: datetime, hours: int = 24) -> list[Hour]:
    """The last hours of a connection, oldest first, those without anything among them."""
    fields = [name for name in Hour.__struct_fields__ if name != "hour"]
    columns = ", ".join(f"coalesce({name}, 0) as {name}" for name in fields)
    cursor = await db.execute(
        f"select t.hour, {columns} from generate_series(date_trunc('hour', %(now)s::timestamptz, 'UTC') "
        "- (%(hours)s - 1) * interval '1 hour', %(now)s, '1 hour') as t(hour) "
        "left join health_hour h on h.hour = t.hour and h.connection_id = %(id)s order by 1",
        {"now": now, "hours": hours, "id": connection_id},
    )
    return [msgspec.convert(row, Hour) for row in await cursor.fetchall()]


async def totals(db: Db) -> list[Totals]:
    """What each connection came to since it was joined."""
    names = [name for name in Totals.__struct_fields__ if name != "connection_id"]
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in names)
    cursor = await db.execute(f"select connection_id, {sums} from health_hour group by 1 order by 1")
    return [msgspec.convert(row, Totals) for row in await cursor.fetchall()]
