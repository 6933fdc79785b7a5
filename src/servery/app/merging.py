"""Merging guests and what follows from it: golden fields, visits matched anew, open pages, what must leave."""

from collections.abc import Collection, Mapping
from typing import Any

from servery.accounts.audit import acted
from servery.app.arrive import form, sorting_locale, tell_pages
from servery.errors import Forbidden, Invalid
from servery.guests import merge as guests
from servery.guests.apart import are_apart
from servery.guests.edits import EditField
from servery.guests.join import refresh
from servery.guests.log import Step, as_seen, living, records_in, standing
from servery.guests.log import step as step_of
from servery.guests.rows import lock as resolving
from servery.guests.say import demand_said, edit
from servery.guests.suggest import suggestion
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db
from servery.sync.tables import form_later
from servery.visits.rows import days_of_guests, lock_venues

_DAYS_AT_ONCE = 40
"""Days whose visits are matched anew while somebody waits; of a guest with more the rest follows in the background."""


async def merged(
    db: Db,
    viewer: Viewer,
    one_id: int,
    other_id: int,
    reason: str = "",
    chosen: Mapping[EditField, Any] | None = None,
    *,
    seen: str | None = None,
    anyway: bool = False,
) -> Step:
    """Make one guest of two; `chosen` are values of theirs that somebody picked. NotFound, Invalid, Forbidden.

    `seen` is what they looked at (`log.as_seen`): Invalid where it is otherwise by now. Where somebody said that the
    two are not the same person, only `anyway`.
    """
    await _wait_for(db, one_id, other_id)
    await _still_so(db, one_id, other_id, seen)
    if not anyway and await are_apart(db, await living(db, one_id), await living(db, other_id)):
        raise Invalid(
            "Somebody said that {one} and {other} are not the same person.",
            code="said-apart",
            mend="Say that they are one all the same (`anyway`).",
            one=one_id,
            other=other_id,
        )
    if chosen:
        await _may_choose(db, viewer, (one_id, other_id), chosen)
    step = await guests.merge(db, viewer, one_id, other_id, reason)
    if chosen:
        await edit(db, viewer, step.guest_id, chosen, step.id)
    return await _done(db, viewer, step)


async def _may_choose(db: Db, viewer: Viewer, guest_ids: Collection[int], chosen: Mapping[EditField, Any]) -> None:
    """To choose is to edit: Forbidden without that right, Invalid for a value that neither guest has."""
    if not viewer.may("edit_guests"):
        raise Forbidden("The role {role} does not choose what holds of a guest.", role=viewer.role)
    try:
        await demand_said(db, [await living(db, guest_id) for guest_id in guest_ids], chosen)
    except Invalid as error:
        error.field = f"fields/{error.field}"
        raise


async def unmerged(db: Db, viewer: Viewer, absorbed_id: int, reason: str = "") -> Step:
    """Part a guest from the one that absorbed it, for good. NotFound where it is not absorbed, Invalid."""
    await _wait_for(db, absorbed_id)
    absorption = await standing(db, absorbed_id)
    return await _done(db, viewer, await guests.unmerge(db, viewer, absorption, reason))


async def parted(db: Db, viewer: Viewer, guest_id: int, record_ids: Collection[int], reason: str = "") -> Step:
    """Take records out of a guest, for good. NotFound, Invalid."""
    await _wait_for(db, guest_id)
    return await _done(db, viewer, await guests.part(db, viewer, guest_id, record_ids, reason))


async def said_apart(
    db: Db, viewer: Viewer, one_id: int, other_id: int, reason: str = "", *, seen: str | None = None
) -> Step:
    """Remember for ever that two guests are not the same person. NotFound, Invalid; `seen` as of `merged`."""
    await _wait_for(db, one_id, other_id)
    await _still_so(db, one_id, other_id, seen)
    return await _done(db, viewer, await guests.say_apart(db, viewer, one_id, other_id, reason))


async def taken_back(db: Db, viewer: Viewer, log_id: int) -> Step:
    """Undo one step. NotFound, Invalid."""
    before = await step_of(db, log_id)
    await _wait_for(db, before.guest_id, before.other_id)
    return await _done(db, viewer, await guests.undo(db, viewer, log_id))


async def decided(
    db: Db,
    viewer: Viewer,
    suggestion_id: int,
    same: bool,
    reason: str = "",
    chosen: Mapping[EditField, Any] | None = None,
) -> Step:
    """Answer a suggestion: the same person, or not for ever. NotFound where it is no longer open."""
    await resolving(db)  # Else somebody could decide it between the look and the answer.
    open_ = await suggestion(db, suggestion_id)
    if same:
        return await merged(db, viewer, open_.guest_id, open_.other_id, reason, chosen)
    return await said_apart(db, viewer, open_.guest_id, open_.other_id, reason)


async def _still_so(db: Db, one_id: int, other_id: int, seen: str | None) -> None:
    if seen is not None and seen != await as_seen(db, one_id, other_id):
        raise Invalid(
            "Guest {one} or {other} changed meanwhile.",
            code="changed-meanwhile",
            mend="Look at both again.",
            one=one_id,
            other=other_id,
        )


async def _wait_for(db: Db, *guest_ids: int) -> None:
    """Take all that will be waited for before anything is written, in the order in which arrivals do."""
    await resolving(db)
    records = [record for guest_id in guest_ids for record in await records_in(db, await living(db, guest_id))]
    await lock_venues(db, {venue_id for venue_id, _ in await days_of_guests(db, records)})


async def _done(db: Db, viewer: Viewer, step: Step) -> Step:
    detail = {"step": step.id, "other": step.other_id}
    await acted(db, viewer, f"guests-{step.action}", f"guest:{step.guest_id}", detail)
    await refresh(db, [step.guest_id, step.other_id], await sorting_locale(db))
    days = sorted(await days_of_guests(db, list(step.moved)), key=lambda day: day[1], reverse=True)
    await form_later(db, days[_DAYS_AT_ONCE:])
    await tell_pages(db, ["guests"])
    await form(db, days[:_DAYS_AT_ONCE])
    return step
