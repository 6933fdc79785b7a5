import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from conftest import _debian_postgres
from servery.model.venue import Venue
from servery.privacy.keyed import Key, open_key
from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from servery.storage.pool import Pool
from servery.sync import connections
from servery.venues.rows import add_venue
from tests.privacy.planted import Planted


@pytest.fixture(params=["embedded", "debian"])
def own_server(request: pytest.FixtureRequest, home: Path) -> Iterator[tuple[str, Path]]:
    """A server of this test alone, and the folder in which its files can be looked through."""
    if request.param == "embedded":
        with embedded_server(home) as dsn:
            migrate(dsn)
            yield dsn, home
        return
    folder = Path(tempfile.mkdtemp(prefix="servery-own-debian-"))
    try:
        with _debian_postgres(folder) as dsn:
            migrate(dsn)
            yield dsn, folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return open_key(tmp_path)


@pytest.fixture
async def planted(pool: Pool, tmp_path: Path) -> Planted:
    return await plant(pool, tmp_path)


async def plant(pool: Pool, home: Path) -> Planted:
    """A house with a till and a book."""
    async with pool.connection() as db:
        venue = await add_venue(db, Venue(name="Havnen", time_zone="Europe/Copenhagen", currency="DKK"))
        till = await connections.add_connection(db, "Till", "square", {}, None)
        book = await connections.add_connection(db, "Book", "resos", {}, None)
        for one in (till, book):
            await connections.link_location(db, one, "main", venue)
    numbers = count(1)
    return Planted(pool, home, venue, till, book, lambda: next(numbers))
