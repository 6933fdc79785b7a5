"""The upkeep: one worker does all of it, whatever state it finds."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from servery.app.upkeep import keep_up, run
from servery.inbox import partitions
from servery.inbox.partitions import today
from servery.settings import Settings
from servery.storage.pool import Pool

pytestmark = pytest.mark.anyio


async def fill(pool: Pool, *days_ago: int) -> None:
    async with pool.connection() as db:
        for days in days_ago:
            day = today() - timedelta(days=days)
            await partitions.ensure(db, day)
            await db.execute(
                "insert into inbox_event (day, connector, via, key, body) values (%s, 'x', 'webhook', 'k', 'body')",
                [day],
            )


async def state(pool: Pool) -> dict[int, bool]:
    """Which days of events there are (days ago), and which are packed."""
    async with pool.connection() as db:
        found = await partitions.partitions(db)
    return {(today() - one.day).days: one.is_packed for one in found if one.table == "inbox_event"}


async def test_a_round_makes_packs_and_drops(pool: Pool):
    await fill(pool, 0, 1, 2, 30, 90, 91, 200)
    assert await keep_up(pool, 90)
    ahead = dict.fromkeys(range(-7, 0), False)
    assert await state(pool) == ahead | {0: False, 1: False, 2: True, 30: True, 90: True}
    assert await keep_up(pool, 10)
    assert await state(pool) == ahead | {0: False, 1: False, 2: True}


async def test_one_worker_at_a_time(pool: Pool):
    async with pool.connection() as other:
        await other.set_autocommit(True)
        await other.execute("select pg_advisory_lock(%s)", [0x1B0D])
        assert not await keep_up(pool, 90)
        await other.execute("select pg_advisory_unlock(%s)", [0x1B0D])
        await other.set_autocommit(False)
    assert await keep_up(pool, 90)


async def test_the_service_ends_when_it_is_told(pool: Pool, tmp_path):
    stop = asyncio.Event()
    settings = Settings(home=tmp_path, port=1, public_url="http://127.0.0.1", database_url=None)
    service = asyncio.create_task(run(pool, settings, stop))
    async with asyncio.timeout(60):
        while min(await state(pool)) != -7:
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(service, 60)
