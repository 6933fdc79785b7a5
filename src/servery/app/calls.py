"""Being called by the database: who waits for work hears of it at once, and looks by itself now and then besides."""

import asyncio
import logging
from collections.abc import Callable

import psycopg
from psycopg import sql

from servery.storage.pool import Pool

log = logging.getLogger(__name__)

_RETRY_AFTER = 1.0
"""Seconds after which a lost connection is made again."""


async def listen(pool: Pool, channel: str, called: Callable[[str], None]) -> None:
    """Hand each notification's payload to `called`, until cancelled; and an empty one after each (re)connection."""
    dsn = pool.conninfo
    assert isinstance(dsn, str)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                # Nobody knows what went by while nobody listened.
                called("")
                async for notified in connection.notifies():
                    called(notified.payload)
        except psycopg.OperationalError as lost:
            log.warning("%s is not heard (%s); next try in %.0f s", channel, type(lost).__name__, _RETRY_AFTER)
        await asyncio.sleep(_RETRY_AFTER)


async def either(*events: asyncio.Event, timeout: float) -> None:
    """Wait until one of these events is set, or the seconds are over."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Calls:
    """Who waits to be called, by the payload that means them."""

    def __init__(self) -> None:
        self._expected: dict[str, asyncio.Event] = {}

    def expect(self, key: object) -> asyncio.Event:
        """What is set when this key is called from now on."""
        event = self._expected.setdefault(str(key), asyncio.Event())
        event.clear()
        return event

    def call(self, payload: str) -> None:
        """Wake whom a payload means; an empty one, everybody."""
        for key, event in self._expected.items():
            if payload in ("", key):
                event.set()
