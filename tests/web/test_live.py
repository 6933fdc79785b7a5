"""Live pages: what changes reaches each open page, and the server stops however many are open."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx
import pytest

from servery.storage.embedded import embedded_server
from servery.storage.pool import connect
from servery.web import live as live_module
from servery.web.live import CHANNEL, TOPICS, Live, listen
from tests.calm import Calm


async def events(live: Live, count: int) -> list[bytes]:
    stream = live.stream()
    found = [await anext(stream) for _ in range(count)]
    await stream.aclose()
    return found


def test_changes_of_a_moment_are_one_event():
    async def run():
        live = Live()
        stream = live.stream()
        assert b"beat" in await anext(stream)
        for _ in range(1000):
            live.tell(["bookings"])
        live.tell(["checks"])
        assert await anext(stream) == b"event: changed\ndata: bookings checks\n\n"
        assert live.pages == 1
        await stream.aclose()
        assert live.pages == 0

    asyncio.run(run())


def test_change_while_a_page_is_told_is_told_next():
    async def run():
        live = Live()
        stream = live.stream()
        await anext(stream)
        live.tell(["bookings"])
        await anext(stream)
        live.tell(["guests"])
        assert await anext(stream) == b"event: changed\ndata: guests\n\n"
        await stream.aclose()

    asyncio.run(run())


def test_silence_is_broken_by_a_beat(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_module, "HEARTBEAT", 0.05)
    assert all(b"event: beat" in each for each in asyncio.run(events(Live(), 3)))


def test_server_with_fifty_open_pages_stops_within_two_seconds(served):
    async def run() -> float:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(cookies={"servery_session": "host"}, timeout=60, limits=limits) as client:
            opened = asyncio.Semaphore(0)

            async def page() -> None:
                async with client.stream("GET", f"{served.url}/live") as answer:
                    async for _ in answer.aiter_bytes():
                        opened.release()

            pages = [asyncio.create_task(page()) for _ in range(50)]
            for _ in pages:
                await opened.acquire()
            assert served.preview.live.pages == 50
            since = Calm()
            await asyncio.to_thread(served.stop)
            took = since.seconds
            await asyncio.gather(*pages, return_exceptions=True)
            return took

    assert asyncio.run(run()) < 2


@pytest.fixture
def dsn(tmp_path: Path) -> Iterator[str]:
    with embedded_server(tmp_path / "home") as dsn:
        yield dsn


async def next_change(stream: AsyncGenerator[bytes, None], dsn: str, topic: str) -> bytes:
    """Change something until the page hears of that very topic alone."""
    async with asyncio.timeout(60):
        while True:
            with connect(dsn) as connection:
                connection.execute("select pg_notify(%s, %s)", [CHANNEL, topic])
            event = await anext(stream)
            if event == f"event: changed\ndata: {topic}\n\n".encode():
                return event


def test_what_the_database_tells_reaches_the_page_also_after_its_connection_broke(
    dsn: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live_module, "HEARTBEAT", 0.2)

    async def run() -> None:
        live = Live()
        listening = asyncio.create_task(listen(live, dsn, retry_after=0.1))
        stream = live.stream()
        assert await next_change(stream, dsn, "bookings")
        with connect(dsn) as connection:
            broken = connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'"
            ).fetchall()
        assert len(broken) == 1
        async with asyncio.timeout(60):
            while set((await anext(stream)).decode().split()[3:]) != set(TOPICS):
                pass
        assert await next_change(stream, dsn, "checks")
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await stream.aclose()

    asyncio.run(run())
