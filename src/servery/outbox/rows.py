"""The SQL of sending: what is due is claimed in sets, with a lease and a fence, and settled in sets.

No statement here waits for a row that another transaction holds, so that those who mark and those who send never wait
for one another in a circle.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from servery.model.commands import CommandKind
from servery.outbox.clock import NOW, REAL, Clock
from servery.outbox.hold import State
from servery.storage.pool import Connection as Db


class Claimed(Struct, frozen=True, kw_only=True):
    """One object whose sending is ours until the lease ends. `fence` is ours alone: who claims it next has another.

    `tried_version` is set where nobody knows how an earlier try ended; `early` where its next try was not due yet.
    """

    id: int
    kind: CommandKind
    subject_id: int
    our_id: str
    external_id: str | None
    version: int
    sent_version: int
    sent_digest: bytes | None
    written: dict[str, Any]
    attempts: int
    tried_version: int | None
    tried_digest: bytes | None
    fence: int
    early: bool


class Settled(Struct, frozen=True, kw_only=True):
    """What became of one claim. `wait`: seconds until the next try, None to leave that as it was.

    `version` and `digest` are the state that is there now, where `done`; `keep_tried` where the end of a try stays
    unknown. `outcome` None: nothing was tried.
    """

    id: int
    fence: int
    state: State
    outcome: str | None = None
    milliseconds: int = 0
    tried: int = 0
    done: bool = False
    version: int | None = None
    digest: bytes | None = None
    external_id: str | None = None
    written: bytes | None = None
    skipped: tuple[str, ...] = ()
    keep_tried: bool = False
    attempts: int = 0
    wait: float | None = 0.0
    error: bytes | None = None


_CLAIM = f"""
with due as (
    select id, next_try_at > {NOW} as early from outbox_target
    where connection_id = %(connection)s and state in ('due', 'ambiguous')
    and (%(early)s or next_try_at <= {NOW}) and (leased_until is null or leased_until <= {NOW})
    and (%(until)s::timestamptz is null or marked_at <= %(until)s) and id <> all(%(mine)s)
    order by next_try_at, id limit %(most)s for update skip locked
)
update outbox_target t set leased_until = {NOW} + %(lease)s, fence = t.fence + 1 from due where t.id = due.id
returning t.id, t.kind, t.subject_id, t.our_id::text as our_id, t.external_id, t.version, t.sent_version,
          t.sent_digest, t.written, t.attempts, t.tried_version, t.tried_digest, t.fence, due.early"""


async def claim(
    db: Db,
    connection_id: int,
    most: int,
    lease: float,
    *,
    early: bool = False,
    until: datetime | None = None,
    mine: Collection[int] = (),
    clock: Clock = REAL,
) -> list[Claimed]:
    """Take up to `most` objects that are due, those due longest first.

    `early` also takes what waits for a later try (as a probe); `until` leaves what was marked after it, `mine` names
    what this process has under way. One whose lease ended is taken too: its sender is gone.
    """
    cursor = await db.execute(
        _CLAIM,
        {
            "connection": connection_id,
            "most": most,
            "lease": timedelta(seconds=lease),
            "early": early,
            "until": until,
            "mine": list(mine),
            "now": clock.now(),
        },
    )
    return [msgspec.convert(row, Claimed) for row in await cursor.fetchall()]


async def begin(db: Db, tries: Sequence[tuple[Claimed, bytes]]) -> set[int]:
    """Note, before they are sent, which states (by digest) are; the ids of those that are ours and not just marked."""
    cursor = await db.execute(
        "with free as (select t.id, i.version, i.digest from outbox_target t join "
        "unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::bytea[]) as i(id, fence, version, digest) "
        "on t.id = i.id and t.fence = i.fence for update of t skip locked) "
        "update outbox_target t set tried_version = free.version, tried_digest = free.digest "
        "from free where t.id = free.id returning t.id",
        [
            [one.id for one, _ in tries],
            [one.fence for one, _ in tries],
            [one.version for one, _ in tries],
            [digest for _, digest in tries],
        ],
    )
    return {row["id"] for row in await cursor.fetchall()}


async def renew(db: Db, claims: Sequence[Claimed], lease: float, clock: Clock = REAL) -> set[int]:
    """Make the leases longer; the ids of those still ours."""
    cursor = await db.execute(
        f"update outbox_target set leased_until = {NOW} + %(lease)s where id in (select t.id from outbox_target t "
        "join unnest(%(ids)s::bigint[], %(fences)s::bigint[]) as i(id, fence) on t.id = i.id and t.fence = i.fence "
        "for update of t skip locked) returning id",
        {
            "ids": [one.id for one in claims],
            "fences": [one.fence for one in claims],
            "lease": timedelta(seconds=lease),
            "now": clock.now(),
        },
    )
    return {row["id"] for row in await cursor.fetchall()}


_COLUMNS = {
    "id": "bigint", "fence": "bigint", "state": "text", "done": "boolean", "version": "bigint", "digest": "bytea",
    "external_id": "text", "written": "text", "skipped": "text", "keep_tried": "boolean", "attempts": "integer",
    "wait": "float8", "error": "text",
}  # fmt: skip
_MORE = "i.state in ('rests', 'refused') and t.version > coalesce(i.version, t.tried_version, t.version)"
"""It was marked again while it was being sent."""

_SETTLE = f"""
update outbox_target t set
    leased_until = null,
    state = case when t.state = 'held' then 'held' when {_MORE} then 'due' else i.state end,
    marked_at = case when {_MORE} then {NOW} else t.marked_at end,
    external_id = coalesce(i.external_id, t.external_id),
    written = coalesce(i.written::jsonb, t.written),
    skipped = case when i.done then string_to_array(i.skipped, ',') else t.skipped end,
    sent_version = case when i.done then i.version else t.sent_version end,
    sent_digest = case when i.written is not null then i.digest else t.sent_digest end,
    sent_at = case when i.done and i.written is not null then {NOW} else t.sent_at end,
    tried_version = case when i.keep_tried then t.tried_version end,
    tried_digest = case when i.keep_tried then t.tried_digest end,
    attempts = case when {_MORE} then 0 else i.attempts end,
    next_try_at = case when {_MORE} then {NOW} else coalesce({NOW} + i.wait * interval '1 second', t.next_try_at) end,
    error = case when {_MORE} then null else i.error::jsonb end
from unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items())}) as i({", ".join(_COLUMNS)})
where t.id = i.id and t.fence = i.fence and t.id = any(%(free)s) returning t.id"""


async def settle(
    db: Db, connection_id: int, outcomes: Sequence[Settled], clock: Clock = REAL
) -> tuple[set[int], list[Settled]]:
    """Keep what became of claims: the ids settled, and those to settle later, for somebody is just marking them.

    Whose fence is no longer that of the row is neither: another has claimed it since, and knows better.
    """
    cursor = await db.execute(
        "select id from outbox_target where id = any(%s) for update skip locked", [[one.id for one in outcomes]]
    )
    free = {row["id"] for row in await cursor.fetchall()}
    values: dict[str, Any] = {name: [_value(one, name) for one in outcomes] for name in _COLUMNS}
    cursor = await db.execute(_SETTLE, values | {"free": list(free), "now": clock.now()})
    settled = {row["id"] for row in await cursor.fetchall()}
    await _log(db, connection_id, [one for one in outcomes if one.id in settled and one.outcome], clock)
    return settled, [one for one in outcomes if one.id not in free]


def _value(one: Settled, name: str) -> Any:
    value = getattr(one, name)
    if isinstance(value, bytes) and _COLUMNS[name] == "text":
        return value.decode()
    return ",".join(value) if name == "skipped" else value


async def _log(db: Db, connection_id: int, tries: Sequence[Settled], clock: Clock) -> None:
    if tries:
        await db.execute(
            "insert into outbox_attempt (day, target_id, connection_id, at, version, outcome, milliseconds, error) "
            f"select ({NOW} at time zone 'UTC')::date, i.id, %(connection)s, {NOW}, i.version, i.outcome, i.ms, "
            "i.error::jsonb from unnest(%(ids)s::bigint[], %(versions)s::bigint[], %(outcomes)s::text[], "
            "%(ms)s::integer[], %(errors)s::text[]) as i(id, version, outcome, ms, error)",
            {
                "connection": connection_id,
                "ids": [one.id for one in tries],
                "versions": [one.tried for one in tries],
                "outcomes": [one.outcome for one in tries],
                "ms": [one.milliseconds for one in tries],
                "errors": [one.error.decode() if one.error else None for one in tries],
                "now": clock.now(),
            },
        )


async def due_in(db: Db, connection_id: int, until: datetime | None, clock: Clock = REAL) -> float | None:
    """Seconds until something of a connection is due, None when nothing waits."""
    cursor = await db.execute(
        f"select extract(epoch from min(greatest(next_try_at, leased_until)) - {NOW})::float8 as seconds "
        "from outbox_target where connection_id = %(id)s and state in ('due', 'ambiguous') "
        "and (%(until)s::timestamptz is null or marked_at <= %(until)s)",
        {"id": connection_id, "until": until, "now": clock.now()},
    )
    row = await cursor.fetchone()
    assert row is not None
    return None if row["seconds"] is None else max(0.0, row["seconds"])
