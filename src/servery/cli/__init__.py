"""The command line: thin commands over the rooms, one file per group."""

import sys

import typer
from rich.console import Console

from servery.cli import connections, demo, doctor, files, guests, people, running, sandbox, venues
from servery.errors import NeedsPerson, Refuse, ServeryError

NEEDS_PERSON = 3
"""Exit code: nothing will help until a person mends something."""

app = typer.Typer(
    name="servery",
    help="Joins a restaurant's reservations, till and guests.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (venues, connections, files, guests, people, running, demo, doctor):
    group.register(app)
app.add_typer(sandbox.app, name="sandbox")


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 usage, 3 a person is needed, 4 some rows were rejected."""
    try:
        app()
    except ServeryError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(str(error), style="red", markup=False)
        sys.exit(NEEDS_PERSON if isinstance(error, NeedsPerson) else 2 if isinstance(error, Refuse) else 1)
