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
    resolved = await resolve(db, applied.guests, sorting_locale(places))
    # Checks and bookings that came before their guest, or before the guest's new name, were matched without it.
    days = applied.days | await days_of_guests(db, sorted({*applied.guests, *resolved.moved}))
    visits = await form_visits(db, days)
    topics = (["guests"] if resolved.guests else []) + (["bookings", "checks"] if visits or days else [])
    await db.execute("select pg_notify(%s, topic) from unnest(%s::text[]) as t(topic)", [CHANGED, topics])
    return applied


def sorting_locale(places: Mapping[str, Place]) -> str:
    """How names sort here: as in the country of the venues (Æ Ø Å last in Denmark); by plain rules where in several."""
    zones = {place.venue.time_zone for place in places.values()}
    countries = {get_global("zone_territories").get(zone) for zone in zones}
    country = next(iter(countries), None) if len(countries) == 1 else None
    return f"{_LANGUAGE_OF.get(country, 'en')}_{country}" if country else "en"


# The language whose alphabet a country's guest book follows, for the languages that Servery speaks.
_LANGUAGE_OF = {
    **dict.fromkeys(("DK", "GL", "FO"), "da"),
    **dict.fromkeys(("DE", "AT", "CH", "LI", "LU"), "de"),
    **dict.fromkeys(("ES", "MX", "AR", "CL", "CO", "PE", "UY"), "es"),
    "NO": "nb",
    "SE": "sv",
}
