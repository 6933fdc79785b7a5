"""What outside systems hold of somebody by our hand, and what is on its way to them at the moment of an erasure.

Nothing new begins: a sender finds its row gone, held or with another state to send. What had begun cannot be called
back, so its row stays until its end is known, and what it made there is then erased as well.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from servery.model.commands import CommandKind
from servery.privacy.person import Held
from servery.storage.pool import Connection as Db


class Written(Struct, frozen=True, kw_only=True):
    """One object in an outside system. `under_way`: something is being sent, or was sent with an unknown end."""

    id: int
    connection_id: int
    kind: CommandKind
    subject_id: int
    external_id: str | None
    under_way: bool


async def take_back(db: Db, held: Held, erasure_id: int) -> tuple[Written, ...]:
    """Empty what is kept of what left, and see that nothing more of the person leaves."""
    found = await _written(db, held)
    await db.execute(
        "insert into erasure_awaited (target_id, erasure_id) select unnest(%s::bigint[]), %s "
        "on conflict (target_id) do update set erasure_id = excluded.erasure_id",
        [[one.id for one in found if one.under_way], erasure_id],
    )
    await db.execute(
        "update outbox_target set written = '{}', error = null, sent_digest = null, "
        "state = case when kind = 'guest' then 'held' else state end where id = any(%s)",
        [[one.id for one in found]],
    )
    await db.execute(
        "delete from outbox_target where id = any(%s)",
        [[one.id for one in found if one.kind == "guest" and not one.under_way]],
    )
    return found


async def _written(db: Db, held: Held) -> tuple[Written, ...]:
    """The objects that tell of the person, locked: whoever is just beginning to send one has begun, or never will."""
    cursor = await db.execute(
        "select id, connection_id, kind, subject_id, external_id, tried_version is not null as under_way "
        "from outbox_target where kind = 'guest' and subject_id = any(%(guests)s) "
        "or kind = 'party' and subject_id = any(%(bookings)s) "
        "or kind = 'visit' and subject_id = any(array(select id from visit where source_guest_id = any(%(records)s))) "
        "order by id for update",
        {
            "guests": list(held.guest_ids),
            "bookings": [row["id"] for row in held.bookings],
            "records": [one.id for one in held.records],
        },
    )
    return tuple(msgspec.convert(await cursor.fetchall(), list[Written]))


class Awaited(Struct, frozen=True, kw_only=True):
    """One send that was under way. `unknown`: nobody knows how it ended."""

    target_id: int
    erasure_id: int
    connection_id: int
    kind: CommandKind
    subject_id: int
    our_id: str
    version: int
    external_id: str | None
    state: str
    unknown: bool
    lease_ended_at: datetime | None


async def awaited(db: Db) -> Awaited | None:
    """One that nobody is sending now, for this transaction alone."""
    cursor = await db.execute(
        "select a.target_id, a.erasure_id, t.connection_id, t.kind, t.subject_id, t.our_id::text as our_id, "
        "coalesce(t.tried_version, t.version) as version, t.external_id, t.state, "
        "t.tried_version is not null as unknown, t.leased_until as lease_ended_at "
        "from erasure_awaited a join outbox_target t on t.id = a.target_id "
        "where a.next_look_at <= now() and (t.leased_until is null or t.leased_until <= now()) "
        "order by a.next_look_at, a.target_id limit 1 for update skip locked"
    )
    row = await cursor.fetchone()
    return msgspec.convert(row, Awaited) if row else None


async def look_later(db: Db, target_id: int, seconds: float) -> None:
    """Look again after so many seconds."""
    await db.execute(
        "update erasure_awaited set next_look_at = now() + make_interval(secs => %s) where target_id = %s",
        [seconds, target_id],
    )


async def over(db: Db, one: Awaited) -> None:
    """Its end is known: forget it, and of a guest the object too."""
    await db.execute("delete from erasure_awaited where target_id = %s", [one.target_id])
    if one.kind == "guest":
        await db.execute("delete from outbox_target where id = %s", [one.target_id])


def records_made(written: Sequence[Written]) -> list[tuple[int, str | None]]:
    """The guests' records in outside systems as connection and id; without an id where one may just be being made."""
    return [
        (one.connection_id, one.external_id)
        for one in written
        if one.kind == "guest" and (one.external_id is not None or one.under_way)
    ]
