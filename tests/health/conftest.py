from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from servery.storage.pool import Connection, Pool
from servery.sync import connections, state

NOW = datetime(2026, 3, 13, 18, 4, tzinfo=UTC)


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    """A connection whose work is seen by nobody else and gone after the test."""
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
async def till(db: Connection) -> int:
    """A connection that was read a moment ago."""
    connection_id = await connections.add_connection(db, "Till", "square", {}, None)
    await state.begin(db, connection_id, "orders")
    await state.polled(db, connection_id, "orders", NOW)
    return connection_id
