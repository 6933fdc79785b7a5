"""Marking what an outside system no longer holds as it should, in the transaction that changed it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid5

from servery.model.commands import CommandKind
from servery.outbox.clock import NOW
from servery.storage.pool import Connection as Db

LEAVING = "servery_leaving"
"""The PostgreSQL channel on which senders hear that something is due: the payload is the connection's id."""

_MARK = f"""
insert into outbox_target as t (connection_id, kind, subject_id, our_id, version, marked_at, next_try_at)
select %(connection)s, %(kind)s, i.subject_id, i.our_id, (select first_version from installation), {NOW}, {NOW}
from unnest(%(subjects)s::bigint[], %(ours)s::uuid[]) as i(subject_id, our_id)
on conflict (connection_id, kind, subject_id) do update set
    version = t.version + 1,
    state = case when t.state not in ('rests', 'refused') then t.state
                 when t.tried_version is null then 'due' else 'ambiguous' end,
    marked_at = case when t.state in ('rests', 'refused') then excluded.marked_at else t.marked_at end,
    next_try_at = case when t.state in ('rests', 'refused') then excluded.next_try_at else t.next_try_at end,
    attempts = case when t.state in ('rests', 'refused') then 0 else t.attempts end,
    error = case when t.state in ('rests', 'refused') then null else t.error end"""


async def mark(
    db: Db, connection_id: int, kind: CommandKind, subject_ids: Collection[int], at: datetime | None = None
) -> None:
    """Let these guests, bookings (kind party) or visits be sent to a connection, in the caller's transaction.

    Marked twice before it is sent, an object is sent once, in its newest state. One that is held stays held, one that
    was refused is tried anew, and one that waits for its next try goes on waiting. To keep two transactions from
    waiting for one another, mark last in a transaction, connections in the order of their ids, kinds by name.
    """
    if not subject_ids:
        return
    ordered = sorted(set(subject_ids))
    installation = await installation_id(db)
    ours = [our_id(installation, connection_id, kind, one) for one in ordered]
    await db.execute(_MARK, {"connection": connection_id, "kind": kind, "subjects": ordered, "ours": ours, "now": at})
    await wake(db, connection_id)


async def wake(db: Db, connection_id: int) -> None:
    """Tell the senders, when the transaction commits, that a connection has something due."""
    await db.execute("select pg_notify(%s, %s)", [LEAVING, str(connection_id)])


async def installation_id(db: Db) -> UUID:
    """Which installation this is: the same for ever, also when it is restored from a backup.

    Then what it made in other systems is found again. That nobody new gets an id of somebody whom the backup did not
    know yet is seen to by the sequences, which leap ahead.
    """
    cursor = await db.execute("select id from installation")
    row = await cursor.fetchone()
    assert row is not None
    found: UUID = row["id"]
    return found


def our_id(installation: UUID, connection_id: int, kind: CommandKind, subject_id: int) -> UUID:
    """The id under which an outside system knows one object of ours, in every try and every state."""
    return uuid5(installation, f"{connection_id}/{kind}/{subject_id}")
