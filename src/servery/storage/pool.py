"""Connections to PostgreSQL, all alike: rows as dicts, JSON through msgspec, time in UTC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
from psycopg.adapt import AdaptersMap
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool
from psycopg_pool.base import AttemptWithBackoff

Connection = psycopg.AsyncConnection[DictRow]
"""What a pool lends."""
Pool = AsyncConnectionPool[Connection]

_adapters = AdaptersMap(psycopg.adapters)
set_json_dumps(msgspec.json.encode, _adapters)
set_json_loads(msgspec.json.decode, _adapters)

# The pool would double the pause after each vain try, for up to five minutes: a server that was away for long would be
# found again long after it is back. It has no parameter for that.
AttemptWithBackoff.INITIAL_DELAY = 0.5
AttemptWithBackoff.DELAY_BACKOFF = 1.0

_UTC = "SET TIME ZONE 'UTC'"


def open_pool(dsn: str, *, largest: int = 10) -> Pool:
    """Up to `largest` connections, opened and closed by `async with`.

    `async with pool.connection() as connection` is one transaction: committed at the end, or rolled back.
    """
    return AsyncConnectionPool(
        dsn,
        connection_class=psycopg.AsyncConnection[DictRow],
        kwargs=_options(),
        min_size=1,
        max_size=largest,
        open=False,
        configure=_configure,
        # Costs one round trip, and spares the first request after a restart of the server an error.
        check=AsyncConnectionPool.check_connection,
    )


@asynccontextmanager
async def by_itself(pool: Pool) -> AsyncIterator[Connection]:
    """A connection on which each statement is committed by itself."""
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        try:
            yield connection
        finally:
            if not connection.broken:
                await connection.set_autocommit(False)


def connect(dsn: str) -> psycopg.Connection[DictRow]:
    """One connection, for commands and tests; as a context it commits at the end and closes."""
    connection = psycopg.Connection[DictRow].connect(dsn, **_options())
    connection.execute(_UTC)
    connection.commit()
    return connection


async def _configure(connection: Connection) -> None:
    # By statement and not by connection option: poolers such as PgBouncer refuse options.
    await connection.execute(_UTC)
    await connection.commit()


def _options() -> dict[str, Any]:
    return {"row_factory": dict_row, "context": _adapters}
