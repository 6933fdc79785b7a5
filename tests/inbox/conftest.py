from collections.abc import AsyncIterator

import pytest

from servery.storage.pool import Connection, Pool


@pytest.fixture
async def alone(pool: Pool) -> AsyncIterator[Connection]:
    """A connection that commits each statement by itself."""
    async with pool.connection() as db:
        await db.set_autocommit(True)
        try:
            yield db
        finally:
            await db.set_autocommit(False)
