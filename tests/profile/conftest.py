from collections.abc import AsyncIterator
from itertools import count

import pytest

from servery.model.changes import MenuSeen, TablesSeen
from servery.model.venue import Table, Venue
from servery.storage.pool import Connection, open_pool
from servery.sync import connections
from servery.venues.rows import add_venue
from tests.profile.house import MENU, House


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with open_pool(database, largest=1) as pool, pool.connection() as db:
        yield db


@pytest.fixture
async def house(db: Connection) -> House:
    numbers = count(1)
    main = await add_venue(db, Venue(name="Havnen", time_zone="Europe/Copenhagen", currency="DKK"))
    other = await add_venue(db, Venue(name="Alster", time_zone="Europe/Copenhagen", currency="EUR"))
    till = await connections.add_connection(db, "Till", "square", {}, None)
    book = await connections.add_connection(db, "Book", "resos", {}, None)
    for connection_id in (till, book):
        await connections.link_location(db, connection_id, "main", main)
        await connections.link_location(db, connection_id, "other", other)
    made = House(db, main, other, till, book, lambda: next(numbers))
    tables = tuple(Table(name=str(number), area="Window" if number < 10 else "Bar") for number in range(1, 20))
    await made.arrives(till, MenuSeen("menu", 1, "main", MENU))
    await made.arrives(book, TablesSeen("tables", 1, "main", tables))
    return made
