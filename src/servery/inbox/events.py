"""Events as people look for them: listed the newest first, or one with all that is kept of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from servery.errors import NotFound
from servery.inbox.claim import Db, Via
from servery.inbox.packing import unpacked
from servery.inbox.quarantine import Stage

State = Literal["waiting", "retrying", "applied", "unchanged", "quarantined", "dismissed"]
"""waiting: its turn has not come; retrying: it failed and is tried again; the others are its outcome."""
_LOOKED_THROUGH = 20_000
"""Events that one list looks through for what no index knows. What it tells is where to go on."""
_JUDGED = 4_000
"""Events whose state one list looks up: that takes more than reading their kind."""


class EventRow(Struct, frozen=True, kw_only=True):
    """One event in a list. `connection_id` is None where nobody knows whose it is."""

    id: int
    day: date
    connection_id: int | None
    connection: str | None
    connector: str
    via: Via
    kind: str
    received_at: datetime
    state: State
    at: datetime | None
    """When its outcome was decided."""
    stage: Stage | None
    reason: dict[str, Any] | None
    """Why it failed last, as `quarantine.reason_of` keeps it."""
    attempts: int


class Stored(Struct, frozen=True, kw_only=True):
    """All that is kept of one event: `records` are kind and external id of what it speaks of."""

    row: EventRow
    body: bytes
    headers: dict[str, str]
    lane: str | None
    next_try_at: datetime | None
    records: tuple[tuple[str, str], ...]


class Asked(Struct, frozen=True, kw_only=True):
    """Which events are wanted; None: any. They speak of a record of each group of `subjects`.

    A subject is a connection and an external id.
    """

    connection_id: int | None = None
    kind: str | None = None
    state: State | None = None
    since: datetime | None = None
    subjects: tuple[Sequence[tuple[int, str]], ...] = ()
    stage: Stage | None = None
    code: str | None = None
    """Of the reason, for what is quarantined."""


class EventList(Struct, frozen=True):
    """Some events, and the id from which to go on (None: nothing is left)."""

    rows: list[EventRow]
    next: int | None


_EVENTS = "select e.id, e.day, e.connection_id, e.connector, e.via, e.kind, e.received_at from inbox_event e"
_ASIDE = (
    "select e.event_id as id, e.day, e.connection_id, e.connector, e.via, e.kind, e.at as received_at from quarantine e"
)
_AT_WORK = (
    "select e.id, e.day, e.connection_id, e.connector, e.via, e.kind, e.received_at from inbox_work w "
    "join inbox_event e on e.id = w.event_id and e.day = w.day"
)

_LIST = """
with looked as materialized ({base} order by id {way} limit %(looked)s),
found as (
    select l.*, c.name as connection, q.stage, coalesce(q.reason, w.error) as reason,
           coalesce(w.attempts, q.attempts, 0) as attempts, coalesce(q.at, o.at) as at,
           case when w.event_id is not null and w.error is null then 'waiting'
                when w.event_id is not null then 'retrying'
                when q.id is not null then 'quarantined' else coalesce(o.outcome, 'applied') end as state
    from looked l left join connection c on c.id = l.connection_id
    left join inbox_outcome o on o.event_id = l.id and o.day = l.day
    left join inbox_work w on w.event_id = l.id
    left join quarantine q on q.event_id = l.id and q.day = l.day and q.resolved_at is null
)
select found.*, reach.n as looked, reach.last
from (select count(*) as n, {last}(id) as last from looked) reach
left join lateral (select * from found where {wanted} order by id {way} limit %(limit)s) found on true
order by found.id {way}"""


async def events(db: Db, asked: Asked, *, limit: int, before: int | None = None, after: int | None = None) -> EventList:
    """The newest events that are wanted, before an id; or with `after` those that came since, the oldest first."""
    base, wanted, filtered = _query(asked, before, after)
    looked = max(limit + 1, _JUDGED if asked.state else _LOOKED_THROUGH if filtered else 0)
    forward = after is not None
    query = _LIST.format(base=base, wanted=wanted, way="asc" if forward else "desc", last="max" if forward else "min")
    given = {**_values(asked), "before": before, "after": after, "limit": limit + 1, "looked": looked}
    rows = await (await db.execute(query, given)).fetchall()
    found = [msgspec.convert({name: row[name] for name in EventRow.__struct_fields__}, EventRow)
             for row in rows if row["id"] is not None]  # fmt: skip
    if len(found) > limit:
        return EventList(found[:limit], found[limit - 1].id)
    return EventList(found, rows[0]["last"] if rows and rows[0]["looked"] == looked else None)


def _query(asked: Asked, before: int | None, after: int | None) -> tuple[str, str, bool]:
    """Where to look, what to take of it, and whether much may have to be looked through."""
    work = asked.state in ("waiting", "retrying")
    aside = asked.state == "quarantined" or asked.stage is not None or asked.code is not None
    base, ident = (_AT_WORK, "e.id") if work else (_ASIDE, "e.event_id") if aside else (_EVENTS, "e.id")
    terms = ["e.resolved_at is null"] if aside else []
    conditions: Mapping[str, object] = {
        "e.connection_id = %(connection)s": asked.connection_id,
        f"{ident} < %(before)s": before,
        f"{ident} > %(after)s": after,
        "e.day >= %(since_day)s": asked.since,
        f"{'e.at' if aside else 'e.received_at'} >= %(since)s": asked.since,
        "e.stage = %(stage)s": asked.stage,
        "e.reason ->> 'code' = %(code)s": asked.code,
    }
    terms += [term for term, value in conditions.items() if value is not None]
    terms += [_SPEAKS.format(ident=ident, n=n) for n in range(len(asked.subjects))]
    wanted = (
        ["true"]
        + (["found.kind = %(kind)s"] if asked.kind else [])
        + (["found.state = %(state)s"] if asked.state else [])
    )
    where = f" where {' and '.join(terms)}" if terms else ""
    return base + where, " and ".join(wanted), bool(asked.kind or asked.state)


_SPEAKS = (
    "({ident}, e.day) in (select r.event_id, r.day from inbox_record r join "
    "unnest(%(connections_{n})s::bigint[], %(external_{n})s::text[]) as s(connection_id, external_id) "
    "on r.connection_id = s.connection_id and r.external_id = s.external_id)"
)


def _values(asked: Asked) -> dict[str, object]:
    subjects: dict[str, object] = {}
    for n, group in enumerate(asked.subjects):
        subjects[f"connections_{n}"] = [connection for connection, _ in group]
        subjects[f"external_{n}"] = [external_id for _, external_id in group]
    return {
        "connection": asked.connection_id,
        "kind": asked.kind,
        "state": asked.state,
        "since": asked.since,
        "since_day": asked.since.astimezone(UTC).date() if asked.since else None,
        "stage": asked.stage,
        "code": asked.code,
        **subjects,
    }


async def event(db: Db, event_id: int) -> Stored:
    """One event with its bytes. NotFound when there is none, or its day was dropped."""
    row = await _row(db, event_id)
    listed = await events(db, Asked(), limit=1, before=event_id + 1, after=event_id - 1)
    if not listed.rows:
        listed = await events(db, Asked(state="quarantined"), limit=1, before=event_id + 1, after=event_id - 1)
    if row is None or not listed.rows:
        raise NotFound("There is no event {id}, or it came too long ago to be kept.", id=event_id)
    records = await db.execute(
        "select kind, external_id from inbox_record where event_id = %s and day = %s order by 1, 2",
        [event_id, row["day"]],
    )
    return Stored(
        row=listed.rows[0],
        body=unpacked(bytes(row["body"]), row["packed"]),
        headers=row["headers"],
        lane=row["lane"],
        next_try_at=row["next_try_at"],
        records=tuple((one["kind"], one["external_id"]) for one in await records.fetchall()),
    )


async def _row(db: Db, event_id: int) -> Mapping[str, Any] | None:
    cursor = await db.execute(
        "select e.day, e.body, e.packed, e.headers, coalesce(w.lane, o.lane) as lane, w.next_try_at "
        "from inbox_event e left join inbox_work w on w.event_id = e.id "
        "left join inbox_outcome o on o.event_id = e.id and o.day = e.day where e.id = %(id)s "
        "union all select q.day, q.body, false, q.headers, q.lane, null from quarantine q where q.event_id = %(id)s "
        "limit 1",
        {"id": event_id},
    )
    return await cursor.fetchone()


async def kinds(db: Db) -> list[str]:
    """The kinds of the newest events, for a list to choose from."""
    cursor = await db.execute(
        "select distinct kind from (select kind from inbox_event order by id desc limit %s) as newest "
        "where kind <> '' order by kind limit 100",
        [_LOOKED_THROUGH],
    )
    return [row["kind"] for row in await cursor.fetchall()]
