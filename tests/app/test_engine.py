"""The engine lives on when the database goes away for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import OperationalError

from servery.app import engine
from servery.storage.pool import Connection, open_pool

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Interrupted:
    """A pool whose server is away the first time that it is asked."""

    def __init__(self, pool: Any, stop: asyncio.Event) -> None:
        self._pool = pool
        self.conninfo = pool.conninfo
        self._stop = stop
        self.asked = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self.asked += 1
        if self.asked == 1:
            raise OperationalError("the server is away")
        async with self._pool.connection() as db:
            yield db
        self._stop.set()


async def test_reading_goes_on_when_the_database_is_back(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "_LOOK", 0.01)
    stop = asyncio.Event()
    async with open_pool(database) as pool:
        interrupted = Interrupted(pool, stop)
        await asyncio.wait_for(engine.run(interrupted, tmp_path, stop), 10)  # type: ignore[arg-type]
    assert interrupted.asked == 2
    assert "The database does not answer (OperationalError)" in caplog.text
