from collections.abc import AsyncIterator

import pytest

from servery.storage.pool import Connection, Pool


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as connection:
        yield connection
