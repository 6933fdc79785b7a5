"""yoyo for any libpq DSN, with each migration recorded in the transaction that applies it."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration, MigrationList


class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's psycopg 3 backend, safe against kill -9.

    yoyo applies a migration on a second connection and records it afterwards: killed in between, it would apply
    it again and fail for ever. Here both are one transaction.
    """

    def apply_one(self, migration: Migration, force: bool = False, mark: bool = True) -> None:
        """Apply and record `migration`, or neither."""
        with self.transaction():
            migration.process_steps(self, "apply", force=force)
            # Without yoyo's log of who did it: a container may not know the name of its user.
            self.mark_one(migration, log=False)


def connect_backend(keywords: dict[str, Any], table: str) -> Backend:
    """Connect with libpq `keywords`; `table` keeps the record of what is applied."""
    # yoyo would take a URL, which cannot say all that libpq can, such as a socket folder or a password file.
    uri = DatabaseURI("postgresql+psycopg", None, None, None, None, keywords.pop("dbname", None), keywords)
    return Backend(uri, table)


def read_folder(folder: Path) -> MigrationList:
    """The migrations in `folder`, by name."""
    return read_migrations(glob.escape(str(folder)))
