"""What one process of several has taken upon itself, for as long as it lives: PostgreSQL gives it to another after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

_KIND = 0x5EAD
"""The first half of the advisory locks' keys; any number that nobody else takes."""


class Claims:
    """Claims by number. When its connection ends, all of them are free: whoever held them must stop at once."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        self._connection = connection
        self._held: set[int] = set()

    async def take(self, number: int) -> bool:
        """Take a claim, or find that another process has it. OperationalError when the connection has ended."""
        if number in self._held:
            return True
        cursor = await self._connection.execute("select pg_try_advisory_lock(%s, %s)", [_KIND, number])
        row = await cursor.fetchone()
        if row and row[0]:
            self._held.add(number)
        return number in self._held

    async def give_back(self, number: int) -> None:
        """Let another process have a claim."""
        if number in self._held:
            await self._connection.execute("select pg_advisory_unlock(%s, %s)", [_KIND, number])
            self._held.discard(number)

    async def confirm(self) -> None:
        """Raise OperationalError when the claims are lost."""
        await self._connection.execute("select")


@asynccontextmanager
async def claims(dsn: str) -> AsyncIterator[Claims]:
    """Claims over a connection of their own."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        yield Claims(connection)
