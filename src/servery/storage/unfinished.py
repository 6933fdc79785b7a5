"""The mark of a database that is being made from a backup: until all of it is done, nothing begins to work on it.

A restore is more than its data: migrations, and holding back what waited, come after. Whoever is killed in between
leaves the mark, and the next restore begins again from nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from servery.errors import NeedsPerson, Refuse
from servery.storage.pool import Connection as Db

NAME = "servery restore"
"""What the sessions of a restore are called in PostgreSQL."""
_TABLE = "unfinished_restore"
_LOCK = 0x5E27E28
"""Key of the advisory lock of the one restore that may be at work; any number that nobody else takes."""

_LEFT_BEHIND = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = %s and pid <> pg_backend_pid()"""

_CLEAR = """
do $$
declare
    what text;
begin
    for what in
        select format('table if exists %I', relname) from pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
        union all
        select format('sequence if exists %I', relname) from pg_class
        where relnamespace = current_schema()::regnamespace and relkind = 'S'
        union all
        select format('routine if exists %s', p.oid::regprocedure) from pg_proc p
        where pronamespace = current_schema()::regnamespace
        and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
    loop
        execute 'drop ' || what || ' cascade';
    end loop;
end $$"""


@contextmanager
def restoring(dsn: str) -> Iterator[None]:
    """Mark an empty database for as long as it takes, and longer where this process is killed.

    What a restore that was broken off left behind is cleared away. Refuse where there are data, or where another
    restore is at work.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        mine = connection.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if not mine or not mine[0]:
            raise Refuse("Another restore is at work on this database.", mend="Wait until it has ended.")
        # PostgreSQL carries on for a while what a killed process asked of it.
        connection.execute(_LEFT_BEHIND, [NAME])
        connection.execute(f"set application_name = '{NAME}'")
        with connection.transaction():
            _begin(connection)
        yield


def _begin(connection: psycopg.Connection) -> None:
    if is_marked(connection):
        connection.execute(_CLEAR)
    elif connection.execute("select from pg_class where relnamespace = 'public'::regnamespace limit 1").rowcount:
        raise Refuse(
            "There are data already, and a backup is never put over them.",
            mend="Set SERVERY_HOME to a new folder, or SERVERY_DATABASE_URL to an empty database.",
        )
    connection.execute(f"create table {_TABLE} (begun_at timestamptz not null default now())")


async def end(db: Db) -> None:
    """Take the mark away, in the transaction that does the last of it."""
    await db.execute(f"drop table {_TABLE}")


def is_marked(connection: psycopg.Connection) -> bool:
    """Whether a restore began here and has not ended."""
    row = connection.execute("select to_regclass(%s) is not null", [_TABLE]).fetchone()
    return bool(row and row[0])


def refusal() -> NeedsPerson:
    """What whoever wants to work on a marked database is told."""
    return NeedsPerson(
        "A backup is being restored into this database, or its restore was broken off.",
        code="unfinished-restore",
        mend="If no restore is at work, run it again: servery restore FILE --key @KEY. It begins anew by itself.",
    )
