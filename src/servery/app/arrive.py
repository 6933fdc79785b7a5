"""What arrives goes from room to room inside one transaction.

Rooms do not know one another. Each returns what it changed, and `arrive` hands that to the next.
"""

from collections.abc import Collection, Mapping, Sequence

from servery.accounts.audit import acted
from servery.app.known_again import after, known_again
from servery.app.marking import mark_changed
from servery.guests.join import resolve
from servery.guests.rows import lock as resolving
from servery.model.changes import Applied, Change, GuestSeen, Removed
from servery.model.language import locale_in
from servery.model.viewer import SYSTEM
from servery.privacy.keyed import Key
from servery.privacy.suppress import sift
from servery.storage.pool import Connection as Db
from servery.sync import connections
from servery.sync.apply import apply
from servery.sync.places import Place
from servery.visits.form import form_visits
from servery.visits.rows import Day, days_of_guests, lock_venues

CHANGED = "servery_changed"
"""The PostgreSQL channel on which open pages hear what changed: the payload is bookings, checks or guests."""

_DAYS_AT_ONCE = 500
"""Business days formed together: a bound on what is held in memory."""


async def arrive(
    db: Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[Change], erased: Key | None = None
) -> Applied:
    """Take a set of changes of one connection from records to guests to visits, in the caller's transaction.

    `erased` is the key by which guests who were erased are known again and kept out.
    """
    applied = await take_in(db, connection_id, places, changes, erased)
    await form(db, applied.days)
    return applied


async def take_in(
    db: Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[Change], erased: Key | None = None
) -> Applied:
    """The first half of `arrive`: records and guests. `days` are those whose visits are then to be formed anew."""
    await connections.lock(db, connection_id)
    # All that the rooms will wait for is taken before anything is written: two who write first and then wait for one
    # another would wait for ever.
    if any(isinstance(one, GuestSeen) or (isinstance(one, Removed) and one.kind == "guest") for one in changes):
        await resolving(db)
    await lock_venues(db, (place.venue_id for place in places.values()))
    # Under the lock: who is erased while a page is read does not come back with it.
    sifted = await sift(db, erased, connection_id, changes)
    changes = sifted.changes
    for line in sifted.let_in:
        await acted(db, SYSTEM, "guest-let-in", f"let-in:{line}", {"reason": "booked"})
    known = await known_again(db, connection_id, changes)
    applied = await apply(db, connection_id, places, known.changes)
    applied.held_back, applied.emptied = sifted.held_back, sifted.emptied
    await after(db, connection_id, known, changes)
    resolved = await resolve(db, applied.guests, await sorting_locale(db))
    # Checks and bookings that came before their guest, or before the guest's new name, were matched without it.
    applied.days |= await days_of_guests(db, sorted({*applied.guests, *resolved.moved}))
    await tell_pages(db, ["guests"] if resolved.guests else [])
    return applied


async def form(db: Db, days: Collection[Day]) -> None:
    """The second half of `arrive`: the visits of these days, and what must leave. It ends the transaction.

    Once for many sets is much quicker than after each.
    """
    ordered = sorted(days)
    for start in range(0, len(ordered), _DAYS_AT_ONCE):
        await form_visits(db, ordered[start : start + _DAYS_AT_ONCE])
    await tell_pages(db, ["bookings", "checks"] if days else [])
    await mark_changed(db)


async def tell_pages(db: Db, topics: Sequence[str]) -> None:
    """Let open pages know what changed, once the caller's transaction is committed."""
    await db.execute("select pg_notify(%s, topic) from unnest(%s::text[]) as t(topic)", [CHANGED, list(topics)])


async def sorting_locale(db: Db) -> str:
    """How names sort here: as in the country of the first venue (Æ Ø Å last in Denmark).

    The first, because one list has one order: a venue added abroad must not sort half of the guests anew.
    """
    cursor = await db.execute("select body ->> 'time_zone' as zone from venue order by id limit 1")
    first = await cursor.fetchone()
    return locale_in(first["zone"] if first else None)
