"""What we wrote into outside systems, so that it is known again when it comes back."""

from collections.abc import Collection
from typing import Any

from servery.model.commands import CommandKind
from servery.storage.pool import Connection as Db


async def echoes(
    db: Db, connection_id: int, kind: CommandKind, external_ids: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Of these records of a connection those that we wrote to: what stands there by our hand, values by field."""
    cursor = await db.execute(
        "select external_id, written from outbox_target "
        "where connection_id = %s and kind = %s and external_id = any(%s) and written <> '{}'",
        [connection_id, kind, list(external_ids)],
    )
    return {row["external_id"]: row["written"] for row in await cursor.fetchall()}


async def parties(db: Db, connection_id: int, external_ids: Collection[str]) -> dict[str, int]:
    """Of these records of a connection those that hold a party of ours: the reservation's id."""
    cursor = await db.execute(
        "select external_id, subject_id from outbox_target "
        "where connection_id = %s and kind = 'party' and external_id = any(%s)",
        [connection_id, list(external_ids)],
    )
    return {row["external_id"]: row["subject_id"] for row in await cursor.fetchall()}
