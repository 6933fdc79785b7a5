from collections.abc import AsyncIterator
from itertools import count

import pytest

from servery.model.venue import Venue
from servery.storage.pool import Connection, Pool
from servery.sync import connections
from servery.venues.rows import add_venue
from tests.profile.house import House


@pytest.fixture
async def parts(pool: Pool) -> tuple[int, ...]:
    """Two venues, a till and a book."""
    async with pool.connection() as db:
        main = await add_venue(db, Venue(name="Havnen", time_zone="Europe/Copenhagen", currency="DKK"))
        other = await add_venue(db, Venue(name="Alster", time_zone="Europe/Copenhagen", currency="EUR"))
        made = [await connections.add_connection(db, name, "fake", {}, None) for name in ("Till", "Book")]
        for connection_id in made:
            await connections.link_location(db, connection_id, "main", main)
            await connections.link_location(db, connection_id, "other", other)
    return main, other, *made


_numbers = count(1)


def at_home(db: Connection, parts: tuple[int, ...]) -> House:
    """The house on a connection, whose transaction is the caller's."""
    main, other, till, book = parts
    return House(db, main, other, till, book, lambda: next(_numbers))


@pytest.fixture
async def house(pool: Pool, parts: tuple[int, ...]) -> AsyncIterator[House]:
    """The house in one transaction."""
    async with pool.connection() as db:
        yield at_home(db, parts)
