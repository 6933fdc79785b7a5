from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from servery.app.arrive import arrive
from servery.app.keeping import keeper
from servery.connectors.contract import Account, Resource, Session
from servery.model.venue import Venue
from servery.storage.pool import Connection, Pool
from servery.sync import connections
from servery.sync.reading import Reader
from servery.venues.rows import add_venue
from tests.sync.vendors import Vendor


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    """A connection whose work is seen by nobody else and gone after the test."""
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
async def two_venues(pool: Pool) -> tuple[int, int]:
    """Two venues, by id: Nord and Syd, both in Copenhagen."""
    async with pool.connection() as db:
        nord, syd = [
            await add_venue(db, Venue(name=name, time_zone="Europe/Copenhagen", currency="DKK"))
            for name in ("Nord", "Syd")
        ]
    return nord, syd


@pytest.fixture
async def till(pool: Pool, two_venues: tuple[int, int]) -> int:
    """A connection whose locations `nord` and `syd` are the two venues."""
    return await _connected(pool, "till", two_venues)


@pytest.fixture
async def book(pool: Pool, two_venues: tuple[int, int]) -> int:
    """Another connection of the same venues, with locations of the same names."""
    return await _connected(pool, "book", two_venues)


async def _connected(pool: Pool, name: str, venue_ids: tuple[int, int]) -> int:
    async with pool.connection() as db:
        connection_id = await connections.add_connection(db, name, "fake", {}, None)
        for location, venue_id in zip(("nord", "syd"), venue_ids, strict=True):
            await connections.link_location(db, connection_id, location, venue_id)
    return connection_id


@pytest.fixture
async def reader(pool, till):
    def of(vendor: Vendor, *resources: Resource, history_days: int = 20) -> Reader:
        return Reader(
            pool=pool, connection_id=till, connector=vendor.connector(*resources),
            session=Session({}, httpx.AsyncClient()), account=Account("Fake", ()), history_days=history_days,
            arrive=arrive, keep=keeper(till, vendor.connector(*resources), bytes),
        )  # fmt: skip

    return of


@pytest.fixture
def evening() -> datetime:
    """19:00 in Copenhagen on a Saturday in November."""
    return datetime(2026, 11, 21, 18, tzinfo=UTC)
