"""The nightly look at guests' data: the month's lists, how complete profiles are, and what grew too old."""

import asyncio
import logging
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from servery.app.calls import either
from servery.app.hygiene import leave_out_by_rules, tidy
from servery.model.viewer import SYSTEM
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.venues.rows import venues

log = logging.getLogger(__name__)

_EVERY = 600.0
"""Seconds between two looks whether it is night."""
_LOCK = 0x71D1
_QUIET = range(3, 6)
"""Hours of the first venue's clock in which it is done."""
_DUE = """
select not exists (select from completeness where reckoned_at > now() - interval '20 hours')
       and exists (select from guest where merged_into is null) as due"""


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Look until told to stop."""
    while not stop.is_set():
        async with pool.connection() as db:
            if await _is_quiet(db):
                await nightly(db)
        await either(stop, timeout=_EVERY)


async def nightly(db: Db) -> bool:
    """One night's work in the caller's transaction; False where it is done already, or another worker is at it."""
    cursor = await db.execute("select pg_try_advisory_xact_lock(%s) as mine", [_LOCK])
    row = await cursor.fetchone()
    if not row or not row["mine"]:
        return False
    cursor = await db.execute(_DUE)
    row = await cursor.fetchone()
    if not row or not row["due"]:
        return False
    run = await leave_out_by_rules(db, SYSTEM)
    await tidy(db)
    log.info("guests are looked over; too old: %s", dict(run.counts) if run else "nothing")
    return True


async def _is_quiet(db: Db) -> bool:
    places = await venues(db)
    zone = ZoneInfo(places[0].venue.time_zone) if places else UTC
    return datetime.now(zone).hour in _QUIET
