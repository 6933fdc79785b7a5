"""The service behind setting up: days whose tables were paired are matched anew, and verifications are carried out."""

import asyncio

from servery.app.arrive import form, tell_pages
from servery.app.calls import either
from servery.app.set_up import proving
from servery.settings import Settings
from servery.storage.pool import Pool
from servery.sync import proof, tables

_DAYS = 25
"""Days matched anew in one transaction: what waits for a venue's lock waits this long at most."""
_LOOK = 1.0
"""Seconds between looks for something to do."""


async def run(pool: Pool, house: Settings, stop: asyncio.Event) -> None:
    """Match anew and verify until told to stop."""
    while not stop.is_set():
        formed = await form_some(pool)
        async with pool.connection() as db:
            asked = await proof.claim(db)
        if asked is not None:
            await proving.prove(pool, house, asked)
        await proving.clear_left(pool, house)
        if not formed and asked is None:
            await either(stop, timeout=_LOOK)


async def form_some(pool: Pool) -> int:
    """Match some of the days that wait for it anew; how many."""
    async with pool.connection() as db:
        days = await tables.take_days(db, _DAYS)
        if days:
            await form(db, days)
            await tell_pages(db, ["connections"])
    return len(days)
