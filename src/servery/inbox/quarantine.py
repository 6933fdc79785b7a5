"""Events that could not be taken in: kept with their bytes until a person has dealt with them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import msgspec
from msgspec import Struct

from servery.errors import ServeryError
from servery.inbox.claim import Db

Stage = Literal["route", "read", "translate", "apply"]
"""Where it failed: whose it is, what its bytes say, what it means, or whether our tables can hold it."""
_LONGEST = 300
"""Characters of one value in a reason."""


class Aside(Struct, frozen=True, kw_only=True):
    """An event to be put aside, with its bytes as they came."""

    event_id: int
    day: date
    body: bytes
    stage: Stage
    reason: Mapping[str, Any]
    lane: str | None = None
    attempts: int = 1


def reason_of(error: ServeryError) -> dict[str, Any]:
    """A failure as it is stored: sentences with places, so that a page can say it in any language."""
    return {
        "code": error.code,
        "template": error.template,
        "mend": error.mend,
        "params": {name: _plain(value) for name, value in error.params.items()},
    }


def _plain(value: object) -> str:
    """A value that any table holds: what a stranger sent may be no text at all."""
    return str(value)[:_LONGEST].encode(errors="replace").decode().replace("\0", "")


def error_of(reason: Mapping[str, Any]) -> ServeryError:
    """A stored failure as an error again, for its words."""
    template = reason.get("template") or reason.get("message") or reason.get("code") or ""
    return ServeryError(template, code=reason.get("code"), mend=reason.get("mend"), **reason.get("params", {}))


async def put_aside(db: Db, events: Sequence[Aside]) -> None:
    """Put stored events into quarantine; one that is there already says why it failed this time."""
    if not events:
        return
    told = [
        [one.event_id for one in events],
        [one.day for one in events],
        [one.stage for one in events],
        [one.lane for one in events],
        [one.attempts for one in events],
        [msgspec.json.encode(one.reason).decode() for one in events],
    ]
    cursor = await db.execute(
        "update quarantine as q set stage = i.stage, lane = i.lane, attempts = q.attempts + i.attempts, "
        "reason = i.reason::jsonb, at = now(), resolved_at = null, resolution = null "
        f"from {_TOLD} where q.event_id = i.id and q.day = i.day returning q.event_id",
        told,
    )
    there = {row["event_id"] for row in await cursor.fetchall()}
    await db.execute(
        "insert into quarantine (event_id, day, connection_id, connector, via, kind, key, headers, body, stage, lane, "
        "attempts, reason) "
        "select e.id, e.day, e.connection_id, e.connector, e.via, e.kind, e.key, e.headers, b.body, i.stage, i.lane, "
        f"i.attempts, i.reason::jsonb from {_TOLD} join inbox_event e on e.id = i.id and e.day = i.day "
        "join unnest(%s::bigint[], %b::bytea[]) as b(id, body) on b.id = i.id where i.id <> all(%s)",
        [*told, told[0], [one.body for one in events], list(there)],
    )


_TOLD = (
    "unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], %s::integer[], %s::text[]) "
    "as i(id, day, stage, lane, attempts, reason)"
)


async def still_aside(db: Db, connection_id: int, failed: Mapping[str, Mapping[str, Any]]) -> None:
    """Records read again, by key, that failed again: no second row, but the latest reason."""
    if failed:
        await db.execute(
            "update quarantine as q set attempts = q.attempts + 1, reason = i.reason::jsonb "
            "from unnest(%s::text[], %s::text[]) as i(key, reason) "
            "where q.connection_id = %s and q.key = i.key and q.resolved_at is null",
            [list(failed), [msgspec.json.encode(one).decode() for one in failed.values()], connection_id],
        )


async def settled(db: Db, connection_id: int, keys: Collection[str]) -> None:
    """Records read again, by key, that went well this time: what was put aside of them is dealt with."""
    cursor = await db.execute(
        "update quarantine set resolved_at = now(), resolution = 'replayed' "
        "where connection_id = %s and key = any(%s) and resolved_at is null returning event_id, day",
        [connection_id, list(keys)],
    )
    await _applied(db, [(row["event_id"], row["day"]) for row in await cursor.fetchall()])


async def _applied(db: Db, events: Sequence[tuple[int, date]]) -> None:
    if events:
        await db.execute(
            "update inbox_outcome as o set outcome = 'applied', at = now() "
            "from unnest(%s::bigint[], %s::date[]) as i(id, day) where o.event_id = i.id and o.day = i.day",
            [[one for one, _ in events], [day for _, day in events]],
        )


async def replayed(db: Db, event_ids: Collection[int]) -> None:
    """Events that went well this time rest no longer."""
    await db.execute(
        "update quarantine set resolved_at = now(), resolution = 'replayed' "
        "where event_id = any(%s) and resolved_at is null",
        [list(event_ids)],
    )


class Group(Struct, frozen=True, kw_only=True):
    """Open quarantine of one connection for one reason. `connection_id` None: nobody knows whose the events are."""

    connection_id: int | None
    connection: str | None
    connector: str
    stage: Stage
    code: str
    reason: Mapping[str, Any]
    """Of the latest."""
    events: int
    latest_id: int


async def groups(db: Db) -> list[Group]:
    """What waits in quarantine by reason, the most first."""
    cursor = await db.execute(
        "select q.connection_id, c.name as connection, q.connector, q.stage, q.reason ->> 'code' as code, "
        "(array_agg(q.reason order by q.id desc))[1] as reason, count(*) as events, max(q.event_id) as latest_id "
        "from quarantine q left join connection c on c.id = q.connection_id where q.resolved_at is null "
        "group by 1, 2, 3, 4, 5 order by events desc, latest_id desc limit 50"
    )
    return [msgspec.convert({**row, "code": row["code"] or ""}, Group) for row in await cursor.fetchall()]
