"""What no single change brings about: bookings that come near, a past read to its end, a choice of who owns a field.

A service of the worker. Each piece of work is one short transaction that may be repeated: several workers may do it.
"""

import asyncio
import logging
from datetime import timedelta

from servery.app.arrive import sorting_locale
from servery.app.calls import either
from servery.app.known_again import settle
from servery.app.marking import AHEAD, BEHIND, LATE, backfilling, mark_changed, mark_for
from servery.app.ownership import Outlet, outlets
from servery.guests.join import refresh
from servery.guests.rows import lock as resolving
from servery.outbox.mark import mark
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import recomputing, unsure

log = logging.getLogger(__name__)

_LOOK = 2.0
"""Seconds between looks for what is unsure or to be made anew."""
_SWEEP = timedelta(minutes=1)
AT_ONCE = 500
"""Guests, bookings or visits of one transaction."""


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Look after what was left behind until told to stop."""
    loop = asyncio.get_running_loop()
    swept = -_SWEEP.total_seconds()
    while not stop.is_set():
        busy = await settle_unsure(pool) + await name_guests(pool) + await make_anew(pool) + await tell_waiting(pool)
        if loop.time() - swept >= _SWEEP.total_seconds():
            found = await sweep(pool)
            busy += found
            # More of them than one look takes: the next look goes on at once.
            swept = loop.time() if found < AT_ONCE else swept
        if not busy:
            await either(stop, timeout=_LOOK)


async def settle_unsure(pool: Pool) -> int:
    """Look again at records that came while we were writing; how many connections have some that are clear now."""
    async with pool.connection() as db:
        waiting = await unsure.waiting(db)
        if not waiting:
            return 0
        await resolving(db)
        moved = await settle(db, await sorting_locale(db), waiting)
        await mark_changed(db)
    return len(moved.guests)


async def name_guests(pool: Pool) -> int:
    """Mark parties that were told before their guest had a record there: it can be named now; how many there were."""
    async with pool.connection() as db:
        rows = await (await db.execute(_NAMED, {"ahead": AHEAD, "behind": BEHIND})).fetchall()
        for connection_id in sorted({row["connection_id"] for row in rows}):
            parties = [row["id"] for row in rows if row["connection_id"] == connection_id]
            await mark(db, connection_id, "party", parties)
    return len(rows)


async def make_anew(pool: Pool) -> int:
    """Make the golden fields of some guests anew whose system speaks for other fields now; how many there were."""
    async with pool.connection() as db:
        work = await recomputing.take(db, AT_ONCE)
        if work is None:
            return 0
        await resolving(db)
        await refresh(db, work.guests, await sorting_locale(db))
        await mark_changed(db)
        to = [one for one in await outlets(db) if one.connection_id == work.connection_id]
        await mark_for(db, to, guests=work.guests, bookings=(), visits=())
    return len(work.guests)


async def sweep(pool: Pool) -> int:
    """Mark what should be known somewhere and is not; how many of them were found."""
    async with pool.connection() as db:
        to, quiet = await outlets(db), not await backfilling(db)
    found = 0
    for one in to:
        async with pool.connection() as db:
            bookings = await _missing(db, _BOOKINGS, one) if "party" in one.kinds else []
            visits = await _missing(db, _VISITS, one) if "visit" in one.kinds else []
            guests = await _missing(db, _GUESTS, one) if "guest" in one.kinds and quiet else []
            if bookings or visits or guests:
                await mark_for(db, [one], guests=guests, bookings=bookings, visits=visits)
        found += max(len(bookings), len(visits), len(guests))
    return found


async def tell_waiting(pool: Pool) -> int:
    """Mark guests who changed while a past was being read, once it is read; how many there were."""
    async with pool.connection() as db:
        waiting = await (await db.execute("select from guest_waiting limit 1")).fetchone()
        if waiting is None or await backfilling(db):
            return 0
        rows = await (await db.execute(_WAITED, [AT_ONCE])).fetchall()
        await mark_for(db, await outlets(db), guests=[row["guest_id"] for row in rows], bookings=(), visits=())
    return len(rows)


async def _missing(db: Db, query: str, to: Outlet) -> list[int]:
    asked = {"connection": to.connection_id, "ahead": AHEAD, "behind": BEHIND, "late": LATE, "limit": AT_ONCE}
    return [row["id"] for row in await (await db.execute(query, asked)).fetchall()]


# A guest and their party are marked together and sent side by side: of a new guest the party does not know the record.
_NAMED = """
select p.connection_id, p.subject_id as id from outbox_target g
join source_guest s on s.guest_id = g.subject_id
join reservation r on r.source_guest_id = s.id
    and r.starts_at between now() - %(behind)s::interval and now() + %(ahead)s::interval
join outbox_target p on p.connection_id = g.connection_id and p.kind = 'party' and p.subject_id = r.id
where g.kind = 'guest' and g.external_id is not null and g.sent_at > now() - interval '10 minutes'
  and p.state = 'rests' and p.marked_at < g.sent_at"""

_BOOKINGS = """
select r.id from venue_link l join reservation r on r.venue_id = l.venue_id
    and r.business_date between current_date - 2 and current_date + 3
left join outbox_target t on t.connection_id = l.connection_id and t.kind = 'party' and t.subject_id = r.id
where l.connection_id = %(connection)s and r.connection_id <> l.connection_id and t.id is null and not r.removed
  and r.status not in ('cancelled', 'declined', 'no_show')
  and r.starts_at between now() - %(behind)s::interval and now() + %(ahead)s::interval
order by r.starts_at limit %(limit)s"""

_VISITS = """
select distinct v.id from venue_link l
join visit v on v.venue_id = l.venue_id and v.business_date > current_date - %(late)s::interval
join reservation r on r.visit_id = v.id and r.connection_id = l.connection_id
left join outbox_target t on t.connection_id = l.connection_id and t.kind = 'visit' and t.subject_id = v.id
where l.connection_id = %(connection)s and t.id is null and v.gone_at is null and v.ends_at is not null
order by v.id limit %(limit)s"""

_GUESTS = """
select distinct s.guest_id as id from source_guest s
left join outbox_target t on t.connection_id = s.connection_id and t.kind = 'guest' and t.subject_id = s.guest_id
where s.connection_id = %(connection)s and s.guest_id is not null and not s.removed and s.revision >= 0 and t.id is null
order by 1 limit %(limit)s"""

_WAITED = """
delete from guest_waiting where guest_id in (
    select guest_id from guest_waiting order by guest_id limit %s for update skip locked)
returning guest_id"""
