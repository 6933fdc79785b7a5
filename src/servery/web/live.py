"""What makes an open page follow the house: each change in the database reaches every page as a server-sent event.

A process holds one listening connection, whatever the number of pages. An event carries only the topic that changed;
the page then asks again for the parts that show it, as whoever looks at it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence

import psycopg
from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Stream
from psycopg import sql

CHANNEL = "servery_changed"
"""The PostgreSQL channel; a notification's payload is the topic: bookings, checks, guests, connections, events or
runs."""
TOPICS = ("bookings", "checks", "guests", "connections", "events", "runs")
HEARTBEAT = 15.0
"""Seconds of silence after which a page is told that the line still stands."""
GATHERING = 0.3
"""Seconds in which changes are gathered into one event: an import of thousands is not thousands of events."""

_log = logging.getLogger(__name__)


class _Page:
    """One open page: the topics that changed since it was last told."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.woken = asyncio.Event()


class Live:
    """All open pages of this process."""

    def __init__(self) -> None:
        self._pages: set[_Page] = set()
        self._stopping = False

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def tell(self, topics: Sequence[str]) -> None:
        """Let every page know that something of these topics changed."""
        for page in self._pages:
            page.topics.update(topics)
            page.woken.set()

    def stop(self) -> None:
        """End every stream now, and each that is still asked for: a server waits for its open answers."""
        self._stopping = True
        for page in self._pages:
            page.woken.set()

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The events of one page, until it closes or the process stops."""
        page = _Page()
        self._pages.add(page)
        try:
            yield b"retry: 2000\nevent: beat\ndata:\n\n"
            while not self._stopping:
                yield await self._next(page)
        finally:
            self._pages.discard(page)

    async def _next(self, page: _Page) -> bytes:
        try:
            await asyncio.wait_for(page.woken.wait(), HEARTBEAT)
        except TimeoutError:
            return b"event: beat\ndata:\n\n"
        if not self._stopping:
            await asyncio.sleep(GATHERING)
        page.woken.clear()
        topics, page.topics = sorted(page.topics), set()
        return f"event: changed\ndata: {' '.join(topics)}\n\n".encode()


async def listen(live: Live, dsn: str, retry_after: float = 2.0) -> None:
    """Pass on the database's notifications until cancelled; a lost connection is made again after some seconds."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
                # Nobody knows what went by while nobody listened.
                live.tell(TOPICS)
                async for notified in connection.notifies():
                    live.tell([notified.payload])
        except psycopg.OperationalError as lost:
            _log.warning("Live pages stand still: %s. Next try in %.0f s.", type(lost).__name__, retry_after)
        await asyncio.sleep(retry_after)


@get("/live", sync_to_thread=False)
def events(live: NamedDependency[SkipValidation[Live]]) -> Stream:
    """The stream of one page."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return Stream(live.stream(), media_type="text/event-stream", headers=headers)
