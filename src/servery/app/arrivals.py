"""What the pages of events ask the house for: the inbox, what it means by today's rules, and what we hold of it."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from servery.accounts.audit import acted, looked
from servery.api.spoken_of import spoken_of
from servery.app.arrive import tell_pages
from servery.app.hearing import Unheard, said
from servery.connectors import registry
from servery.connectors.contract import Account, bound
from servery.errors import Quarantine, ServeryError
from servery.inbox import events as inbox
from servery.inbox import quarantine, replay
from servery.inbox.events import Stored
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.finding import HeldRecord, held
from servery.sync.understanding import Known
from servery.web.events.page import PAGE, Arrivals, Arrived, Caused, Understood, Wanted, Whole


class RoomArrivals(Arrivals):
    """The rooms' answers, in the form that the pages show."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def arrived(self, viewer: Viewer, wanted: Wanted) -> Arrived:
        """Some events, the newest first."""
        async with self._pool.connection() as db:
            found = await inbox.events(db, await _asked(db, viewer, wanted), limit=PAGE, before=wanted.before)
            return Arrived(
                rows=found.rows,
                next=found.next,
                groups=await quarantine.groups(db),
                connections={one.id: one.name for one in await connections.connections(db)},
                kinds=await inbox.kinds(db),
                now=datetime.now(UTC),
            )

    async def event(self, viewer: Viewer, event_id: int) -> Whole:
        """One event; that it was looked at is written down. Raises NotFound."""
        async with self._pool.connection() as db:
            stored = await inbox.event(db, event_id)
            owner = stored.row.connection_id
            records = await held(db, owner, stored.records) if owner is not None else []
            guests = {one.guest_id for one in records if one.guest_id is not None}
            await looked(db, viewer, guests, "page")
            await acted(db, viewer, "event-shown", f"event:{event_id}")
            return Whole(
                stored=stored,
                understood=await _understood(db, stored),
                records=records,
                names=await _names(db, guests),
                caused=await _caused(db, records),
                now=datetime.now(UTC),
            )

    async def replay(self, viewer: Viewer, event_id: int) -> None:
        """Have one taken in again. Raises NotFound and Refuse."""
        async with self._pool.connection() as db:
            await replay.replay(db, event_id)
            await _changed(db, viewer, "events-replayed", f"event:{event_id}", 1)

    async def replay_group(self, viewer: Viewer, wanted: Wanted) -> int:
        """Have all that rest for one reason taken in again; how many."""
        async with self._pool.connection() as db:
            asked = await _asked(db, viewer, msgspec.structs.replace(wanted, state="quarantined"))
            count = await replay.replay_all(db, asked)
            await _changed(db, viewer, "events-replayed", f"connection:{wanted.connection or 0}", count)
        return count

    async def dismiss(self, viewer: Viewer, wanted: Wanted, event_id: int | None) -> int:
        """Lay one aside, or all that rest for one reason; how many."""
        async with self._pool.connection() as db:
            count = await replay.dismiss(db, await _asked(db, viewer, wanted), event_id)
            subject = f"event:{event_id}" if event_id else f"connection:{wanted.connection or 0}"
            await _changed(db, viewer, "events-dismissed", subject, count)
        return count

    async def restore(self, viewer: Viewer, event_id: int) -> None:
        """Take a dismissal back, with all of the same stroke."""
        async with self._pool.connection() as db:
            count = await replay.undo(db, event_id)
            await _changed(db, viewer, "events-restored", f"event:{event_id}", count)


async def _changed(db: Db, viewer: Viewer, action: str, subject: str, count: int) -> None:
    await acted(db, viewer, action, subject, {"events": count})
    await tell_pages(db, ["events", "connections"])


async def _asked(db: Db, viewer: Viewer, wanted: Wanted) -> inbox.Asked:
    subjects = await spoken_of(db, viewer, "search", order=wanted.order, guest=wanted.guest)
    return inbox.Asked(
        connection_id=wanted.connection, kind=wanted.kind, state=wanted.state, stage=wanted.stage, code=wanted.code,
        subjects=subjects,
    )  # fmt: skip


async def _understood(db: Db, stored: Stored) -> Understood:
    """What an event says by today's rules, or why it says nothing."""
    row = stored.row
    one = next((each for each in await connections.connections(db) if each.id == row.connection_id), None)
    if one is None:
        return Understood(error=Quarantine("Nobody knows which connection this event belongs to."))
    account = msgspec.convert(one.account, Account) if one.account else None
    known = Known(
        await connections.places(db, one.id),
        frozenset(each.external_id for each in account.locations) if account else (),
    )
    try:
        told = said(bound(registry.connector(one.connector), one.settings), row.via, row.kind, stored.body, known)
    except Unheard as unheard:
        return Understood(error=unheard.reason)
    except ServeryError as error:
        return Understood(error=error)
    return Understood(changes=told.changes, wanted=told.wanted, news=told.news)


async def _names(db: Db, guest_ids: set[int]) -> dict[int, str | None]:
    cursor = await db.execute("select id, name from guest where id = any(%s)", [sorted(guest_ids)])
    return {row["id"]: row["name"] for row in await cursor.fetchall()}


async def _caused(db: Db, records: list[HeldRecord]) -> list[Caused]:
    """What outside systems are to hold of these guests, bookings and visits."""
    subjects: set[tuple[str, Any]] = set()
    for one in records:
        subjects |= {("guest", one.guest_id), ("visit", one.visit_id)}
        subjects |= {("party", one.id)} if one.kind == "reservation" else set()
    named = sorted((kind, subject) for kind, subject in subjects if subject is not None)
    cursor = await db.execute(
        "select c.name as connection, t.kind, t.state, t.sent_at from outbox_target t "
        "join unnest(%s::text[], %s::bigint[]) as i(kind, subject_id) using (kind, subject_id) "
        "join connection c on c.id = t.connection_id order by c.name, t.kind, t.id limit 50",
        [[kind for kind, _ in named], [subject for _, subject in named]],
    )
    return [msgspec.convert(row, Caused) for row in await cursor.fetchall()]
