"""Forming the visits of a set of business days from all that is known of them now."""

from collections.abc import Iterable

from servery.visits import rows
from servery.visits.assemble import drafts
from servery.visits.match import Rules, match
from servery.visits.rows import Day, Db


async def form_visits(db: Db, days: Iterable[Day]) -> list[int]:
    """Match each day's checks and reservations anew and bring its visits to the result; the ids of those visits."""
    ordered = sorted(set(days))
    if not ordered:
        return []
    await rows.lock_venues(db, (venue_id for venue_id, _ in ordered))
    venues = await rows.venues_of(db, ordered)
    records = await rows.load(db, ordered)
    made, parties = [], []
    for day in ordered:
        venue, found = venues[day[0]], records.get(day, rows.DayRecords({}, {}, [], []))
        window = Rules(venue.match_before, venue.match_after)
        matched = match(found.weighed_bookings, found.weighed_bills, window)
        parties += matched
        made += drafts(*day, venue.currency, matched, found.bookings, found.bills)
    return await rows.write(db, ordered, made, parties)
