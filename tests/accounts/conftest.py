from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from servery.accounts import passwords
from servery.accounts.people import add
from servery.accounts.rows import Person
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection, Pool


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection on which each statement stands alone, as the fixture's user is not in a transaction."""
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        yield connection
        await connection.set_autocommit(False)


@pytest.fixture
async def owner(connection: Connection) -> Person:
    return await add(connection, SYSTEM, name="Olga Owner", email="olga@example.com", role="owner")


@pytest.fixture
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in a millisecond, for tests of everything but the hash."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def later(connection: Connection) -> Callable[[timedelta], Awaitable[None]]:
    """Let time pass in the database, by moving what it holds into the past."""

    async def move(by: timedelta) -> None:
        for table, columns in _INSTANTS.items():
            moved = ", ".join(f"{column} = {column} - %(by)s" for column in columns)
            await connection.execute(f"update {table} set {moved}", {"by": by})

    return move


_INSTANTS = {
    "sign_in_link": ("created_at", "expires_at"),
    "sign_in_attempt": ("since",),
    "session": ("created_at", "last_seen"),
    "api_key": ("created_at", "expires_at", "last_used"),
}
