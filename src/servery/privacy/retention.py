"""What is not kept for ever: rules by age, each with a preview of what it would do and a log of what it did."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from servery.errors import Invalid
from servery.storage.pool import Connection as Db

Kind = Literal["guests", "bookings", "checks", "looks", "requests"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Guests who did not come for so long are erased; remarks on bookings, and names and notes on checks, are emptied;
who looked at which guest is forgotten, and who asked in a closed request."""
SUGGESTED: Mapping[Kind, int] = {"guests": 36, "bookings": 24, "checks": 24, "looks": 24, "requests": 36}
"""Months that many authorities hold to be enough; nothing goes until somebody chooses so."""
AT_ONCE = 1000
_MOST_MONTHS = 600


class Rule(Struct, frozen=True):
    """One rule: so many months, or None where it is kept for ever."""

    kind: Kind
    months: int | None
    suggested: int


Last = Literal["visit", "booking", "check", "known"]


class Old(Struct, frozen=True, kw_only=True):
    """One thing that is too old: its day, what it is called, and the guest where it is one.

    `last`: what a guest's day is of, their last visit, booking or check; `known` where there is none of these, and they
    are only known since that day.
    """

    id: int
    day: date
    name: str | None = None
    last: Last | None = None


class Preview(Struct, frozen=True, kw_only=True):
    """What a rule of so many months would touch now: how many, and the first of them, the oldest first."""

    kind: Kind
    months: int
    found: int
    first: tuple[Old, ...]


class Run(Struct, frozen=True, kw_only=True):
    """One run of a rule."""

    id: int
    at: datetime
    kind: Kind
    months: int
    found: int
    done: int
    ended_at: datetime | None


async def rules(db: Db) -> list[Rule]:
    """All rules."""
    cursor = await db.execute("select kind, months from retention_rule")
    chosen = {row["kind"]: row["months"] for row in await cursor.fetchall()}
    return [Rule(kind, chosen.get(kind), SUGGESTED[kind]) for kind in KINDS]


async def choose(db: Db, kind: Kind, months: int | None) -> None:
    """Keep something for so many months, or with None for ever."""
    if months is None:
        await db.execute("delete from retention_rule where kind = %s", [kind])
        return
    if not 1 <= months <= _MOST_MONTHS:
        raise Invalid("Choose from 1 to 600 months.", field="months")
    await db.execute(
        "insert into retention_rule (kind, months) values (%s, %s) "
        "on conflict (kind) do update set months = excluded.months, changed_at = now()",
        [kind, months],
    )


async def preview(db: Db, kind: Kind, months: int) -> int:
    """How many a rule would touch now."""
    cursor = await db.execute(f"select count(*) as n from ({_FOUND[kind]}) as found", {"months": months})
    row = await cursor.fetchone()
    return int(row["n"]) if row else 0


async def inactive(db: Db, months: int, limit: int = AT_ONCE) -> list[int]:
    """Guests who are to be erased now."""
    cursor = await db.execute(f"{_FOUND['guests']} order by id limit %(limit)s", {"months": months, "limit": limit})
    return [row["id"] for row in await cursor.fetchall()]


async def is_inactive(db: Db, months: int, guest_id: int) -> bool:
    """Whether this very guest is to be erased now; never one who was merged into another meanwhile."""
    cursor = await db.execute(
        f"select exists (select from ({_FOUND['guests']}) as found where found.id = %(id)s) as there",
        {"months": months, "id": guest_id},
    )
    row = await cursor.fetchone()
    return bool(row and row["there"])


async def empty_out(db: Db, kind: Kind, months: int) -> int:
    """Empty what is too old, in the caller's transaction; how much it was. Guests are erased one by one instead."""
    if kind == "looks":
        await db.execute(
            "select set_config('servery.audit_kept_since', (now() - make_interval(months => %s))::text, true)", [months]
        )
    cursor = await db.execute(_EMPTYING[kind].format(found=_FOUND[kind]), {"months": months})
    return cursor.rowcount


async def look(db: Db, kind: Kind, months: int, limit: int = 50) -> Preview:
    """What a rule would touch now, without touching it. Invalid where the months cannot be chosen."""
    if not 1 <= months <= _MOST_MONTHS:
        raise Invalid("Choose from 1 to 600 months.", field="months")
    cursor = await db.execute(
        f"with found as materialized ({_FOUND[kind]}) {_FIRST[kind]}", {"months": months, "limit": limit}
    )
    first = tuple(msgspec.convert(await cursor.fetchall(), list[Old]))
    return Preview(kind=kind, months=months, found=await preview(db, kind, months), first=first)


async def begin(db: Db, kind: Kind, months: int, found: int) -> int:
    """Note in the log that a run begins; its id."""
    cursor = await db.execute(
        "insert into retention_run (kind, months, found, done) values (%s, %s, %s, 0) returning id",
        [kind, months, found],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


async def end(db: Db, run_id: int, done: int) -> None:
    """Note in the log what a run came to."""
    await db.execute("update retention_run set done = %s, ended_at = now() where id = %s", [done, run_id])


async def runs(db: Db, limit: int = 50) -> list[Run]:
    """The latest runs."""
    cursor = await db.execute("select * from retention_run order by id desc limit %s", [limit])
    return [msgspec.convert(row, Run) for row in await cursor.fetchall()]


_OLD = "now() - make_interval(months => %(months)s)"
_FOUND: Mapping[Kind, str] = {
    # Whoever is expected, came, booked or was entered since then stays, under any of their records. Since when a record
    # is there its source says, or what they booked then: here it may have come only with the import of yesterday.
    "guests": f"""
select g.id from guest g where g.merged_into is null
and (g.created_at < {_OLD} or exists (select from source_guest s where s.guest_id = g.id))
and not exists (select from source_guest s where s.guest_id = g.id and (
    (s.body ->> 'created_at')::timestamptz >= {_OLD}
    or not s.body ? 'created_at' and g.created_at >= {_OLD}
        and not exists (select from reservation r where r.source_guest_id = s.id)
        and not exists (select from visit v where v.source_guest_id = s.id)
        and not exists (select from checks c where c.source_guest_id = s.id)
    or exists (select from reservation r where r.source_guest_id = s.id and r.starts_at >= {_OLD})
    or exists (select from visit v where v.source_guest_id = s.id and v.starts_at >= {_OLD})
    or exists (select from checks c where c.source_guest_id = s.id and c.opened_at >= {_OLD})))""",
    "bookings": f"""
select id from reservation where business_date < ({_OLD})::date
and body ?| array['requests', 'occasion', 'notes', 'guest', 'reference']""",
    "checks": f"""
select id from checks where business_date < ({_OLD})::date
and (label is not null or body ?| array['label', 'note', 'guest'])""",
    "looks": f"select id from guest_look where at < {_OLD}",
    "requests": f"select id from subject_request where closed_at < {_OLD} "
    "and (asked_by is not null or extension_reason is not null)",
}
_EMPTYING: Mapping[Kind, str] = {
    "bookings": "update reservation set body = body - array['requests', 'occasion', 'notes', 'guest', 'reference'] "
    "where id in ({found})",
    "checks": "update checks set label = null, body = body - array['label', 'note', 'guest'] where id in ({found})",
    "looks": "delete from guest_look where id in ({found})",
    "requests": "update subject_request set asked_by = null, extension_reason = null where id in ({found})",
}
_FIRST: Mapping[Kind, str] = {
    "guests": """
select g.id, g.name, l.day, l.last
from found join guest g on g.id = found.id
cross join lateral (
    select * from (
        select 1 as place, 'visit' as last, max(v.business_date) as day
        from source_guest s join visit v on v.source_guest_id = s.id where s.guest_id = g.id
        union all select 2, 'booking', max(r.business_date)
        from source_guest s join reservation r on r.source_guest_id = s.id where s.guest_id = g.id
        union all select 3, 'check', max(c.business_date)
        from source_guest s join checks c on c.source_guest_id = s.id where s.guest_id = g.id
        union all select 4, 'known', coalesce(max((s.body ->> 'created_at')::timestamptz), g.created_at)::date
        from source_guest s where s.guest_id = g.id
    ) as each where day is not null order by place = 4, day desc, place limit 1
) as l
order by l.day, g.id limit %(limit)s""",
    "bookings": "select r.id, v.name, r.business_date as day from found join reservation r on r.id = found.id "
    "join venue v on v.id = r.venue_id order by day, r.id limit %(limit)s",
    "checks": "select c.id, v.name, c.business_date as day from found join checks c on c.id = found.id "
    "join venue v on v.id = c.venue_id order by day, c.id limit %(limit)s",
    "looks": "select l.id, l.viewer_kind as name, l.at::date as day from found join guest_look l on l.id = found.id "
    "order by day, l.id limit %(limit)s",
    "requests": "select q.id, null::text as name, q.received_on as day from found join subject_request q "
    "on q.id = found.id order by day, q.id limit %(limit)s",
}
