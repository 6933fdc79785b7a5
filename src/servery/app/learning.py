"""Learning the weights of matching anew, at night, where there is enough to learn from."""

import asyncio
import logging
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from servery.app.calls import either
from servery.errors import Invalid
from servery.guests.matching import runs
from servery.guests.matching.weights import Weights
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool, by_itself
from servery.venues.rows import venues

log = logging.getLogger(__name__)

LEAST_RECORDS = 5000
"""Records of guests below which the shipped weights are better than what could be learnt."""
_EVERY = 600.0
"""Seconds between two looks."""
_LOCK = 0x1EA2
_QUIET = range(3, 6)
"""Hours of the first venue's clock in which it is done."""
_DUE = """
select (select count(*) from (select from source_guest where revision >= 0 limit %(least)s) as enough) = %(least)s
       and not exists (select from match_weights where trained_at > now() - interval '30 days'
                       or records > 0.9 * (select count(*) from source_guest where revision >= 0)
                       and trained_at > now() - interval '180 days') as due"""
"""A month after the last time where a tenth has come since, else half a year after it."""


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Look until told to stop; once a night at most."""
    tried: date | None = None
    while not stop.is_set():
        if settings.learn_weights and tried != datetime.now(UTC).date():
            async with by_itself(pool) as db:
                if await _is_quiet(db):
                    tried = datetime.now(UTC).date()
                    await learn_when_due(db)
        await either(stop, timeout=_EVERY)


async def learn_when_due(db: Db, least: int = LEAST_RECORDS) -> bool:
    """Learn, on a connection where each statement is committed by itself; False where it is not due, or being done."""
    cursor = await db.execute("select pg_try_advisory_lock(%s) as mine", [_LOCK])
    row = await cursor.fetchone()
    if not row or not row["mine"]:
        return False
    try:
        cursor = await db.execute(_DUE, {"least": least})
        row = await cursor.fetchone()
        if not row or not row["due"]:
            return False
        found = await runs.learn(db)
    except Invalid as error:
        log.warning("the weights of matching stay as they are: %s", error.told())
        return False
    else:
        log.info("weights of version %d learnt from %d records", found.version, found.records)
        return True
    finally:
        if not db.broken:
            await db.execute("select pg_advisory_unlock(%s)", [_LOCK])


async def learn_alone(db: Db) -> Weights:
    """Learn now, after whoever is at it, where each statement is committed by itself. Invalid as of `runs.learn`."""
    await db.execute("select pg_advisory_lock(%s)", [_LOCK])
    try:
        return await runs.learn(db)
    finally:
        if not db.broken:
            await db.execute("select pg_advisory_unlock(%s)", [_LOCK])


async def _is_quiet(db: Db) -> bool:
    places = await venues(db)
    zone = ZoneInfo(places[0].venue.time_zone) if places else UTC
    return datetime.now(zone).hour in _QUIET
