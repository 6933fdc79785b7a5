"""`servery guests resolve`: who is who, among all guests or in a file of people."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from servery.app.whole_runs import run_over_all, run_taken_back
from servery.cli.shell import AsJson, give, say, with_database
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db

if TYPE_CHECKING:
    from servery.app.people_file import Answer, Why
    from servery.guests.matching.runs import Preview, Run

SOME_REJECTED = 4
"""Exit code: some rows could not be read."""
_SHOWN = 20
_LEFT_OUT: Mapping["Why", str] = {
    "no e-mail": "left out, no e-mail address of one person",
    "a phone": "taken for phone numbers",
    "no phone": "left out, no phone number",
    "an e-mail": "taken for e-mail addresses",
    "no day": "left out, no date",
    "a number": "left out, numbers as spreadsheets keep days (show the column as dates and save the file again)",
    "nobody's birthday": "left out, a day to come or one that systems write when they know none",
}


class On(StrEnum):
    """What a run over all guests is done on."""

    DUCKDB = "duckdb"
    SPARK = "spark"


def resolve(  # noqa: PLR0913, PLR0917 (a command's options)
    input_: Annotated[Path | None, typer.Option("--input", help="A file of people (CSV); nothing is stored.")] = None,
    output: Annotated[Path | None, typer.Option(help="Where to write the ids with their clusters.")] = None,
    country: Annotated[str | None, typer.Option(help="Where phone numbers without a country code are from.")] = None,
    learn: Annotated[bool, typer.Option("--learn", help="Learn the weights anew from all guests first.")] = False,
    weights: Annotated[int | None, typer.Option(help="Go by the weights of this version.", metavar="VERSION")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be joined, and do nothing.")] = False,
    undo: Annotated[int | None, typer.Option(help="Take back the run of this number.", metavar="RUN")] = None,
    on: Annotated[On, typer.Option(help="What to compute on.", envvar="SERVERY_MATCHING")] = On.DUCKDB,
    as_json: AsJson = False,
) -> None:
    """Find out which guests are one person, or which rows of a file are.

    Example: servery guests resolve --input people.csv --output clusters.csv
    """
    given = {"--learn": learn, "--weights": weights is not None, "--dry-run": dry_run, "--undo": undo is not None}
    of_base = [option for option, is_given in given.items() if is_given]
    if input_ is not None and of_base:
        verb = "goes" if len(of_base) == 1 else "go"
        raise typer.BadParameter(f"{', '.join(of_base)} {verb} with all guests, not with a file.")
    if undo is not None and len(of_base) > 1:
        raise typer.BadParameter("--undo goes alone.")
    if input_ is None and country is not None:
        raise typer.BadParameter("--country goes with --input: each venue of the base has its own.")
    if input_ is not None and output is not None:
        _file(input_, output, country, quiet=as_json)
    elif input_ is not None or output is not None:
        raise typer.BadParameter("A file needs both --input and --output.")
    elif undo is not None:
        _undo(undo, quiet=as_json)
    else:
        _base(learn=learn, weights=weights, dry_run=dry_run, on=on, quiet=as_json)


def _base(*, learn: bool, weights: int | None, dry_run: bool, on: On, quiet: bool) -> None:
    from servery.guests.matching import runs

    with Console(stderr=True, highlight=False).status("Reading") as status:

        async def work(db: Db) -> tuple[runs.Preview, runs.Run | None]:
            if learn:
                status.update("Learning the weights")
                await runs.learn(db)
            found = await runs.preview(db, status.update, on.value, weights)
            return found, None if dry_run else await run_over_all(db, SYSTEM, found)

        found, run = with_database(work)
    if quiet:
        give(_told(found, run))
        return
    _say_joins(found, run)
    _say_parts(found)
    absorbed = sum(len(join) - 1 for join in found.joins)
    if run is None:
        say(
            f"{found.records} records: {absorbed} guests would be joined to others, and {len(found.asks)} pairs asked "
            "about. Nothing was changed."
        )
        say(f"Do just this: servery guests resolve --weights {found.weights}")
    else:
        say(
            f"{found.records} records: {len(run.steps)} guests were joined to others, by run {run.id}; "
            f"{len(found.asks)} pairs are asked about."
        )
        say(f"Take it back: servery guests resolve --undo {run.id}")


def _told(found: "Preview", run: "Run | None") -> dict[str, object]:
    asks = [{"records": [ask.one, ask.other], "probability": ask.scored.probability} for ask in found.asks]
    parts = [{"guest": guest, "record": record} for guest, record in found.parts]
    return {
        "records": found.records, "weights": found.weights, "joins": found.joins, "asks": asks, "parts": parts,
        "run": run and run.id,
    }  # fmt: skip


def _say_joins(found: "Preview", run: "Run | None") -> None:
    for oldest, *others in found.joins[:_SHOWN]:
        say(f"{', '.join(map(str, others))} {'would be' if run is None else 'is now'} {oldest}")
    if len(found.joins) > _SHOWN:
        say(f"... and {len(found.joins) - _SHOWN} more; --json lists them all")


def _say_parts(found: "Preview") -> None:
    """Whom these weights would part: nobody is parted by a run."""
    for guest, record in found.parts[:_SHOWN]:
        say(f"Guest {guest} has a record that may be somebody else's: {record}. Part it on the guest's page.")
    if len(found.parts) > _SHOWN:
        say(f"... and {len(found.parts) - _SHOWN} more; --json lists them all")


def _undo(run_id: int, *, quiet: bool) -> None:
    from servery.guests.matching import runs

    async def work(db: Db) -> runs.Run:
        return await run_taken_back(db, SYSTEM, run_id)

    run = with_database(work)
    if quiet:
        give(run)
    else:
        say(f"Run {run.id} is taken back: {len(run.steps)} guests are themselves again.")
        if run.left:
            say(f"{len(run.left)} can no longer be taken back: the guest or its records are gone.")


def _file(path: Path, output: Path, country: str | None, *, quiet: bool) -> None:
    from servery.app.people_file import resolve_file

    console = Console(stderr=True, highlight=False)
    with console.status("Reading") as status:
        answer = resolve_file(path, output, country=country, step=status.update)
    people = answer.people
    if quiet:
        give(
            {
                "rows": len(people.ids),
                "persons": answer.persons,
                "id": people.id_header,
                "compared": answer.compared,
                "not_used": people.unused,
                "not_read": answer.unread,
                "rejected": [{"line": one.line, "reason": one.reason.told()} for one in people.rejected],
            }
        )
    else:
        if people.id_header is None:
            say("The file has no column of ids: its rows are numbered from 1, the header not counted.")
        for one in people.rejected[:20]:
            say(f"{path.name}, line {one.line}: {one.reason.told()}")
        for column in answer.unread:
            more = ", ..." if column.values > len(column.lines) else ""
            where = ("line " if column.values == 1 else "lines ") + ", ".join(map(str, column.lines)) + more
            say(f"{path.name}, {column.column}: {_LEFT_OUT[column.why]}: {column.values} ({where}).")
        if len(people.ids) > 1:
            say(f"Compared: {', '.join(answer.compared) or 'only whole rows, to the letter'}.")
        say(f"{_counted(answer)}; written to {output}.")
    if people.rejected:
        raise typer.Exit(SOME_REJECTED)


def _counted(answer: "Answer") -> str:
    rows, persons = len(answer.people.ids), answer.persons
    told = "1 row is" if rows == 1 else f"{rows} rows are"
    return f"{told} {persons} {'person' if persons == 1 else 'people'}"
