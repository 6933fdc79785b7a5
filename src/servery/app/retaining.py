"""Having the rules of retention done, and emptied tables written anew when nobody needs them."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from servery.app.calls import either
from servery.app.erasing import erase_inactive
from servery.privacy import retention
from servery.privacy.retention import Rule
from servery.privacy.rewrite import rewrite, vacuum
from servery.settings import Settings
from servery.storage.pool import Pool, by_itself
from servery.venues.rows import venues

log = logging.getLogger(__name__)

_EVERY = 600.0
"""Seconds between two looks."""
_LOCK = 0x9E7A
_QUIET = range(3, 6)
"""Hours of the first venue's clock in which large tables may be written anew."""
_BETWEEN = timedelta(hours=20)


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Look whether something is to be cleaned until told to stop."""
    while not stop.is_set():
        await clean(pool, settings)
        await either(stop, timeout=_EVERY)


async def clean(pool: Pool, settings: Settings) -> None:
    """One round, unless another worker is at it."""
    async with by_itself(pool) as db:
        cursor = await db.execute("select pg_try_advisory_lock(%s) as mine", [_LOCK])
        row = await cursor.fetchone()
        if not row or not row["mine"]:
            return
        try:
            quiet = await _is_quiet(pool)
            if quiet:
                await keep_to_rules(pool, settings)
            await rewrite(db, large=quiet)
        finally:
            if not db.broken:
                await db.execute("select pg_advisory_unlock(%s)", [_LOCK])


async def _is_quiet(pool: Pool) -> bool:
    async with pool.connection() as db:
        places = await venues(db)
    zone = ZoneInfo(places[0].venue.time_zone) if places else UTC
    return datetime.now(zone).hour in _QUIET


async def keep_to_rules(pool: Pool, settings: Settings, *, at_once: bool = False) -> int:
    """Have each rule done that was not done since yesterday, or with `at_once` all; how many things went."""
    async with pool.connection() as db:
        chosen = [one for one in await retention.rules(db) if one.months is not None]
        latest = {one.kind: one.at for one in reversed(await retention.runs(db))}
    due = datetime.now(UTC) - _BETWEEN
    return sum([await _keep_to(pool, settings, one) for one in chosen
                if at_once or one.kind not in latest or latest[one.kind] < due])  # fmt: skip


async def _erase(pool: Pool, settings: Settings, months: int) -> int:
    """Erase guests one by one, so that nobody waits long for what arrives meanwhile; then free what held them."""
    async with pool.connection() as db:
        guests = await retention.inactive(db, months)
    found = [await erase_inactive(pool, settings.home, guest_id, months) for guest_id in guests]
    erased = [one for one in found if one is not None]
    async with by_itself(pool) as db:
        await vacuum(db, sorted({table for one in erased for table in one.tables}))
    return len(erased)


async def _keep_to(pool: Pool, settings: Settings, rule: Rule) -> int:
    assert rule.months is not None
    async with pool.connection() as db:
        found = await retention.preview(db, rule.kind, rule.months)
        run_id = await retention.begin(db, rule.kind, rule.months, found)
    if rule.kind == "guests":
        done = await _erase(pool, settings, rule.months)
    else:
        async with pool.connection() as db:
            done = await retention.empty_out(db, rule.kind, rule.months)
    async with pool.connection() as db:
        await retention.end(db, run_id, done)
    log.info("retention of %s: %d of %d", rule.kind, done, found)
    return done
