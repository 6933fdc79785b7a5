"""Bring a database to the form this Servery knows: numbered files in migrations/, applied by yoyo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from servery.errors import NeedsPerson
from servery.storage import unfinished

MIGRATIONS = Path(__file__).parent / "migrations"
TABLE = "_servery_migration"
"""Where it is written down which were applied."""
_LOCK = 0x5E27E27
"""Key of the advisory lock under which one process at a time migrates; any number that nobody else takes."""


def migrate(dsn: str, folder: Path = MIGRATIONS, *, restoring: bool = False) -> list[str]:
    """Apply what is missing and return the names of what was applied. Many processes may do so at once.

    Today's and tomorrow's partitions are there afterwards, after however long a pause. Raises NeedsPerson where the
    database has been migrated by a newer Servery, and, but for `restoring`, where a backup is being restored into it.
    """
    known = {file.stem for file in folder.glob("*.sql")}
    missing = known - _applied(dsn, known, restoring)
    applied = _apply(dsn, folder, restoring) if missing else []
    _make_days(dsn)
    return applied


def _make_days(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        known = connection.execute("SELECT to_regprocedure('make_day(date)')").fetchone()
        if known and known[0]:
            connection.execute("SELECT make_day((now() AT TIME ZONE 'utc')::date + n) FROM generate_series(0, 1) AS n")


def _applied(dsn: str, known: set[str], restoring: bool) -> set[str]:
    query = sql.SQL("SELECT migration_id FROM {}").format(sql.Identifier(TABLE))
    with psycopg.connect(dsn) as connection:
        _refuse_unfinished(connection, restoring)
        try:
            applied = {str(name) for (name,) in connection.execute(query)}
        except psycopg.errors.UndefinedTable:
            return set()
    if newer := sorted(applied - known):
        raise NeedsPerson(
            "The database is newer than this Servery: it has the migration {newest}.",
            mend="Install the newer version again, or restore a backup.",
            newest=newer[-1],
        )
    return applied


def _refuse_unfinished(connection: psycopg.Connection, restoring: bool) -> None:
    if not restoring and unfinished.is_marked(connection):
        raise unfinished.refusal()


def _apply(dsn: str, folder: Path, restoring: bool) -> list[str]:
    # Imported here: it costs more than finding out that there is nothing to do.
    from servery.storage.yoyo_backend import connect_backend, read_folder

    with connect_backend(_keywords(dsn), TABLE) as backend:
        # A lock of the very connection that migrates: neither can outlive the other, as yoyo's own lock, a row,
        # outlives a killed process. A row found under our lock is therefore stale.
        backend.execute(f"SELECT pg_advisory_lock({_LOCK})")
        # Else the server carries a killed process's statement to its end before it frees the lock.
        backend.execute("SET client_connection_check_interval = '1s'")
        # Between our look and our lock a restore may have begun in what was empty.
        _refuse_unfinished(backend.connection, restoring)
        backend.init_database()
        backend.break_lock()
        wanted = backend.to_apply(read_folder(folder))
        backend.apply_migrations(wanted)
        return [migration.id for migration in wanted]


def _keywords(dsn: str) -> dict[str, Any]:
    return {name: value for name, value in conninfo_to_dict(dsn).items() if value is not None}
