"""Whether the house can take in and answer just now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from servery.storage.migrate import MIGRATIONS, TABLE
from servery.storage.pool import Connection as Db


async def lacking(db: Db, now: datetime, known: Collection[str] | None = None) -> list[str]:
    """What is missing, as codes; empty when all is there. `known` are the migrations this version has."""
    wanted = set(known if known is not None else (file.stem for file in MIGRATIONS.glob("*.sql")))
    return [*await _migrations(db, wanted), *await _partitions(db, now)]


async def _migrations(db: Db, wanted: set[str]) -> list[str]:
    cursor = await db.execute(f"select migration_id from {TABLE}")
    missing = wanted - {row["migration_id"] for row in await cursor.fetchall()}
    return [f"migration:{name}" for name in sorted(missing)]


async def _partitions(db: Db, now: datetime) -> list[str]:
    """Tables parted by days that have no room for what comes today."""
    cursor = await db.execute(
        "select parent.relname as name from pg_partitioned_table p join pg_class parent on parent.oid = p.partrelid "
        "where parent.relnamespace = current_schema()::regnamespace and not exists (select from pg_inherits i "
        "join pg_class part on part.oid = i.inhrelid where i.inhparent = parent.oid "
        "and pg_get_expr(part.relpartbound, part.oid) like %s) order by 1",
        [f"FOR VALUES FROM ('{now:%Y-%m-%d}')%"],
    )
    return [f"partition:{row['name']}" for row in await cursor.fetchall()]
