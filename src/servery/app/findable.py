"""Making guests findable by all that is known of them who were there before there was such a search.

A service of the worker. Each piece is a short transaction, so that what arrives meanwhile waits for none of it.
"""

import asyncio
import logging

from servery.app.arrive import sorting_locale
from servery.app.calls import either
from servery.guests.filling import take
from servery.guests.join import refresh
from servery.guests.rows import lock as resolving
from servery.settings import Settings
from servery.storage.pool import Pool

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Guests of one transaction; while it lasts, nobody who arrives is recognised."""
_LOOK = 60.0
"""Seconds between looks, for another worker may have been at it and gone."""


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Work until told to stop."""
    while not stop.is_set():
        done = 0
        while not stop.is_set() and (some := await fill(pool)):
            done += some
        if done:
            log.info("%s guests are found by all that is known of them", done)
        await either(stop, timeout=_LOOK)


async def fill(pool: Pool) -> int:
    """Make some guests findable; how many there were."""
    async with pool.connection() as db:
        # In this order everywhere: who recognises guests has the lock before any row.
        await resolving(db)
        guests = await take(db, AT_ONCE)
        await refresh(db, guests, await sorting_locale(db))
    return len(guests)
