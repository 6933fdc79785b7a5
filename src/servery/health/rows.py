"""The SQL by which connections are looked over. It reads the tables of other rooms, and writes none of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from servery.storage.pool import Connection as Db

DAY = timedelta(hours=24)

_CONNECTIONS = """
with reading as (
    select connection_id, max(last_ok_at) as last_ok_at, min(failing_since) as failing_since,
        bool_or(backfill_since is not null and backfill_done_at is null) as fetching,
        -- What a person must mend is told before what mends itself.
        (array_agg(error || jsonb_build_object('resource', resource, 'attempts', attempts, 'next_try_at', next_try_at)
            order by (error -> 'needs_person')::boolean desc nulls last, failing_since)
            filter (where error is not null))[1] as trouble
    from sync_state group by 1
), incoming as (
    -- What waits for its set time has not failed: no backlog.
    select connection_id, count(*) as n,
        min(event_id) filter (where next_try_at <= now() or error is not null) as oldest
    from inbox_work group by 1
), outgoing as (
    -- What waits for its time, or for the hour that the owner set, is no backlog.
    select o.connection_id, count(*) as n, min(o.marked_at) filter (
        where (o.error -> 'not_yet')::boolean is not true and sending.pace <> 'batch'
        and (sending.live_from is null or sending.live_from <= %(now)s)) as oldest
    from outbox_target o join connection sending on sending.id = o.connection_id
    where o.state in ('due', 'ambiguous') group by 1
), refused as (
    select connection_id, count(*) as n from outbox_target where state = 'refused' group by 1
), kept as (
    select connection_id, count(*) as n from quarantine where resolved_at is null group by 1
), gate as (
    select connection_id, failing_since, open_until,
        stopped || jsonb_build_object('resource', 'sending', 'attempts', failures) as stopped
    from outbox_gate where failing_since is not null or stopped is not null
), day as (
    select connection_id, sum(applied + quarantined + sent + failed) as handled, sum(quarantined + failed) as failed
    from health_hour where hour > %(now)s - %(day)s group by 1
)
select c.id, c.name, c.connector, c.paused, reading.last_ok_at as last_read,
    coalesce(reading.fetching, false) as fetching,
    case when gate.stopped is not null and not coalesce((reading.trouble -> 'needs_person')::boolean, false)
        then gate.stopped else reading.trouble end as trouble,
    case when not c.paused then least(reading.failing_since, gate.failing_since) end as down_since,
    gate.failing_since is not null as sending_fails, gate.open_until, newest.received_at as last_event, done.lag,
    waits.received_at as oldest_in, day.handled, day.failed,
    coalesce(incoming.n, 0) as queue_in, coalesce(outgoing.n, 0) as queue_out,
    outgoing.oldest as oldest_out, coalesce(refused.n, 0) as refused,
    coalesce(kept.n, 0) as quarantine
from connection c
left join reading on reading.connection_id = c.id
left join incoming on incoming.connection_id = c.id
left join outgoing on outgoing.connection_id = c.id
left join refused on refused.connection_id = c.id
left join kept on kept.connection_id = c.id
left join gate on gate.connection_id = c.id
left join day on day.connection_id = c.id
left join lateral (
    -- As a range: the planner knows the order of one connection's events too well, and would look for the newest of a
    -- silent one through all events there are.
    select received_at from inbox_event where connection_id between c.id and c.id
    order by connection_id, id desc limit 1
) newest on true
left join lateral (
    -- Of the newest few, the first that was taken in: the very newest may still wait.
    select extract(epoch from outcome.at - event.received_at)::float8 as lag
    from (select day, id, received_at from inbox_event where connection_id between c.id and c.id
          order by connection_id, id desc limit 20) event
    join inbox_outcome outcome on outcome.day = event.day and outcome.event_id = event.id
    where outcome.outcome in ('applied', 'unchanged') order by event.id desc limit 1
) done on true
left join lateral (
    select received_at from inbox_event join inbox_work on inbox_work.event_id = inbox_event.id
        and inbox_work.day = inbox_event.day where inbox_work.event_id = incoming.oldest
) waits on true
where c.removed_at is null
order by c.id
"""


async def connections(db: Db, now: datetime) -> list[dict[str, Any]]:
    """A row for each connection, as `report.ConnectionHealth` needs it."""
    cursor = await db.execute(_CONNECTIONS, {"now": now, "day": DAY})
    return await cursor.fetchall()


async def open_errors(db: Db) -> list[dict[str, Any]]:
    """What failed and is not mended, counted by connection and code."""
    cursor = await db.execute(
        "select connection_id, code, sum(n)::bigint as n from ("
        "select connection_id, coalesce(reason ->> 'code', '') as code, count(*) as n from quarantine "
        "where resolved_at is null and connection_id is not null group by 1, 2 "
        "union all select connection_id, coalesce(error ->> 'code', ''), count(*) from outbox_target "
        "where state <> 'rests' and error is not null group by 1, 2 "
        "union all select connection_id, coalesce(error ->> 'code', ''), count(*) from sync_state "
        "where error is not null group by 1, 2) x group by 1, 2 order by 1, 2"
    )
    return await cursor.fetchall()
