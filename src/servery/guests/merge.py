"""What a person says of who is who: these guests are one, this merge was wrong, these records are somebody else's.

A person's word stands against the rules, against what a source says, and against a run over the whole base. Each call
returns the step it wrote in the log, by whose id it is taken back; golden fields are the caller's to make anew
(`join.refresh`) for the two guests of the step.
"""

from collections.abc import Collection

from servery.errors import Invalid, NotFound
from servery.guests import log, rows
from servery.guests.apart import extend, hold_again, keep_apart, lift, take_back
from servery.guests.log import Step, living, records_in
from servery.guests.rows import Db
from servery.model.viewer import Viewer


def author_of(viewer: Viewer) -> str:
    """A viewer as the log names them."""
    return f"{viewer.kind}:{viewer.id}"


async def merge(db: Db, viewer: Viewer, one_id: int, other_id: int, reason: str = "") -> Step:
    """Make one guest of two: the oldest id survives, the other answers with it for ever.

    NotFound for an id that nobody ever had, Invalid where they are one already.
    """
    await rows.lock(db)
    oldest, younger = await _two(db, one_id, other_id)
    done = await log.absorb(db, oldest, younger, reason, author_of(viewer))
    await lift(db, done.kept, done.moved, done.id)
    await extend(db, [oldest])
    return done


async def _two(db: Db, one_id: int, other_id: int) -> list[int]:
    """The ids that two guests have now, the older first."""
    found = sorted([await living(db, one_id), await living(db, other_id)])
    if one_id == other_id:
        raise Invalid("Guest {one} was named twice.", field="guest_id", mend="Name two guests.", one=one_id)
    if found[0] == found[1]:
        raise Invalid("{one} and {other} are one guest already.", field="guest_id", one=one_id, other=other_id)
    return found


async def unmerge(db: Db, viewer: Viewer, step: Step, reason: str = "", *, remember: bool = True) -> Step:
    """Take one merge back exactly: its records, and those that came later beside one of them, are the other's again.

    The absorbed id lives again. With `remember` nobody but a person joins the two any more; without it all is as if the
    merge had never been, and what people had said before it holds again. Invalid where it is taken back already, or
    where no record of either side is left.
    """
    await rows.lock(db)
    if step.action != "merged" or step.undone_by is not None:
        raise Invalid("Step {id} is no merge that still stands.", id=step.id)
    going = await log.going_along(db, step)
    staying = sorted(set(await records_in(db, await living(db, step.other_id))) - set(going))
    if not going or not staying:
        raise Invalid(
            "Nothing is left to part: the records of guest {id} are gone.",
            code="records-gone",
            id=step.guest_id if going else step.other_id,
        )
    back = await log.restore(db, step, going, reason, author_of(viewer))
    await hold_again(db, going)
    if remember:
        await keep_apart(db, going, staying, back.id)
    await extend(db, [back.guest_id, back.other_id])
    return back


async def part(db: Db, viewer: Viewer, guest_id: int, record_ids: Collection[int], reason: str = "") -> Step:
    """Take records out of a guest: they are somebody else's. Nobody but a person puts them back.

    Where they are just what one merge brought, that merge is taken back; else they become a new guest. NotFound for
    records that are not this guest's, Invalid where none would be left.
    """
    await rows.lock(db)
    current = await living(db, guest_id)
    held, going = await records_in(db, current), sorted(set(record_ids))
    if not going or not set(going) <= set(held):
        raise NotFound("Guest {id} has no such record.", id=guest_id)
    if len(going) == len(held):
        raise Invalid("All records of guest {id} would go.", field="records", id=guest_id)
    for step in await log.steps_of(db, current):
        if step.action == "merged" and step.undone_by is None and await log.going_along(db, step) == going:
            return await unmerge(db, viewer, step, reason)
    [new_id] = await rows.new_guests(db, 1)
    out = await log.move_out(db, current, new_id, going, reason, author_of(viewer))
    await hold_again(db, going)
    await keep_apart(db, going, set(held) - set(going), out.id)
    await extend(db, [current, new_id])
    return out


async def say_apart(db: Db, viewer: Viewer, one_id: int, other_id: int, reason: str = "") -> Step:
    """Remember for ever that two guests are not the same person. Invalid where they are one."""
    await rows.lock(db)
    one, other = await _two(db, one_id, other_id)
    step = await log.note(db, "apart", (one, other), author=author_of(viewer), reason=reason)
    await keep_apart(db, await records_in(db, one), await records_in(db, other), step.id)
    return step


async def undo(db: Db, viewer: Viewer, log_id: int) -> Step:
    """Take back one step that a person made, whichever it was. Invalid where it is taken back already."""
    step = await log.step(db, log_id)
    if step.undone_by is not None:
        raise Invalid("Step {id} is taken back already.", id=log_id)
    if step.action == "merged":
        # A person's merge is forgotten; the rules and a source would only do theirs again.
        return await unmerge(db, viewer, step, "taken back", remember=step.author in ("rules", "source"))
    if step.action == "unmerged":
        back = await merge(db, viewer, step.guest_id, step.other_id, "taken back")
        await log.as_before(db, step, back)
    elif step.action == "apart":
        await take_back(db, log_id)
        guests = (step.guest_id, step.other_id)
        back = await log.note(db, "lifted", guests, author=author_of(viewer), reason="taken back")
    else:
        raise Invalid("Step {id} cannot be taken back.", id=log_id)
    await log.mark_undone(db, log_id, back.id)
    return back
