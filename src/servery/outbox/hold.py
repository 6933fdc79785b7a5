"""What a person does with what waits: look at it, hold it, release it, have it sent now."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from servery.errors import NotFound, Refuse
from servery.model.commands import CommandKind
from servery.outbox.mark import wake
from servery.storage.pool import Connection as Db

State = Literal["due", "ambiguous", "rests", "refused", "held"]
STATES: tuple[State, ...] = get_args(State)
"""due: it will be sent; ambiguous: it is looked up first; rests: all is there; refused: it was not taken, or tried
often enough; held: a person keeps it back."""


class Held(Struct, frozen=True, kw_only=True):
    """One object that an outside system is to hold. `version` counts what was wanted, `sent_version` what is there.

    `waiting_since` is set while something is to be sent; `error` is the last failure as it is kept.
    """

    id: int
    connection_id: int
    connection: str
    kind: CommandKind
    subject_id: int
    our_id: str
    external_id: str | None
    state: State
    version: int
    sent_version: int
    sent_at: datetime | None
    waiting_since: datetime | None
    attempts: int
    next_try_at: datetime | None
    skipped: list[str]
    error: dict[str, Any] | None


class Attempt(Struct, frozen=True, kw_only=True):
    """One try of one object, and how it ended."""

    at: datetime
    version: int
    outcome: str
    milliseconds: int
    error: dict[str, Any] | None


_HELD = """
select t.id, t.connection_id, c.name as connection, t.kind, t.subject_id, t.our_id::text as our_id, t.external_id,
       t.state, t.version, t.sent_version, t.sent_at, t.attempts, t.skipped, t.error,
       case when t.state <> 'rests' then t.marked_at end as waiting_since,
       case when t.state in ('due', 'ambiguous') then t.next_try_at end as next_try_at
from outbox_target t join connection c on c.id = t.connection_id
where c.removed_at is null"""


async def held(
    db: Db,
    *,
    connection_id: int | None = None,
    states: Collection[State] = STATES,
    after: int | None = None,
    limit: int = 50,
) -> list[Held]:
    """What outside systems are to hold, in the order of ids, from the one after `after` on."""
    cursor = await db.execute(
        f"{_HELD} and (%(connection)s::bigint is null or t.connection_id = %(connection)s) "
        "and t.state = any(%(states)s) and t.id > %(after)s order by t.id limit %(limit)s",
        {"connection": connection_id, "states": list(states), "after": after or 0, "limit": limit},
    )
    return [msgspec.convert(row, Held) for row in await cursor.fetchall()]


async def held_one(db: Db, target_id: int) -> Held:
    """One of them; NotFound where there is none of this id."""
    cursor = await db.execute(f"{_HELD} and t.id = %s", [target_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("Nothing in the outbox has the number {id}.", id=target_id)
    return msgspec.convert(row, Held)


async def attempts(db: Db, target_id: int, limit: int = 20) -> list[Attempt]:
    """The last tries of one object, newest first."""
    cursor = await db.execute(
        "select at, version, outcome, milliseconds, error from outbox_attempt where target_id = %s "
        "order by id desc limit %s",
        [target_id, limit],
    )
    return [msgspec.convert(row, Attempt) for row in await cursor.fetchall()]


async def send_now(db: Db, target_id: int) -> None:
    """Have one object sent at once: again where it was refused or rests, earlier where it waits for its next try."""
    one = await held_one(db, target_id)
    if one.state == "held":
        raise Refuse("It is held.", mend="Release it first.")
    await db.execute(
        f"update outbox_target set {_DUE}, attempts = 0, error = null, sent_digest = null where id = %s", [target_id]
    )
    await wake(db, one.connection_id)


async def hold(db: Db, target_id: int) -> None:
    """Keep one object back until it is released; what changes meanwhile is sent then."""
    await held_one(db, target_id)
    await db.execute("update outbox_target set state = 'held' where id = %s", [target_id])


async def hold_all(db: Db) -> int:
    """Keep back all that waits, as after restoring a backup, and tell how much it is.

    What was never acknowledged may have been sent since the backup was made: once released, it is looked up first.
    """
    cursor = await db.execute(
        "update outbox_target set state = 'held', leased_until = null, fence = fence + 1, "
        "tried_version = case when external_id is null then coalesce(tried_version, version) else tried_version end "
        "where state in ('due', 'ambiguous')"
    )
    return cursor.rowcount


async def count_from(db: Db, version: int) -> None:
    """Give what leaves versions from this one on, which the other side has never seen, and forget what is there.

    After restoring a backup: what was sent since then is not known here. Without it, the next state would have the
    number of one that was sent already, and be dropped as a repeat; or, being the same as ours of then, not be sent.
    """
    await db.execute("update installation set first_version = %s", [version])
    await db.execute("update outbox_target set version = %s, sent_digest = null", [version])


async def release(db: Db, target_id: int | None = None, connection_id: int | None = None) -> int:
    """Let go what is held: one object, all of one connection, or with neither all; tells how many."""
    cursor = await db.execute(
        f"update outbox_target set {_DUE} where state = 'held' and (%(id)s::bigint is null or id = %(id)s) "
        "and (%(connection)s::bigint is null or connection_id = %(connection)s) returning connection_id",
        {"id": target_id, "connection": connection_id},
    )
    released = [row["connection_id"] for row in await cursor.fetchall()]
    for one in sorted(set(released)):
        await wake(db, one)
    return len(released)


_DUE = "state = case when tried_version is null then 'due' else 'ambiguous' end, next_try_at = now()"
