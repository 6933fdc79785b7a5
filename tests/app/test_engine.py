"""The engine lives on when the database goes away for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import OperationalError

from servery.app import engine
from servery.storage.pool import Connection, open_pool
from servery.sync import connections, state

pytestmark = pytest.mark.anyio


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
        await asyncio.wait_for(engine.run(interrupted, tmp_path, stop), 60)  # type: ignore[arg-type]
    assert interrupted.asked == 2
    assert "The database does not answer (OperationalError)" in caplog.text


async def test_two_processes_share_the_connections_and_one_takes_over(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOOK", 0.02)
    reading: dict[int, set[object]] = {}
    everywhere: list[int] = []

    async def read(pool: object, home: Path, connection: Any, calls: object) -> None:
        reading.setdefault(connection.id, set()).add(pool)
        everywhere.append(len(reading[connection.id]))
        try:
            await asyncio.Event().wait()
        finally:
            reading[connection.id].discard(pool)

    monkeypatch.setattr(engine, "_read_for_ever", read)
    async with open_pool(database) as one, open_pool(database) as other:
        async with one.connection() as db:
            for name in ("till", "book"):
                await connections.add_connection(db, name, "square", {}, None)
        stops = [asyncio.Event(), asyncio.Event()]
        first = asyncio.create_task(engine.run(one, tmp_path, stops[0]))
        second = asyncio.create_task(engine.run(other, tmp_path, stops[1]))
        await until(lambda: len(reading) == 2 and all(reading.values()))
        await asyncio.sleep(0.2)
        assert set(everywhere) == {1}
        stops[0].set()
        await first
        await until(lambda: all(read == {other} for read in reading.values()))
        stops[1].set()
        await second


async def test_who_loses_the_claims_stops_reading(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOOK", 0.02)
    begun = ended = 0

    async def read(*_: object) -> None:
        nonlocal begun, ended
        begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            ended += 1

    monkeypatch.setattr(engine, "_read_for_ever", read)
    stop = asyncio.Event()
    async with open_pool(database) as pool:
        async with pool.connection() as db:
            await connections.add_connection(db, "till", "square", {}, None)
        running = asyncio.create_task(engine.run(pool, tmp_path, stop))
        await until(lambda: begun == 1)
        async with pool.connection() as db:
            await db.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted")
        await until(lambda: begun == 2 and ended == 1)
        stop.set()
        await running


async def test_pages_are_told_when_what_they_show_is_another_and_not_with_each_step(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def tell(db: object, topics: list[str]) -> None:
        told.extend(topics)

    monkeypatch.setattr(engine, "tell_pages", tell)
    clock = iter([0.0, 0.5, 1.0, 5.0, 5.0, 9.0, 9.0, 9.5, 10.0])
    monkeypatch.setattr(engine, "monotonic", lambda: next(clock))
    async with open_pool(database) as pool, pool.connection() as db:
        till = await connections.add_connection(db, "till", "square", {}, None)
        await state.begin(db, till, "orders")
        pages = engine._Pages()
        await pages.tell(db, till, goes_on=True)
        assert told == ["connections"]
        await db.execute("update sync_state set spans_done = '[1]'")
        await pages.tell(db, till, goes_on=True)
        assert told == ["connections"], "another step, half a second later"
        await pages.tell(db, till, goes_on=False)
        assert told == ["connections"] * 2, "the last of many is told at once"
        await pages.tell(db, till, goes_on=True)
        await pages.tell(db, till, goes_on=False)
    assert told == ["connections"] * 2, "nothing is another"


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0.01)
