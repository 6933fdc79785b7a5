"""What pages and API ask for when somebody says who is who: each call is a transaction of its own."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, cast

import msgspec

from servery.api import guest_edits, merging
from servery.api.merging import as_step
from servery.app import merging as deciding
from servery.app import saying
from servery.guests.edits import EditField, EntryKind
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.web.guests import saying as pages


class RoomMerging(merging.Merging):
    """Merging for the API."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def answer(self, viewer: Viewer, suggestion_id: int, answer: merging.SuggestionAnswer) -> merging.GuestStep:
        """Decide a suggestion."""
        async with self._pool.connection() as db:
            fields = _fields(answer.fields)
            return as_step(await deciding.decided(db, viewer, suggestion_id, answer.same, answer.reason, fields))

    async def merge(self, viewer: Viewer, guest_id: int, other: merging.GuestMerge) -> merging.GuestStep:
        """Make one guest of two."""
        async with self._pool.connection() as db:
            fields = _fields(other.fields)
            return as_step(
                await deciding.merged(db, viewer, guest_id, other.guest_id, other.reason, fields, anyway=other.anyway)
            )

    async def unmerge(self, viewer: Viewer, guest_id: int, reason: str) -> merging.GuestStep:
        """Part an absorbed guest from its survivor."""
        async with self._pool.connection() as db:
            return as_step(await deciding.unmerged(db, viewer, guest_id, reason))

    async def part(self, viewer: Viewer, guest_id: int, out: merging.RecordsOut) -> merging.GuestStep:
        """Take records out of a guest."""
        async with self._pool.connection() as db:
            return as_step(await deciding.parted(db, viewer, guest_id, out.records, out.reason))

    async def apart(self, viewer: Viewer, guest_id: int, other: merging.OtherGuest) -> merging.GuestStep:
        """Say that two guests are not the same person."""
        async with self._pool.connection() as db:
            return as_step(await deciding.said_apart(db, viewer, guest_id, other.guest_id, other.reason))

    async def undo(self, viewer: Viewer, step_id: int) -> merging.GuestStep:
        """Take one step back."""
        async with self._pool.connection() as db:
            return as_step(await deciding.taken_back(db, viewer, step_id))


class RoomEditing(guest_edits.Editing):
    """Changing guests for the API."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def edit(
        self, viewer: Viewer, guest_id: int, values: dict[EditField, Any], unchanged: Callable[[Db], Awaitable[None]]
    ) -> None:
        """Change fields, unless `unchanged` raises once nobody else can change the guest any more."""
        async with self._pool.connection() as db:
            await saying.edited(db, viewer, guest_id, _plain(values), unchanged)

    async def take_back_edit(self, viewer: Viewer, edit_id: int) -> int:
        """Undo an edit; the guest's id."""
        async with self._pool.connection() as db:
            return await saying.edit_taken_back(db, viewer, edit_id)

    async def enter(self, viewer: Viewer, guest_id: int, entry: guest_edits.NewEntry) -> int:
        """Write an entry; its id."""
        async with self._pool.connection() as db:
            return await saying.entered(db, viewer, guest_id, entry)

    async def strike(self, viewer: Viewer, entry_id: int) -> None:
        """Strike an entry out."""
        async with self._pool.connection() as db:
            await saying.entry_taken_back(db, viewer, entry_id)


class RoomSaying(pages.Saying):
    """Changing guests for the pages."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def edit(self, viewer: Viewer, guest_id: int, values: Mapping[str, Any]) -> int:
        """Change fields; the id of the edit."""
        async with self._pool.connection() as db:
            return await saying.edited(db, viewer, guest_id, _fields(values))

    async def take_back_edit(self, viewer: Viewer, edit_id: int) -> int:
        """Undo an edit; the guest's id."""
        async with self._pool.connection() as db:
            return await saying.edit_taken_back(db, viewer, edit_id)

    async def enter(self, viewer: Viewer, guest_id: int, kind: EntryKind, text: str, day: date | None) -> int:
        """Write an entry; its id."""
        async with self._pool.connection() as db:
            entry = guest_edits.NewEntry(kind=kind, text=text, business_date=day)
            return await saying.entered(db, viewer, guest_id, entry)

    async def strike(self, viewer: Viewer, entry_id: int, again: bool) -> int:
        """Strike an entry out, or let it stand again; the guest's id."""
        async with self._pool.connection() as db:
            return await saying.entry_taken_back(db, viewer, entry_id, again=again)


def _fields(given: Mapping[str, Any]) -> dict[EditField, Any]:
    return cast(dict[EditField, Any], dict(given))


def _plain(values: Mapping[EditField, Any]) -> dict[EditField, Any]:
    return {field: msgspec.to_builtins(value) for field, value in values.items()}
