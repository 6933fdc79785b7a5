from collections.abc import AsyncIterator

import psycopg
import pytest

from servery.storage.pool import Connection, Pool, open_pool


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A database with one connection, whose id is 1."""
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("insert into connection (name, connector) values ('till', 'fake')")
    async with open_pool(database, largest=20) as pool:
        yield pool


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    """A connection whose work is seen by nobody else and gone after the test."""
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        yield connection
