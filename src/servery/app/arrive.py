"""What arrives goes from room to room inside one transaction.

Rooms do not know one another. Each returns what it changed, and `arrive` hands that to the next.
"""

from collections.abc import Mapping, Sequence

from babel.core import get_global

from servery.guests.join import resolve
from servery.guests.rows import lock as resolving
from servery.model.changes import Applied, Change, GuestSeen, Removed
from servery.storage.pool import Connection as Db
from servery.sync import connections
from servery.sync.apply import apply
from servery.sync.places import Place
from servery.visits.form import form_visits
from servery.visits.rows import days_of_guests, lock_venues

CHANGED = "servery_changed"
"""The PostgreSQL channel on which open pages hear what changed: the payload is bookings, checks or guests."""


async def arrive(db: Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[Change]) -> Applied:
    """Take a set of changes of one connection from records to guests to visits, in the caller's transaction."""
    await connections.lock(db, connection_id)
    # All that the rooms will wait for is taken before anything is written: two who write first and then wait for one
    # another would wait for ever.
    if any(isinstance(one, GuestSeen) or (isinstance(one, Removed) and one.kind == "guest") for one in changes):
        await resolving(db)
    await lock_venues(db, (place.venue_id for place in places.values()))
    applied = await apply(db, connection_id, places, changes)
    resolved = await resolve(db, applied.guests, await sorting_locale(db))
    # Checks and bookings that came before their guest, or before the guest's new name, were matched without it.
    days = applied.days | await days_of_guests(db, sorted({*applied.guests, *resolved.moved}))
    visits = await form_visits(db, days)
    topics = (["guests"] if resolved.guests else []) + (["bookings", "checks"] if visits or days else [])
    await db.execute("select pg_notify(%s, topic) from unnest(%s::text[]) as t(topic)", [CHANGED, topics])
    return applied


async def sorting_locale(db: Db) -> str:
    """How names sort here: as in the country of the first venue (Æ Ø Å last in Denmark).

    The first, because one list has one order: a venue added abroad must not sort half of the guests anew.
    """
    cursor = await db.execute("select body ->> 'time_zone' as zone from venue order by id limit 1")
    first = await cursor.fetchone()
    country = get_global("zone_territories").get(first["zone"]) if first else None
    return f"{_LANGUAGE_OF.get(country, 'en')}_{country}" if country else "en"


# The language whose alphabet a country's guest book follows, for the languages that Servery speaks.
_LANGUAGE_OF = {
    **dict.fromkeys(("DK", "GL", "FO"), "da"),
    **dict.fromkeys(("DE", "AT", "CH", "LI", "LU"), "de"),
    **dict.fromkeys(("ES", "MX", "AR", "CL", "CO", "PE", "UY"), "es"),
    "NO": "nb",
    "SE": "sv",
}
