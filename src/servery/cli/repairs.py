"""`servery repairs`: what waits to be mended, and putting it off."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from servery.accounts.audit import acted
from servery.app.watching import look_now
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.health import repairs as kept
from servery.health import watch
from servery.health.repairs import Repair, said
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db

group = typer.Typer(no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The repair, as servery repairs list numbers it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(group, name="repairs", help="What is not well: list, snooze, ignore, heed.")


@group.command("list")
def list_repairs(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List what is not well, the gravest first, with what mends it. All is looked over first."""
    rows = with_database(_rows)
    if not rows and not (as_json or as_csv):
        say("All is well.")
        return
    give_list(rows, ["id", "severity", "what", "mend", "since", "put_off"], as_json=as_json, as_csv=as_csv)


async def _rows(db: Db) -> list[dict[str, Any]]:
    now = await watch.clock(db)
    await look_now(db)
    return [_row(one, now) for one in await kept.repairs(db)]


def _row(one: Repair, now: datetime) -> dict[str, Any]:
    what, mend = said(one)
    return {
        "id": one.id,
        "kind": one.kind,
        "severity": one.severity,
        "what": what,
        "mend": mend,
        "since": one.since.isoformat(timespec="seconds"),
        "put_off": one.is_quiet(now),
    }


@group.command("snooze")
def snooze(
    repair: Number,
    hours: Annotated[float, typer.Option(min=0.1, max=720, help="For how many hours.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Say nothing of it for some hours."""

    async def put_off(db: Db) -> Repair:
        now = await watch.clock(db)
        return await kept.snooze(db, repair, now + timedelta(hours=hours), now)

    _on(put_off, f"Nothing is said of it for {hours:g} hours.", as_json)


@group.command("ignore")
def ignore(repair: Number, as_json: AsJson = False) -> None:
    """Say nothing of it for as long as it lasts."""

    async def put_off(db: Db) -> Repair:
        return await kept.ignore(db, repair, await watch.clock(db))

    _on(put_off, "Nothing is said of it as long as it lasts.", as_json)


@group.command("heed")
def heed(repair: Number, as_json: AsJson = False) -> None:
    """Take back that it was put off."""
    _on(lambda db: kept.heed(db, repair), "It is told again.", as_json)


def _on(act: Callable[[Db], Awaitable[Repair]], outcome: str, as_json: bool) -> None:
    async def work(db: Db) -> dict[str, Any]:
        one = await act(db)
        await acted(db, SYSTEM, "repair-changed", f"repair:{one.id}", {"outcome": outcome})
        return _row(one, await watch.clock(db))

    row = with_database(work)
    if as_json:
        give(row)
    else:
        say(outcome)
