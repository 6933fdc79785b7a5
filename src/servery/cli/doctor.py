"""`servery doctor`: is everything as it should be, and if not, what mends it?"""

from datetime import UTC, datetime

import typer
from msgspec import Struct

from servery.cli.shell import AsJson, give, say, with_database
from servery.errors import ServeryError
from servery.storage.pool import Connection as Db
from servery.sync.status import Status, statuses
from servery.venues.rows import venues

NEEDS_PERSON = 3
"""Exit code: something waits for a person."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing looked at. `mend` says what to do where it is not well."""

    about: str
    well: bool
    message: str
    mend: str | None = None


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("doctor")(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Look over the installation: the database, the venues, every connection. Exit code 3 when a person is needed."""
    found = with_database(_findings)
    if as_json:
        give({"well": all(one.well for one in found), "findings": found})
    else:
        for one in found:
            say(f"{'well ' if one.well else 'MEND '} {one.about}: {one.message}")
            if one.mend:
                say(f"      {one.mend}")
    if not all(one.well for one in found):
        raise typer.Exit(NEEDS_PERSON)


async def _findings(db: Db) -> list[Finding]:
    cursor = await db.execute(
        "select current_setting('server_version') as version, pg_database_size(current_database()) as size"
    )
    server = await cursor.fetchone()
    assert server is not None
    size = f"PostgreSQL {server['version']}, {server['size'] // 1_000_000} MB"
    found = [Finding(about="database", well=True, message=size)]
    kept = await venues(db)
    if kept:
        names = ", ".join(one.venue.name for one in kept[:5]) + (" and more" if len(kept) > 5 else "")
        found.append(Finding(about="venues", well=True, message=f"{len(kept)}: {names}"))
    else:
        mend = "servery venues add NAME --time-zone ZONE --currency CODE"
        found.append(Finding(about="venues", well=False, message="there is none yet", mend=mend))
    return found + [_connection(one) for one in await statuses(db)]


def _connection(one: Status) -> Finding:
    about = f"connection {one.connection.name}"
    if one.trouble is not None and one.trouble.error is not None:
        error = one.trouble.error
        told = ServeryError(error["template"], mend=error["mend"], **error["params"])
        again = f" Next try {_when(one.trouble.next_try_at)}." if one.trouble.next_try_at else ""
        return Finding(
            about=about, well=one.condition == "retrying", message=f"{told.message}{again}", mend=error["mend"]
        )
    if one.unread:
        message = f"{one.unread} records could not be understood and are kept aside"
        return Finding(about=about, well=False, message=message, mend="See the connection's page.")
    synced = f"last read {_when(one.last_sync)}" if one.last_sync else "not read yet"
    return Finding(about=about, well=True, message=f"{one.condition.replace('_', ' ')}, {synced}")


def _when(instant: datetime) -> str:
    seconds = round((instant - datetime.now(UTC)).total_seconds())
    return f"in {seconds} s" if seconds >= 0 else f"{-seconds} s ago"
