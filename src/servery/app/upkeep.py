"""The upkeep of what grows for ever: days made ahead, packed when they are over, dropped when they are old."""

import asyncio
import logging

from servery.app.calls import either
from servery.inbox import partitions
from servery.inbox.partitions import today
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool, by_itself

log = logging.getLogger(__name__)

_EVERY = 600.0
"""Seconds between two rounds."""
_LOCK = 0x1B0D
"""Key of the advisory lock under which one worker does it."""


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Keep up until told to stop."""
    while not stop.is_set():
        await keep_up(pool, settings.keep_raw_days)
        await either(stop, timeout=_EVERY)


async def keep_up(pool: Pool, keep_days: int) -> bool:
    """One round; False where another worker is at it."""
    async with by_itself(pool) as db:
        cursor = await db.execute("select pg_try_advisory_lock(%s) as mine", [_LOCK])
        row = await cursor.fetchone()
        if not row or not row["mine"]:
            return False
        try:
            await _round(db, keep_days)
        finally:
            # It ends with the session in any case; a broken one cannot be asked.
            if not db.broken:
                await db.execute("select pg_advisory_unlock(%s)", [_LOCK])
    return True


async def _round(db: Db, keep_days: int) -> None:
    # What is most urgent first: without tomorrow nothing can be received.
    await partitions.ensure_ahead(db)
    found = await partitions.partitions(db)
    for one in partitions.to_drop(found, today(), keep_days):
        if await partitions.waits(db, one):
            if gone := await partitions.thin(db, one):
                log.info("dropped all of %s but what waits, %s rows", one.name, gone)
        elif await partitions.drop(db, one):
            log.info("dropped %s", one.name)
    for one in partitions.to_pack(await partitions.partitions(db), today()):
        log.info("packed %s, %s bodies", one.name, await partitions.pack(db, one))
    await partitions.purge_seen(db)
