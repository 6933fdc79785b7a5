"""What staff say of a guest, and what follows from it: golden fields, open pages, what must leave."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from servery.accounts.audit import acted
from servery.api.guest_edits import NewEntry
from servery.app.arrive import sorting_locale, tell_pages
from servery.app.marking import mark_changed
from servery.guests import say
from servery.guests.edits import EditField
from servery.guests.join import refresh
from servery.guests.log import living
from servery.guests.rows import lock as resolving
from servery.model.venue import business_date
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db
from servery.venues.rows import venues


async def edited(
    db: Db,
    viewer: Viewer,
    guest_id: int,
    values: Mapping[EditField, Any],
    unchanged: Callable[[Db], Awaitable[None]] | None = None,
) -> int:
    """Change fields of a guest; the id of the edit. NotFound, Invalid with the field.

    `unchanged` is asked first whether the guest still is what somebody decided on: then nobody else can change it.
    """
    await resolving(db)
    if unchanged is not None:
        await db.execute("select from guest where id = %s for no key update", [await living(db, guest_id)])
        await unchanged(db)
    edit_id = await say.edit(db, viewer, guest_id, values)
    await _done(db, viewer, await living(db, guest_id), "guest-edited", {"fields": sorted(values)})
    return edit_id


async def edit_taken_back(db: Db, viewer: Viewer, edit_id: int) -> int:
    """Undo an edit; the guest's id. NotFound."""
    await resolving(db)
    current = await say.take_back_edit(db, edit_id)
    await _done(db, viewer, current, "guest-edit-undone", {"edit": edit_id})
    return current


async def entered(db: Db, viewer: Viewer, guest_id: int, entry: NewEntry) -> int:
    """Write an entry; its id. NotFound, Invalid."""
    await resolving(db)
    entry_id = await say.enter(
        db,
        viewer,
        guest_id,
        entry.kind,
        entry.text,
        present=entry.present,
        business_date=entry.business_date,
        today=await _today(db),
    )
    await _done(db, viewer, await living(db, guest_id), "guest-entry", {"kind": entry.kind, "entry": entry_id})
    return entry_id


async def entry_taken_back(db: Db, viewer: Viewer, entry_id: int, *, again: bool = False) -> int:
    """Strike an entry out, or let it stand again; the guest's id. NotFound."""
    await resolving(db)
    current = await say.take_back_entry(db, entry_id, again=again)
    await _done(db, viewer, current, "guest-entry-undone", {"entry": entry_id})
    return current


async def _today(db: Db) -> date:
    """The business date that it still is at any of the venues."""
    now = datetime.now(UTC)
    days = [business_date(now, one.venue.time_zone, one.venue.cutoff) for one in await venues(db)]
    return min(days, default=now.date())


async def _done(db: Db, viewer: Viewer, guest_id: int, action: str, detail: Mapping[str, object]) -> None:
    await acted(db, viewer, action, f"guest:{guest_id}", detail)
    await refresh(db, [guest_id], await sorting_locale(db))
    await tell_pages(db, ["guests"])
    await mark_changed(db)
