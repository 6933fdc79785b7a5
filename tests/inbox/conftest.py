from collections.abc import AsyncIterator

import pytest

from servery.storage.pool import Connection, Pool, open_pool


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database) as pool:
        yield pool


@pytest.fixture
async def alone(pool: Pool) -> AsyncIterator[Connection]:
    """A connection that commits each statement by itself."""
    async with pool.connection() as db:
        await db.set_autocommit(True)
        try:
            yield db
        finally:
            await db.set_autocommit(False)
