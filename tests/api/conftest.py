"""A small restaurant taken in by the real pipeline, served over a real socket, asked with real keys."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from itertools import count
from tempfile import mkdtemp

import httpx
import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from litestar import Litestar
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow

from servery.accounts.keys import create_key
from servery.api.plugin import Api
from servery.app.fields import RoomChoosing
from servery.app.hygiene import RoomHygiene
from servery.app.privacy import RoomPrivacy
from servery.app.same_person import RoomEditing, RoomMerging
from servery.app.shown_runs import RoomRuns
from servery.app.tag_rules import RoomTagRules
from servery.app.values import RoomSurvivorship
from servery.model.viewer import SYSTEM, Role
from servery.settings import read_settings
from servery.storage.migrate import migrate
from servery.storage.pool import Pool, connect, open_pool
from servery.testing import served
from servery.testing.served import free_port
from servery.web.headers import add_headers
from tests.api import restaurant

Ask = Callable[..., httpx.Response]
_numbers = count(1)


@contextmanager
def serving(dsn: str, application: Callable[[Pool], Litestar]) -> Iterator[str]:
    """Serve what `application` makes over a pool, in a thread with a loop of its own; its address."""
    port = free_port()

    @asynccontextmanager
    async def house() -> AsyncIterator[None]:
        async with open_pool(dsn, largest=4) as pool, served.serving(application(pool), port):
            yield

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(house()):
        yield f"http://127.0.0.1:{port}"


def api(pool: Pool, per_minute: int = 100_000) -> Litestar:
    """The API alone."""
    return Litestar(
        [],
        plugins=[
            Api(
                pool,
                per_minute,
                choosing=RoomChoosing(pool),
                merging=RoomMerging(pool),
                editing=RoomEditing(pool),
                ruling=RoomTagRules(pool),
                surviving=RoomSurvivorship(pool),
                tidying=RoomHygiene(pool),
                over_all=RoomRuns(pool),
                private=RoomPrivacy(pool, read_settings({"SERVERY_HOME": mkdtemp()})),
            )
        ],
        logging_config=None,
        before_send=[add_headers(False)],
    )


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """Name of a database with the small restaurant, which others are copied from."""
    name = f"restaurant_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template template0")
    dsn = make_conninfo(server, dbname=name)
    migrate(dsn)
    asyncio.run(restaurant.fill(dsn))
    return name


@contextmanager
def _copied(server: str, template: str) -> Iterator[str]:
    name = f"{template}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def shared(server: str, template: str) -> Iterator[str]:
    """DSN of a small restaurant that tests read and leave as it is."""
    with _copied(server, template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def address(shared: str) -> Iterator[str]:
    """Where the shared restaurant's API is."""
    with serving(shared, api) as address:
        yield address


@pytest.fixture(scope="session")
def ask(shared: str, address: str) -> Iterator[Ask]:
    """Asks the shared restaurant with a key of a role: `ask("/venues", "owner", limit=2)`."""
    with asking(shared, address) as ask:
        yield ask


@pytest.fixture
def own(server: str, template: str) -> Iterator[str]:
    """DSN of a small restaurant that is this test's alone."""
    with _copied(server, template) as dsn:
        yield dsn


@pytest.fixture
def ask_own(own: str) -> Iterator[Ask]:
    """Asks the test's own restaurant."""
    with serving(own, api) as address, asking(own, address) as ask:
        yield ask


def key(dsn: str, role: Role, lasts: timedelta = timedelta(days=1)) -> tuple[int, str]:
    """A new key: its id and itself."""

    async def make() -> tuple[int, str]:
        async with open_pool(dsn, largest=1) as pool, pool.connection() as db:
            made, token = await create_key(db, SYSTEM, name=f"a {role}", role=role, lasts=lasts)
            return made.id, token.reveal()

    return asyncio.run(make())


@contextmanager
def asking(dsn: str, address: str) -> Iterator[Ask]:
    """A client that has a key of each role."""
    keys: dict[Role, str] = {}
    with httpx.Client(base_url=f"{address}/api/v1", timeout=30) as client:

        def ask(
            path: str,
            role: Role = "owner",
            headers: dict[str, str] | None = None,
            body: object = None,
            method: str = "POST",
            **params: object,
        ) -> httpx.Response:
            """GET, or with a body POST or another method."""
            if role not in keys:
                keys[role] = key(dsn, role)[1]
            sent = {"authorization": f"Bearer {keys[role]}", **(headers or {})}
            if body is not None:
                return client.request(method, path, json=body, headers=sent)
            return client.get(path, params=params or None, headers=sent)  # type: ignore[arg-type]

        yield ask


def sql(dsn: str, query: str, *values: object) -> list[DictRow]:
    """The rows of a query, if it gives any; committed."""
    with connect(dsn) as connection:
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []
