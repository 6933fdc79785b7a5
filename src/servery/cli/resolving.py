"""`servery guests resolve`: who is who, among all guests or in a file of people."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from servery.cli.shell import AsJson, give, say

SOME_REJECTED = 4
"""Exit code: some rows could not be read."""


def resolve(
    input_: Annotated[Path | None, typer.Option("--input", help="A file of people (CSV); nothing is stored.")] = None,
    output: Annotated[Path | None, typer.Option(help="Where to write the ids with their clusters.")] = None,
    country: Annotated[str | None, typer.Option(help="Where phone numbers without a country code are from.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find out which records are one person.

    Example: servery guests resolve --input people.csv --output clusters.csv
    """
    if input_ is None or output is None:
        raise typer.BadParameter("A file needs both --input and --output.")
    _file(input_, output, country, quiet=as_json)


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
                "rejected": [{"line": one.line, "reason": one.reason.told()} for one in people.rejected],
            }
        )
    else:
        if people.id_header is None:
            say("The file has no column of ids: its rows are numbered from 1, the header not counted.")
        for one in people.rejected[:20]:
            say(f"{path.name}, line {one.line}: {one.reason.told()}")
        say(f"Compared: {', '.join(answer.compared) or 'nothing'}.")
        say(f"{len(people.ids)} rows are {answer.persons} people; written to {output}.")
    if people.rejected:
        raise typer.Exit(SOME_REJECTED)
