"""Which files were taken from a connection's folder, and what the first of them taught about reading the others."""

from typing import Literal

from msgspec import Struct

from servery.sync.rows import Db

Became = Literal["done", "failed"]

_LOCK = 0x5E51


class TakenFile(Struct, frozen=True, kw_only=True):
    """A file as it was taken: its name there, what it holds (digest), and what became of its rows."""

    name: str
    digest: bytes
    size: int
    outcome: Became
    rows: int = 0
    rejected: int = 0


async def mine(db: Db, connection_id: int) -> bool:
    """Whether this transaction alone may take files from a connection's folder until it ends."""
    cursor = await db.execute("select pg_try_advisory_xact_lock(%s, %s) as mine", [_LOCK, connection_id])
    row = await cursor.fetchone()
    return bool(row and row["mine"])


async def was_taken(db: Db, connection_id: int, name: str, digest: bytes) -> bool:
    """Whether this very file was taken in already. One that failed may be tried again: the map may be mended."""
    cursor = await db.execute(
        "select from file_taken where connection_id = %s and name = %s and digest = %s and outcome = 'done'",
        [connection_id, name, digest],
    )
    return await cursor.fetchone() is not None


async def note(db: Db, connection_id: int, file: TakenFile) -> None:
    """Write down what became of a file, in the transaction that took it in."""
    await db.execute(
        "insert into file_taken (connection_id, name, digest, size, outcome, rows, rejected) "
        "values (%s, %s, %s, %s, %s, %s, %s) on conflict (connection_id, name, digest) do update "
        "set outcome = excluded.outcome, rows = excluded.rows, rejected = excluded.rejected, taken_at = now()",
        [connection_id, file.name, file.digest, file.size, file.outcome, file.rows, file.rejected],
    )


async def remember_map(db: Db, connection_id: int, text: str) -> None:
    """Read the files to come as this one was read, unless the owner said how."""
    await db.execute(
        "update connection set settings = settings || jsonb_build_object('map', %s::text) "
        "where id = %s and coalesce(settings ->> 'map', '') = ''",
        [text, connection_id],
    )
