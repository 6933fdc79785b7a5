"""The worker sends what is marked: at once, and only over connections that are to send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from servery.app import leaving
from servery.connectors import registry
from servery.connectors.contract import Capability
from servery.settings import Settings
from servery.storage.pool import Pool, open_pool
from tests.outbox.fake import compose, connector, want
from tests.outbox.receiver import Fault, Receiver, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake connector, as if it were installed."""
    made = connector("key")
    manifest = msgspec.structs.replace(made.manifest, capabilities=(Capability("name", "both"),))
    monkeypatch.setattr(registry, "packages", lambda: {"fake": "nowhere"})
    monkeypatch.setattr(registry, "manifest", lambda _: manifest)
    monkeypatch.setattr(registry, "connector", lambda _: msgspec.structs.replace(made, manifest=manifest))

    async def composed(db: Any, connection: Any, kind: Any, subject_ids: Any) -> Any:
        return await compose(db, kind, subject_ids)

    monkeypatch.setattr(leaving, "compose", composed)
    monkeypatch.setattr(leaving, "_LOOK", 0.1)
    monkeypatch.setattr(leaving, "_LONGEST_WAIT", 0.3)


@pytest.fixture
def looked_anew(fake: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """Waits until the worker has looked once more at how connections are set up."""
    looks, adjust = 0, leaving._adjust

    async def counted(*given: Any) -> None:
        nonlocal looks
        await adjust(*given)
        looks += 1

    async def anew() -> None:
        # What is under way may have looked before.
        enough = looks + 2
        await until(lambda: looks >= enough)

    monkeypatch.setattr(leaving, "_adjust", counted)
    return anew


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, largest=20) as pool:
        yield pool


@asynccontextmanager
async def running(pool: Pool, home: Path, receiver: Receiver) -> AsyncIterator[None]:
    """A worker's sending over a connection with the id 1."""
    async with serving(receiver) as url:
        async with pool.connection() as db:
            await db.execute(
                "insert into connection (name, connector, settings, account) values ('till', 'fake', %s, %s)",
                [msgspec.json.encode({"base_url": url}).decode(), '{"name": "Till", "locations": []}'],
            )
        settings = Settings(home=home, port=0, public_url="http://127.0.0.1", database_url=None)
        stop = asyncio.Event()
        task = asyncio.create_task(leaving.run(pool, settings, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 60)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)


async def set_up(pool: Pool, change: str) -> None:
    async with pool.connection() as db:
        await db.execute(f"update connection set {change}")


async def test_what_is_marked_is_there_soon(pool: Pool, tmp_path: Path, fake: None) -> None:
    receiver = Receiver()
    async with running(pool, tmp_path, receiver):
        await want(pool, {1: "Ann"})
        await until(lambda: len(receiver.records) == 1)
        await want(pool, {1: "Anna", 2: "Bo"})
        await until(lambda: {one["name"] for one in receiver.records.values()} == {"Anna", "Bo"})


@pytest.mark.parametrize(
    ("holding", "letting_go"),
    [
        ("paused = true", "paused = false"),
        ("live_from = now() + interval '1 hour'", "live_from = now()"),
        (
            "pace = 'batch', batch_at = array[extract(hour from now() - interval '2 hours')::int * 60]",
            "pace = 'hybrid'",
        ),
    ],
)
async def test_what_may_not_leave_yet_waits(
    pool: Pool, tmp_path: Path, looked_anew: Callable[[], Awaitable[None]], holding: str, letting_go: str
) -> None:
    receiver = Receiver()
    async with running(pool, tmp_path, receiver):
        await want(pool, {1: "Ann"})
        await until(lambda: len(receiver.records) == 1)
        await set_up(pool, holding)
        await looked_anew()
        await want(pool, {1: "Anna"})
        await asyncio.sleep(0.5)
        assert len(receiver.asked) == 1
        await set_up(pool, letting_go)
        await until(lambda: len(receiver.asked) == 2)


async def test_other_credentials_let_go_what_the_old_ones_stopped(pool: Pool, tmp_path: Path, fake: None) -> None:
    receiver = Receiver()
    receiver.always = lambda _: Fault(status=401)
    async with running(pool, tmp_path, receiver):
        await want(pool, {1: "Anna"})
        await until(lambda: len(receiver.asked) == 1)
        receiver.always = lambda _: None
        await asyncio.sleep(0.5)
        assert len(receiver.asked) == 1
        await set_up(pool, """settings = settings || '{"api_key": "new"}'""")
        await until(lambda: len(receiver.records) == 1)
