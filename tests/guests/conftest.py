from collections.abc import AsyncIterator

import pytest

from servery.storage.pool import Connection, Pool, open_pool
from tests.guests.told import two_systems


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database) as pool:
        yield pool


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as connection:
        yield connection


@pytest.fixture
async def systems(pool: Pool) -> list[int]:
    """Two connections of one venue."""
    async with pool.connection() as db:
        found: list[int] = await two_systems(db)
    return found
