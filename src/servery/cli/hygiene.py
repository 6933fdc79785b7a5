"""`servery hygiene`: what of guests is to be mended, how complete profiles are, and facts that grew old."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from servery.app.hygiene import RoomHygiene
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, settings
from servery.guests.hygiene.ageing import Kind
from servery.guests.hygiene.completeness import FIELDS
from servery.guests.hygiene.faults import Fault
from servery.guests.hygiene.overview import Overview
from servery.model.viewer import SYSTEM
from servery.storage.migrate import migrate
from servery.storage.pool import open_pool
from servery.storage.server import database

group = typer.Typer(no_args_is_help=True)
Result = TypeVar("Result")

_LISTS = ["id", "month", "venue", "guests", "fault", "found", "left"]
_ITEMS = ["guest_id", "fault", "name", "email", "phone", "meant", "other_id", "visits", "mended_at"]
_COMPLETE = ["venue", "guests", *FIELDS]
_RULES = ["kind", "months", "suggested", "now"]
_RUNS = ["id", "at", "author", "facts", "undone_at"]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="hygiene", help="Guests' data: what to mend, how complete it is, what grew old.")


def _with_room(work: Callable[[RoomHygiene], Awaitable[Result]]) -> Result:
    chosen = settings()

    async def run(dsn: str) -> Result:
        async with open_pool(dsn, largest=2) as pool:
            return await work(RoomHygiene(pool))

    with database(chosen) as dsn:
        migrate(dsn)
        return asyncio.run(run(dsn))


@group.command("look")
def look(as_json: AsJson = False) -> None:
    """Look now, and not at night: make this month's lists, or see what of them is mended.

    Example: servery hygiene look
    """

    async def work(room: RoomHygiene) -> Overview:
        await room.look(SYSTEM)
        return await room.shown(SYSTEM)

    found = _with_room(work)
    left = sum(sum(one.left.values()) for one in found.lists)
    give(found) if as_json else say(f"{left} things are to be mended. See them: servery hygiene lists")


@group.command("lists")
def lists(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List what a person should mend: each venue's list of the latest month.

    Example: servery hygiene lists
    """
    found = _with_room(lambda room: room.shown(SYSTEM))
    rows = [
        {
            "id": one.id,
            "month": f"{one.month:%Y-%m}",
            "venue": found.venues.get(one.venue_id or 0, ""),
            "guests": one.guests,
            "fault": fault,
            "found": count,
            "left": one.left.get(fault, 0),
        }
        for one in found.lists
        for fault, count in one.counts.items()
    ]
    give_list(rows, _LISTS, as_json=as_json, as_csv=as_csv)


@group.command("list")
def show_list(
    list_id: Annotated[int, typer.Argument(metavar="ID", help="As `servery hygiene lists` names it.")],
    fault: Annotated[Fault | None, typer.Option(help="Of this fault alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most to show.")] = 100,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show one list: whom it concerns, and what is wrong.

    Example: servery hygiene list 3 --fault email_slip
    """
    found = _with_room(lambda room: room.items(SYSTEM, list_id, fault, limit))
    give_list([msgspec.to_builtins(one) for one in found.items], _ITEMS, as_json=as_json, as_csv=as_csv)


@group.command("completeness")
def completeness(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Tell how complete profiles are: of the guests of the last twelve months, how many in a hundred have each field.

    Example: servery hygiene completeness
    """
    found = _with_room(lambda room: room.shown(SYSTEM))
    rows: list[dict[str, Any]] = [
        {"venue": found.venues.get(one.venue_id or 0, "all"), "guests": one.guests}
        | {field: round(100 * one.share(field)) for field in FIELDS}
        for one in found.completeness
    ]
    give_list(rows, _COMPLETE, as_json=as_json, as_csv=as_csv)


@group.command("ageing")
def ageing(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List after how many months facts are left out, and how many would go now (as suggested, where none is chosen).

    Example: servery hygiene ageing
    """
    found = _with_room(lambda room: room.old(SYSTEM, preview=True))
    counts = found.preview.counts if found.preview else {}
    rows = [msgspec.to_builtins(one) | {"now": counts.get(one.kind, 0)} for one in found.rules]
    give_list(rows, _RULES, as_json=as_json, as_csv=as_csv)


@group.command("age-after")
def age_after(
    kind: Kind, months: Annotated[int | None, typer.Option(help="So many months; without it never.")] = None
) -> None:
    """Choose after how many months without confirmation a kind of fact is left out.

    Example: servery hygiene age-after phone --months 36
    """
    _with_room(lambda room: room.choose(SYSTEM, kind, months))
    say(f"{kind} is left out {f'after {months} months' if months else 'never'}.")


@group.command("age")
def age(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only tell what would go.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Leave out what is older than the chosen rules. Without --yes it only tells the oldest of it.

    Example: servery hygiene age --yes
    """
    if not yes:
        found = _with_room(lambda room: room.old(SYSTEM, preview=True))
        chosen = {one.kind for one in found.rules if one.months}
        old = found.preview.oldest if found.preview else ()
        rows = [msgspec.to_builtins(one) for one in old if one.kind in chosen]
        give_list(rows, ["kind", "guest_id", "name", "value", "confirmed_at"], as_json=as_json, as_csv=as_csv)
        return
    run = _with_room(lambda room: room.leave_out(SYSTEM))
    if as_json:
        give(run)
    else:
        say(f"Left out {sum(run.counts.values())} facts in run {run.id}." if run else "Nothing is that old.")


@group.command("runs")
def runs(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List when facts were left out, and how many.

    Example: servery hygiene runs
    """
    found = _with_room(lambda room: room.old(SYSTEM))
    rows = [msgspec.to_builtins(one) | {"facts": sum(one.counts.values())} for one in found.runs]
    give_list(rows, _RUNS, as_json=as_json, as_csv=as_csv)


@group.command("undo")
def undo(run_id: Annotated[int, typer.Argument(metavar="RUN", help="As `servery hygiene runs` names it.")]) -> None:
    """Let everything that a run left out be heard again.

    Example: servery hygiene undo 2
    """
    _with_room(lambda room: room.undo(SYSTEM, run_id))
    say(f"Run {run_id} is taken back.")
