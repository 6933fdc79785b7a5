"""What every command shares: opening the database, and giving data on stdout while messages go to stderr."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from servery.language import sheet
from servery.settings import Settings, read_settings
from servery.storage.migrate import migrate
from servery.storage.pool import Connection, open_pool
from servery.storage.server import database

Result = TypeVar("Result")
AsJson = Annotated[bool, typer.Option("--json", help="Give the result as JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Give the list as CSV.")]
FIRST_OWNER = 'servery invite you@example.com --name "Your Name" --role owner'
"""The command by which the first person comes in."""


def say(message: str) -> None:
    """Tell the person at the terminal something, apart from the data."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(message, markup=False)


def settings() -> Settings:
    """What the environment sets."""
    return read_settings(os.environ)


def with_database(work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work` on one connection to the migrated database; what it did is committed at its end, or not at all."""

    async def run(dsn: str) -> Result:
        async with opened(dsn) as db:
            return await work(db)

    with database(settings()) as dsn:
        migrate(dsn)
        return asyncio.run(run(dsn))


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Connection]:
    """One connection, for one transaction."""
    async with open_pool(dsn, largest=1) as pool, pool.connection() as db:
        yield db


def give(data: Any) -> None:
    """Print data as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(data).decode() + "\n")
    sys.stdout.flush()


def give_list(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool = False, as_csv: bool = False
) -> None:
    """Print a list as JSON, as CSV, or as a table for people."""
    if as_json:
        give(rows)
    elif as_csv:
        cells = ([row.get(column) for column in columns] for row in rows)
        sys.stdout.write(sheet.lines([columns, *cells], end="\n"))
    else:
        table = Table(*(column.replace("_", " ") for column in columns), box=None, header_style="bold")
        for row in rows:
            table.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
        Console().print(table)
