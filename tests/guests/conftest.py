from collections.abc import AsyncIterator

import pytest

from servery.storage.pool import Connection, Pool
from tests.guests.told import two_systems


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
