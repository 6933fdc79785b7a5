"""A door on a real socket, over a database that each test finds empty."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from granian.constants import Interfaces
from psycopg.conninfo import make_conninfo

from servery.app import hooks
from servery.settings import Settings
from servery.storage.migrate import migrate
from servery.storage.pool import open_pool
from servery.testing.served import free_port, serving
from tests.app.webhooks.door import URL, change, connected


def settings(dsn: str, home: Path) -> Settings:
    return Settings(home=home, port=0, public_url=URL, database_url=dsn)


async def _pages(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"pages"})


@contextmanager
def receiver(dsn: str, home: Path) -> Iterator[httpx.Client]:
    """The door on a real socket, in a thread with a loop of its own."""
    port = free_port()

    @asynccontextmanager
    async def house() -> AsyncIterator[None]:
        async with (
            open_pool(dsn) as pool,
            hooks.receiving(pool, settings(dsn, home), dsn) as door,
            serving(hooks.before(door, _pages, lambda *_: None), port, Interfaces.ASGINL),
        ):
            yield

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(house()),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def house(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, httpx.Client]]:
    """A database and a door to it, for all tests of this folder: each finds it empty."""
    dsn = make_conninfo(server, dbname="hooks_of_a_house")
    change(server, "create database hooks_of_a_house template template0", autocommit=True)
    migrate(dsn)
    with receiver(dsn, tmp_path_factory.mktemp("home")) as client:
        yield dsn, client


@pytest.fixture
def database(house: tuple[str, httpx.Client]) -> str:
    dsn, _ = house
    tables = "connection, venue, guest, application, quarantine"
    inbox = "inbox_event, inbox_work, inbox_seen, inbox_outcome, inbox_record"
    # The ledger of consent lets nobody empty it but an erasure.
    change(dsn, f"set servery.erasing = on; truncate {tables}, {inbox} cascade")
    return dsn


@pytest.fixture
def client(house: tuple[str, httpx.Client], database: str) -> httpx.Client:
    return house[1]


@pytest.fixture
def till(database: str) -> int:
    return connected(database)
