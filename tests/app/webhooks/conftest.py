"""A door on a real socket, over a database that each test finds empty."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from psycopg.conninfo import make_conninfo

from servery.app import hooks
from servery.settings import Settings
from servery.storage.migrate import migrate
from servery.storage.pool import open_pool
from servery.testing.served import free_port
from tests.app.webhooks.door import URL, change, connected
from tests.storage.users import eventually


def settings(dsn: str, home: Path) -> Settings:
    return Settings(home=home, port=0, public_url=URL, database_url=dsn)


async def _pages(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"pages"})


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def receiver(dsn: str, home: Path) -> Iterator[httpx.Client]:
    """The door on a real socket, in a thread with a loop of its own."""
    port, loop, stop = free_port(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with open_pool(dsn) as pool, hooks.receiving(pool, settings(dsn, home), dsn) as door:
            app = hooks.before(door, _pages, lambda *_: None)
            server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False, websockets=False)
            serving = asyncio.create_task(server.serve())
            await stop.wait()
            server.stop()
            await serving

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        assert eventually(lambda: listens(port), 15)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


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
