"""`servery guests merge|unmerge|part|undo|suggestions|decide|log`: who is who, by a person's word."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from servery.accounts.audit import looked
from servery.app import merging
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.guests.log import Step, living, names_of_authors, steps_of
from servery.guests.matching.score import Scored
from servery.guests.matching.words import told
from servery.guests.suggest import CERTAIN, Open, suggestion_count, suggestions
from servery.model.viewer import SYSTEM
from servery.profile.listing import guest_rows
from servery.storage.pool import Connection

GuestId = Annotated[int, typer.Argument(metavar="ID")]
Other = Annotated[int, typer.Argument(metavar="OTHER")]
Reason = Annotated[str, typer.Option(help="Why, for the log.")]

_SUGGESTED = ["suggestion", "probability", "guest", "name", "other", "other_name", "because"]
_STEPS = ["step", "at", "what", "guest", "other", "records", "by", "why", "undone_by"]


def merge_guests(
    guest_id: GuestId,
    other_id: Other,
    reason: Reason = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Although somebody said that they are not the same person.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make one guest of two: the oldest id survives, and the other answers with it for ever.

    Example: servery guests merge 42 108 --reason "told us so"
    """
    _tell(with_database(lambda db: merging.merged(db, SYSTEM, guest_id, other_id, reason, anyway=anyway)), as_json)


def unmerge_guest(guest_id: GuestId, reason: Reason = "", as_json: AsJson = False) -> None:
    """Part an absorbed guest from its survivor, exactly, for good. Its id lives again.

    Example: servery guests unmerge 108
    """
    _tell(with_database(lambda db: merging.unmerged(db, SYSTEM, guest_id, reason)), as_json)


def keep_apart(guest_id: GuestId, other_id: Other, reason: Reason = "", as_json: AsJson = False) -> None:
    """Remember for ever that two guests are not the same person.

    Example: servery guests apart 42 108
    """
    _tell(with_database(lambda db: merging.said_apart(db, SYSTEM, guest_id, other_id, reason)), as_json)


def undo_step(
    step_id: Annotated[int, typer.Argument(metavar="STEP", help="As `servery guests log` names it.")],
    as_json: AsJson = False,
) -> None:
    """Take one step of the log back.

    Example: servery guests undo 7
    """
    _tell(with_database(lambda db: merging.taken_back(db, SYSTEM, step_id)), as_json)


def show_suggestions(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most to show.")] = 20,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Guests that may be one person, the likeliest first.

    Example: servery guests suggestions
    """

    async def work(db: Connection) -> tuple[list[dict[str, Any]], Open]:
        found = await suggestions(db, limit)
        ids = {guest for one in found for guest in (one.guest_id, one.other_id)}
        rows = await guest_rows(db, SYSTEM, sorted(ids))
        await looked(db, SYSTEM, ids, "command")
        lines = [
            {
                "suggestion": one.id,
                "probability": f"{one.told:.3f}",
                "guest": one.guest_id,
                "name": rows[one.guest_id].name,
                "other": one.other_id,
                "other_name": rows[one.other_id].name,
                "because": ", ".join(told(reason, str) for reason in one.reasons),
            }
            for one in found
        ]
        return lines, await suggestion_count(db)

    lines, count = with_database(work)
    if as_json:
        give({"items": lines, "total": count.counted, "more": count.more})
        return
    give_list(lines, _SUGGESTED, as_csv=as_csv)
    if not as_csv:
        number = f"More than {count.counted}" if count.more else str(count.counted)
        say(f"{number} open. Answer: servery guests decide SUGGESTION --same, or --different.")


def decide_suggestion(
    suggestion_id: Annotated[int, typer.Argument(metavar="SUGGESTION")],
    same: Annotated[bool, typer.Option("--same/--different", help="The same person, or never.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Answer a suggestion.

    Example: servery guests decide 3 --same
    """
    _tell(with_database(lambda db: merging.decided(db, SYSTEM, suggestion_id, same, reason)), as_json)


def show_log(guest_id: GuestId, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """What was merged and parted of a guest: when, by whom and why.

    Example: servery guests log 42
    """

    async def work(db: Connection) -> tuple[list[Step], dict[str, str]]:
        current = await living(db, guest_id)
        await looked(db, SYSTEM, [current], "command")
        found = await steps_of(db, current)
        return found, await names_of_authors(db, {one.author for one in found})

    steps, names = with_database(work)
    if as_json:
        give(steps)
    else:
        give_list([_line(one) | {"by": names.get(one.author, one.author)} for one in steps], _STEPS, as_csv=as_csv)


COMMANDS: Mapping[str, Callable[..., None]] = {
    "merge": merge_guests,
    "unmerge": unmerge_guest,
    "apart": keep_apart,
    "undo": undo_step,
    "suggestions": show_suggestions,
    "decide": decide_suggestion,
    "log": show_log,
}
"""The commands by name, for the group `guests`."""


def _tell(step: Step, as_json: bool) -> None:
    if as_json:
        give(step)
        return
    give_list([_line(step)], _STEPS)
    say(f"Take it back: servery guests undo {step.id}")


def _scored(score: Scored) -> str:
    return f"{', '.join(told(one, str) for one in score.reasons)}: {min(score.probability, CERTAIN):.2f}"


def _line(step: Step) -> dict[str, Any]:
    return {
        "step": step.id,
        "at": f"{step.at:%Y-%m-%d %H:%M} UTC",
        "what": step.action,
        "guest": step.guest_id,
        "other": step.other_id,
        "records": len(step.moved),
        "by": step.author,
        "why": f"{step.reason}: {_scored(step.score)}" if step.score else step.reason,
        "undone_by": step.undone_by,
    }
