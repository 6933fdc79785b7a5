"""`servery doctor`: is everything as it should be, and if not, what mends it?"""

from collections.abc import Sequence
from datetime import UTC, datetime

import typer
from msgspec import Struct

from servery.accounts import people
from servery.cli.shell import FIRST_OWNER, AsJson, give, say, with_database
from servery.errors import ServeryError
from servery.model.money import to_decimal
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db
from servery.sync.status import Contradiction, Status, contradictions, statuses
from servery.venues.rows import venues
from servery.visits.unplaced import unplaced

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
    app.command("doctor", short_help="Say what is not well, and what mends it.")(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Say whether all is well: the database, the venues, the people, every connection, the sums of checks.

    Exit code 3 when a person is needed.
    """
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
    found = [await _server(db), await _venues(db), *await _people(db)]
    found += [_connection(one) for one in await statuses(db)]
    return found + _sums(*await contradictions(db, newest=3)) + await _matching(db)


async def _server(db: Db) -> Finding:
    cursor = await db.execute(
        "select current_setting('server_version') as version, pg_database_size(current_database()) as size"
    )
    server = await cursor.fetchone()
    assert server is not None
    message = f"PostgreSQL {server['version']}, {server['size'] // 1_000_000} MB"
    return Finding(about="database", well=True, message=message)


async def _venues(db: Db) -> Finding:
    kept = await venues(db)
    if not kept:
        mend = "servery venues add NAME --time-zone ZONE --currency CODE"
        return Finding(about="venues", well=False, message="there is none yet", mend=mend)
    names = ", ".join(one.venue.name for one in kept[:5]) + (" and more" if len(kept) > 5 else "")
    return Finding(about="venues", well=True, message=f"{len(kept)}: {names}")


async def _people(db: Db) -> list[Finding]:
    if await people.everybody(db, SYSTEM):
        return []
    return [Finding(about="people", well=True, message="nobody may sign in to the pages yet", mend=FIRST_OWNER)]


async def _matching(db: Db) -> list[Finding]:
    _, waiting = await unplaced(db, SYSTEM, limit=0)
    if not waiting:
        return []
    message = f"{waiting} check{'s' if waiting > 1 else ''} could be one of several bookings'"
    return [Finding(about="matching", well=True, message=message, mend="Place them on the page Connections.")]


def _connection(one: Status) -> Finding:
    about = f"connection {one.connection.name}"
    if one.trouble is not None and one.trouble.error is not None:
        error = one.trouble.error
        told = ServeryError(error["template"], mend=error["mend"], **error["params"])
        again = _next_try(one.trouble.next_try_at)
        return Finding(
            about=about, well=one.condition == "retrying", message=f"{told.message}{again}", mend=error["mend"]
        )
    if one.unread:
        message = f"{one.unread} records could not be understood and are kept aside"
        return Finding(about=about, well=False, message=message, mend="See the connection's page.")
    synced = f"last read {_when(one.last_sync)}" if one.last_sync else "not read yet"
    held = "".join(f", {number} {kind}{'s' if number > 1 else ''}" for kind, number in one.records.items())
    return Finding(about=about, well=True, message=f"{one.condition.replace('_', ' ')}, {synced}{held}")


def _next_try(at: datetime | None) -> str:
    if at is None:
        return ""
    # A time gone by means that nothing reads at the moment.
    return f" Next try {_when(at)}." if at > datetime.now(UTC) else " It is tried again as soon as servery is up."


def _sums(number: int, newest: Sequence[Contradiction]) -> list[Finding]:
    """Checks that do not add up: nothing a person has to mend here, and nothing to keep from them either."""
    if not number:
        return []
    told = "; ".join(
        f"{one.business_date} {one.venue}, {one.connection} check {one.number or one.external_id}: "
        f"{to_decimal(one.difference, one.currency):+} {one.currency}"
        for one in newest
    )
    what = "1 check does" if number == 1 else f"{number} checks do"
    message = f"{what} not add up to the total the till states. The newest, total less parts: {told}"
    return [Finding(about="sums", well=True, message=message)]


_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def _when(instant: datetime) -> str:
    seconds = round((instant - datetime.now(UTC)).total_seconds())
    unit, length = next((each for each in _UNITS if abs(seconds) >= 2 * each[1]), ("s", 1))
    return f"in {seconds // length} {unit}" if seconds >= 0 else f"{-seconds // length} {unit} ago"
