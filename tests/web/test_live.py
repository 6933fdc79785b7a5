"""Live pages: what changes reaches each open page, and the server stops however many are open."""

import asyncio
import time

import httpx
import pytest

from servery.web import live as live_module
from servery.web.live import Live


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
        async with httpx.AsyncClient(cookies={"servery_session": "host"}, timeout=10, limits=limits) as client:
            opened = asyncio.Semaphore(0)

            async def page() -> None:
                async with client.stream("GET", f"{served.url}/live") as answer:
                    async for _ in answer.aiter_bytes():
                        opened.release()

            pages = [asyncio.create_task(page()) for _ in range(50)]
            for _ in pages:
                await opened.acquire()
            assert served.preview.live.pages == 50
            began = time.monotonic()
            await asyncio.to_thread(served.stop)
            took = time.monotonic() - began
            await asyncio.gather(*pages, return_exceptions=True)
            return took

    assert asyncio.run(run()) < 2
