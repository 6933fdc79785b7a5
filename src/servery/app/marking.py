"""What must leave because of what a transaction changed: found at its end, by the rows that carry its time.

Every row that says when it changed holds the time of its transaction (`now()`), so nobody has to pass on what they
wrote. Nothing is composed here: only which guest, booking or visit a system may no longer hold as it should.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from servery.app.ownership import Outlet, outlets
from servery.guests.tagging.rows import note_changed
from servery.outbox.mark import mark
from servery.outbox.records import adopt
from servery.storage.pool import Connection as Db

AHEAD = timedelta(hours=36)
"""How long before their time parties are told of: later changes of a booking made long ago are of no use at a till."""
BEHIND = timedelta(hours=12)
"""How long after their time they still are: until the evening is over."""
LATE = timedelta(days=7)
"""How long after a visit its book is told of it for the first time; a visit told once is told of every change."""

_CHANGED = """
with visits as (
    select id, source_guest_id from visit where updated_at = now() and (ends_at is not null or gone_at is not null)
    union
    select v.id, v.source_guest_id from checks c join visit v on v.id = c.visit_id
    where c.seen_at = now() and v.ends_at is not null
), bookings as (
    select id, source_guest_id from reservation where seen_at = now()
)
select array(select id from guest_log where at = now() and action in ('merged', 'unmerged')) as merges,
       array(select id from visits) as visits, array(select id from bookings) as bookings,
       array(select coalesce(merged_into, id) from guest where updated_at = now()
             union select guest_id from source_guest
             where guest_id is not null and id in (select source_guest_id from visits
                                                   union select source_guest_id from bookings)) as guests"""

STANDSTILL = timedelta(minutes=10)
"""A past of which nothing was read for so long (its system fails, or service is spared) holds up nobody."""
PATIENCE = timedelta(days=1)
"""Nor does one whose reading began so long ago: then totals that still grow are better than none."""

_BACKFILLING = """
select exists (
    select from sync_state s join connection c on c.id = s.connection_id
    where c.removed_at is null and not c.paused
      and s.backfill_since is not null and s.backfill_done_at is null
      and not coalesce((s.error -> 'needs_person')::boolean, false)
      and s.backfill_moved_at > now() - %s::interval and s.backfill_started_at > now() - %s::interval) as going_on"""


async def mark_changed(db: Db) -> None:
    """Mark what every system no longer holds as it should since this transaction began; the last thing it does.

    Guests who changed in it are noted, too, for the rules of tags.
    """
    await note_changed(db)
    to = await outlets(db)
    if not to:
        return
    cursor = await db.execute(_CHANGED)
    changed = await cursor.fetchone()
    assert changed is not None
    if any(changed.values()):
        await mark_for(
            db,
            to,
            guests=changed["guests"],
            bookings=changed["bookings"],
            visits=changed["visits"],
            merges=changed["merges"],
        )


async def mark_for(
    db: Db,
    to: Sequence[Outlet],
    *,
    guests: Sequence[int],
    bookings: Sequence[int],
    visits: Sequence[int],
    merges: Sequence[int] = (),
) -> None:
    """Mark those of these that each of these connections is to know of; guests wait while a past is read."""
    whole = not await backfilling(db)
    if guests and not whole:
        await db.execute(_WAIT, [sorted(set(guests))])
    asked = {
        "guests": list(guests), "bookings": list(bookings), "visits": list(visits), "merges": list(merges),
        "ahead": AHEAD, "behind": BEHIND, "late": LATE, "whole": whole,
    }  # fmt: skip
    for one in sorted(to, key=lambda each: each.connection_id):
        for kind in sorted(one.kinds):
            wanted = await _ids(db, _WANTED[kind], one.connection_id, asked)
            await mark(db, one.connection_id, kind, wanted)
            if kind == "guest" and wanted:
                await adopt(db, one.connection_id, wanted)


async def mark_booked_in(db: Db, connection_id: int) -> None:
    """Mark the parties expected by one book everywhere: something else of them may be told now."""
    bookings = await _ids(db, _BOOKED, connection_id, {"ahead": AHEAD, "behind": BEHIND})
    await mark_for(db, await outlets(db), guests=(), bookings=bookings, visits=())


async def mark_all(db: Db, to: Outlet) -> None:
    """Mark all that a connection is known to hold: other fields may go there now."""
    for kind in sorted(to.kinds):
        held = await _ids(db, _HELD, to.connection_id, {"kind": kind})
        await mark(db, to.connection_id, kind, held)


async def backfilling(db: Db) -> bool:
    """Whether the past of some system is being read just now: what a guest came to is then not yet worth telling.

    One that was removed or paused, waits for a person or stands still does not count: it may never be read.
    """
    row = await (await db.execute(_BACKFILLING, [STANDSTILL, PATIENCE])).fetchone()
    return bool(row and row["going_on"])


async def _ids(db: Db, query: str, connection_id: int, asked: Mapping[str, Any]) -> list[int]:
    cursor = await db.execute(query, {**asked, "connection": connection_id})
    return [row["id"] for row in await cursor.fetchall()]


_WAIT = "insert into guest_waiting (guest_id) select unnest(%s::bigint[]) on conflict do nothing"
_HELD = "select subject_id as id from outbox_target where connection_id = %(connection)s and kind = %(kind)s"
_HERE = "(select venue_id from venue_link where connection_id = %(connection)s)"
_SOON = "r.starts_at between now() - %(behind)s::interval and now() + %(ahead)s::interval"
_BOOKED = f"select r.id from reservation r where r.connection_id = %(connection)s and not r.removed and {_SOON}"

# Who is expected is told of at once; others while no past is being read, else they would be written once for each of
# their old visits.
_GUESTS = f"""
select g.id from unnest(%(guests)s::bigint[]) as g(id)
where (%(whole)s and (
        exists (select from source_guest s where s.connection_id = %(connection)s and s.guest_id = g.id
                and not s.removed and s.revision >= 0)
        or exists (select from outbox_target t where t.connection_id = %(connection)s and t.kind = 'guest'
                   and t.subject_id = g.id)))
   or exists (select from source_guest s join reservation r on r.source_guest_id = s.id
              where s.guest_id = g.id and r.connection_id <> %(connection)s and not r.removed and {_SOON}
              and r.status not in ('cancelled', 'declined', 'no_show') and r.venue_id in {_HERE})
union
select t.subject_id from guest g
join outbox_target t on t.connection_id = %(connection)s and t.kind = 'guest' and t.subject_id = g.id
where g.merged_into = any(%(guests)s)"""

_PARTIES = f"""
select r.id from reservation r
where r.id = any(%(bookings)s) and r.connection_id <> %(connection)s and r.venue_id in {_HERE}
  and (({_SOON} and not r.removed and r.status not in ('cancelled', 'declined', 'no_show'))
       or exists (select from outbox_target t where t.connection_id = %(connection)s and t.kind = 'party'
                  and t.subject_id = r.id))
union
select r.id from source_guest s join reservation r on r.source_guest_id = s.id
where s.guest_id = any(%(guests)s) and r.connection_id <> %(connection)s and r.venue_id in {_HERE}
  and not r.removed and {_SOON} and r.status not in ('cancelled', 'declined', 'no_show')"""

_VISITS = """
select v.id from visit v
where v.id = any(%(visits)s) and (
    exists (select from outbox_target t where t.connection_id = %(connection)s and t.kind = 'visit'
            and t.subject_id = v.id)
    or (v.gone_at is null and v.business_date > current_date - %(late)s::interval
        and exists (select from reservation r where r.visit_id = v.id and r.connection_id = %(connection)s)))"""

# While a past is being read, guests are found to be one by the thousand, and nobody was told of the two.
_MERGES = "select unnest(%(merges)s::bigint[]) as id where %(whole)s"

# Whoever erases somebody marks that, and no other change does.
_ERASURES = "select null::bigint as id where false"

_WANTED = {"guest": _GUESTS, "party": _PARTIES, "visit": _VISITS, "merge": _MERGES, "erasure": _ERASURES}
