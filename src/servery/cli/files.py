"""`servery import csv`: files of orders, reservations, guests and menus."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from servery.app.files import DateOrder, FileKind, NewVenues, Order, Outcome, Plan, import_file
from servery.cli.shell import AsJson, give, say, settings, with_database
from servery.privacy.keyed import open_key
from servery.storage.pool import Connection as Db

group = typer.Typer(no_args_is_help=True)
SOME_REJECTED = 4
"""Exit code: some rows did not go in."""
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="import", help="Take in what other systems export.")


@group.command("csv")
def csv(  # noqa: PLR0913, PLR0917 (a command's options)
    file: Annotated[Path, typer.Argument(help="The file.")],
    kind: Annotated[FileKind, typer.Option(help="What the file holds.")],
    venue: Annotated[str | None, typer.Option(help="The venue, where no column of the file names it.")] = None,
    map_: Annotated[Path | None, typer.Option("--map", help="Which column is what, as a TOML file.")] = None,
    date_order: Annotated[DateOrder | None, typer.Option(help="How the file writes dates such as 03/04/25.")] = None,
    create_venues: Annotated[bool, typer.Option("--create-venues", help="Add venues that are not known yet.")] = False,
    time_zone: Annotated[str | None, typer.Option(help="Time zone of venues that are added.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of venues that are added.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Take in all rows, or none if any is rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in a CSV file; the same file again changes nothing, a longer one adds what is new.

    Example: servery import csv orders.csv --kind orders --venue "Harbour Kitchen"
    """
    order = Order(
        path=file,
        kind=kind,
        venue=venue,
        map=map_,
        date_order=date_order,
        new_venues=_new_venues(create_venues, time_zone, currency),
        dry_run=dry_run,
        strict=strict,
    )
    outcome = _run(order, quiet=as_json)
    if as_json:
        give(outcome.summary())
    else:
        _tell(outcome)
    if outcome.rejected:
        raise typer.Exit(SOME_REJECTED)


def _new_venues(wanted: bool, time_zone: str | None, currency: str | None) -> NewVenues | None:
    if not wanted:
        return None
    if time_zone is None or currency is None:
        raise typer.BadParameter("--create-venues needs --time-zone and --currency: neither is ever guessed.")
    return NewVenues(time_zone, currency.upper())


def _run(order: Order, *, quiet: bool) -> Outcome:
    console = Console(stderr=True, highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("Reading", total=None)

        async def work(db: Db) -> Outcome:
            return await import_file(
                db,
                order,
                erased=open_key(settings().home),
                show_plan=lambda plan: None if quiet else _show_plan(plan, console),
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )

        return with_database(work)


def _show_plan(plan: Plan, console: Console) -> None:
    say("How the file is read:")
    table = Table("field", "column", box=None, header_style="bold")
    for field, headers in plan.columns.items():
        table.add_row(field, ", ".join(headers))
    for header in plan.unmapped:
        table.add_row("(not used)", header)
    console.print(table)
    dates = plan.date_order or "as they stand"
    say(f"encoding {plan.encoding}, delimiter {plan.delimiter!r}, decimal {plan.decimal}, dates {dates}")


def _tell(outcome: Outcome) -> None:
    told = outcome.summary()
    for one in outcome.rejected[:_SHOWN]:
        column = f", {one.column}" if one.column else ""
        value = f" {one.value!r}" if one.value else ""
        say(f"{outcome.file}, line {one.line}{column}{value}: {one.reason.told()}")
    if len(outcome.rejected) > _SHOWN:
        say(f"... and {len(outcome.rejected) - _SHOWN} more rejected rows; --json lists them all")
    for notice in outcome.notices:
        say(f"note: {notice.told()}")
    verb = "would be " if not outcome.kept else ""
    say(
        f"{told['read']} rows read: {told['created']} {verb}created, {told['updated']} {verb}updated, "
        f"{told['unchanged']} unchanged, {told['rejected']} rejected."
    )
    worth = " and ".join(f"{total} {currency}" for currency, total in told["totals"].items())  # type: ignore[attr-defined]
    if outcome.checks:
        say(f"{outcome.checks} check{'s' if outcome.checks != 1 else ''} worth {worth}.")
    if told["held_back"]:
        say(f"{told['held_back']} {verb}held back: they are of somebody who was erased.")
    if told["emptied"]:
        say(f"{told['emptied']} {verb}taken in without the person, who was erased.")
    if not outcome.kept:
        say("Nothing was written.")
