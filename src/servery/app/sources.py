"""What the pages ask the house for: rooms are asked in one transaction, and every look at a guest is written down."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from servery.accounts.audit import Purpose, acted, actions, looked
from servery.app import shown, shown_connections
from servery.app.arrive import tell_pages
from servery.app.marking import mark_changed
from servery.connectors import registry
from servery.errors import NotFound
from servery.guests.edits import NOTHING, Entry
from servery.guests.log import Step, names_of_authors, steps_of
from servery.guests.say import said
from servery.guests.search import find
from servery.guests.suggest import CERTAIN
from servery.guests.tagging.rows import rules as tag_rules
from servery.health.report import report
from servery.inbox import claim
from servery.model.venue import business_date
from servery.model.viewer import Viewer
from servery.profile.listing import COUNTED_TO, guest_count, guest_list, guest_rows
from servery.profile.provenance import provenance
from servery.profile.story import story
from servery.profile.tonight import tonight
from servery.profile.visits import visits_of
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections, state
from servery.sync.status import contradictions, statuses
from servery.venues.rows import KeptVenue, venues
from servery.visits.form import form_visits
from servery.visits.link import decided, link, unlink
from servery.visits.rows import Day
from servery.visits.unplaced import unplaced
from servery.web.connections.page import ConnectionRow, Health, Placed
from servery.web.guests.page import GuestList, GuestsAsked, LogLine, Profile
from servery.web.sources import Sources
from servery.web.tonight.page import Evening

VISITS_SHOWN = 5
"""Last visits on a guest's page."""
STEPS_SHOWN = 20
"""Merges and partings on a guest's page."""
CONTRADICTIONS_SHOWN = 3
"""Checks that do not add up, on the page of connections."""
_LINKED = "check-linked"
"""The change by which a person placed a check."""


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
        now = datetime.now(UTC)
        today = business_date(now, place.venue.time_zone, place.venue.cutoff)
        async with self._pool.connection() as db:
            told = await tonight(db, viewer, place.id, day or today)
            await _look(db, viewer, told.guest_ids, "tonight")
        return shown.evening(told, today, now)

    async def guests(self, viewer: Viewer, asked: GuestsAsked) -> GuestList:
        """Some of the guests, by name, or the best found first."""
        async with self._pool.connection() as db:
            listed = await (_found if asked.text else _listed)(db, viewer, asked)
            await _look(db, viewer, {row.id for row in listed.rows}, "search" if asked.text else "list")
        return listed

    async def guest(self, viewer: Viewer, guest_id: int) -> Profile:
        """One guest, for whom the look is written down. Raises NotFound."""
        async with self._pool.connection() as db:
            told = await story(db, viewer, guest_id)
            past = await visits_of(db, viewer, told.id, limit=VISITS_SHOWN)
            sources = await provenance(db, viewer, told.id)
            rules = {one.id: one for one in await tag_rules(db)} if sources.ruled else {}
            written = (await said(db, [told.id])).get(told.id, NOTHING)
            today = await _earliest_day(db)
            steps = await steps_of(db, told.id, limit=STEPS_SHOWN)
            names = await names_of_authors(db, {one.author for one in steps})
            await _look(db, viewer, {told.id}, "page")
        log = [_log_line(one, told.id, names.get(one.author, one.author)) for one in steps]
        return shown.profile(told, past, sources, viewer, _still(written.entries, today), log, rules)

    async def connections(self, viewer: Viewer) -> list[ConnectionRow]:
        """The connections alone, the oldest first."""
        async with self._pool.connection() as db:
            return await _connections(db)

    async def health(self, viewer: Viewer) -> Health:
        """The connections and the checks that were not placed; the looks at whose they may be are written down."""
        async with self._pool.connection() as db:
            found = await _connections(db)
            loose, total = await unplaced(db, viewer) if viewer.may("see_guests") else ([], 0)
            placed = await _placed(db, viewer) if viewer.may("link_visits") else []
            odd_total, odd = await contradictions(db, CONTRADICTIONS_SHOWN) if viewer.may("see_money") else (0, [])
            offered = (offer.guest_id for one in loose for offer in one.offered)
            await _look(db, viewer, {guest_id for guest_id in offered if guest_id is not None}, "list")
        return Health(
            connections=found,
            loose=[shown_connections.loose_check(one) for one in loose],
            loose_total=total,
            placed=placed,
            contradictions=odd,
            contradictions_total=odd_total,
            now=datetime.now(UTC),
        )

    async def link(self, viewer: Viewer, check_id: int, reservation_id: int | None) -> None:
        """Say whose a check is; None: a walk-in's. Raises NotFound and Invalid."""
        async with self._pool.connection() as db:
            await _form(db, await link(db, check_id, reservation_id))
            await acted(db, viewer, _LINKED, f"check:{check_id}", {"reservation": reservation_id})

    async def unlink(self, viewer: Viewer, check_id: int) -> None:
        """Leave a check to the rules again. Raises NotFound."""
        async with self._pool.connection() as db:
            await _form(db, await unlink(db, check_id))
            await acted(db, viewer, "check-unlinked", f"check:{check_id}")

    async def read_now(self, viewer: Viewer, connection_id: int) -> None:
        """Have a connection read at once. Raises NotFound."""
        async with self._pool.connection() as db:
            await _want_connection(db, connection_id)
            await state.retry_now(db, connection_id)
            await claim.try_now(db, connection_id)
            await changed(db, viewer, connection_id, "read")

    async def pause(self, viewer: Viewer, connection_id: int, paused: bool) -> None:
        """Stop reading a connection, or go on. Raises NotFound."""
        async with self._pool.connection() as db:
            await _want_connection(db, connection_id)
            await connections.pause(db, connection_id, paused)
            await changed(db, viewer, connection_id, "paused" if paused else "resumed")


def _log_line(step: Step, guest_id: int, author: str) -> LogLine:
    """One step of the log of this guest."""
    return LogLine(
        id=step.id,
        at=step.at,
        action=step.action,
        other_id=step.other_id if step.guest_id == guest_id else step.guest_id,
        author=author,
        reason=step.reason,
        records=len(step.moved),
        undone=step.undone_by is not None,
        run=step.run,
        probability=min(step.score.probability, CERTAIN) if step.score else None,
        reasons=step.score.reasons if step.score else (),
    )


def _still(entries: Sequence[Entry], today: date) -> list[Entry]:
    """Without notes for evenings that are over."""
    return [one for one in entries if one.business_date is None or one.business_date >= today]


async def _earliest_day(db: Db) -> date:
    """The business date at the venue where the day before is not over yet, if it is so at any."""
    now = datetime.now(UTC)
    days = [business_date(now, one.venue.time_zone, one.venue.cutoff) for one in await venues(db)]
    return min(days, default=now.date())


async def _connections(db: Db) -> list[ConnectionRow]:
    health = {one.id: one for one in await report(db, datetime.now(UTC))}
    return [
        shown_connections.connection_row(one, health[one.connection.id], registry.manifest(one.connection.connector))
        for one in await statuses(db)
        if one.connection.id in health
    ]


async def _found(db: Db, viewer: Viewer, asked: GuestsAsked) -> GuestList:
    """What a search finds; one more is asked for than is shown, to know whether there are more."""
    found = await find(db, viewer, asked.text, asked.limit + 1)
    rows = await guest_rows(db, viewer, [one.id for one in found[: asked.limit]])
    page = [shown.guest_row(rows[one.id], one) for one in found if one.id in rows]
    return GuestList(page, len(page), more=len(found) > asked.limit)


async def _listed(db: Db, viewer: Viewer, asked: GuestsAsked) -> GuestList:
    page = await guest_list(db, viewer, cursor=asked.cursor, limit=asked.limit)
    total = await guest_count(db, viewer)
    rows = [shown.guest_row(row) for row in page.rows]
    return GuestList(rows, min(total, COUNTED_TO), page.next, more=total > COUNTED_TO)


async def _placed(db: Db, viewer: Viewer) -> list[Placed]:
    """The checks that people placed lately and that still stand so, the latest first."""
    done = {one.subject.removeprefix("check:"): one for one in reversed(await actions(db)) if one.action == _LINKED}
    standing = await decided(db, viewer, [int(check_id) for check_id in done])
    return [shown_connections.placed(one, done[str(one.id)].viewer_name, done[str(one.id)].at) for one in standing]


async def _form(db: Db, day: Day) -> None:
    """Form a day's visits anew, and let open pages know."""
    await form_visits(db, [day])
    await tell_pages(db, ["bookings", "checks", "guests"])
    await mark_changed(db)


async def _want_connection(db: Db, connection_id: int) -> None:
    if connection_id not in {one.id for one in await connections.connections(db)}:
        raise NotFound("There is no connection {id}.", id=connection_id)


async def changed(db: Db, viewer: Viewer, connection_id: int, how: str) -> None:
    """Write down what somebody did to a connection, and let open pages know."""
    await acted(db, viewer, "connection-changed", f"connection:{connection_id}", {"outcome": how})
    await tell_pages(db, ["connections"])


async def _look(db: Db, viewer: Viewer, guest_ids: set[int], purpose: Purpose) -> None:
    if guest_ids:
        await looked(db, viewer, guest_ids, purpose)
