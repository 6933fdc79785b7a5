"""What the pages ask the house for: rooms are asked in one transaction, and every look at a guest is written down."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from servery.accounts.audit import Purpose, looked
from servery.app import shown
from servery.connectors import registry
from servery.guests.search import find
from servery.model.venue import business_date
from servery.model.viewer import Viewer
from servery.profile.listing import guest_count, guest_list, guest_rows
from servery.profile.provenance import provenance
from servery.profile.story import story
from servery.profile.tonight import tonight
from servery.profile.visits import visits_of
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync.status import statuses
from servery.venues.rows import KeptVenue, venues
from servery.visits.unplaced import unplaced
from servery.web.connections.page import Health
from servery.web.guests.page import GuestList, GuestsAsked, Profile
from servery.web.sources import Sources
from servery.web.tonight.page import Evening

VISITS_SHOWN = 5
"""Last visits on a guest's page."""


class RoomSources(Sources):
    """The rooms' answers, in the form that screens show."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def places(self, viewer: Viewer) -> Sequence[KeptVenue]:
        """All venues, by name."""
        async with self._pool.connection() as db:
            return await venues(db)

    async def evening(self, viewer: Viewer, place: KeptVenue, day: date | None) -> Evening:
        """One business date at a venue; None: the one that it is there now."""
        today = business_date(datetime.now(UTC), place.venue.time_zone, place.venue.cutoff)
        async with self._pool.connection() as db:
            told = await tonight(db, viewer, place.id, day or today)
            await _look(db, viewer, told.guest_ids, "tonight")
        return shown.evening(told, today, viewer)

    async def guests(self, viewer: Viewer, asked: GuestsAsked) -> GuestList:
        """Some of the guests, by name, or the best found first."""
        async with self._pool.connection() as db:
            if asked.text:
                found = await find(db, viewer, asked.text, asked.limit)
                rows = await guest_rows(db, viewer, [one.id for one in found])
                page = [rows[one.id] for one in found if one.id in rows]
                listed = GuestList([shown.guest_row(row) for row in page], len(page))
            else:
                pages = await guest_list(db, viewer, cursor=asked.cursor, limit=asked.limit)
                page = list(pages.rows)
                listed = GuestList([shown.guest_row(row) for row in page], await guest_count(db, viewer), pages.next)
            await _look(db, viewer, {row.id for row in page}, "search" if asked.text else "list")
        return listed

    async def guest(self, viewer: Viewer, guest_id: int) -> Profile:
        """One guest, for whom the look is written down. Raises NotFound."""
        async with self._pool.connection() as db:
            told = await story(db, viewer, guest_id)
            past = await visits_of(db, viewer, told.id, limit=VISITS_SHOWN)
            sources = await provenance(db, viewer, told.id)
            await _look(db, viewer, {told.id}, "page")
        return shown.profile(told, past, sources, viewer)

    async def health(self, viewer: Viewer) -> Health:
        """The connections and the checks that were not placed."""
        async with self._pool.connection() as db:
            found = await statuses(db)
            loose, total = await unplaced(db, viewer) if viewer.may("see_guests") else ([], 0)
        rows = [shown.connection_row(one, registry.manifest(one.connection.connector)) for one in found]
        return Health(
            connections=rows,
            loose=[shown.loose_check(one) for one in loose],
            loose_total=total,
            now=datetime.now(UTC),
        )


async def _look(db: Db, viewer: Viewer, guest_ids: set[int], purpose: Purpose) -> None:
    if guest_ids:
        await looked(db, viewer, guest_ids, purpose)
