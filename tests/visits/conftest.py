from collections.abc import AsyncIterator

import pytest

from servery.storage.pool import Connection, open_pool


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with open_pool(database) as pool, pool.connection() as connection:
        yield connection
