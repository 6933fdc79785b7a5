"""`servery doctor`: is everything as it should be, and if not, what mends it?"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import typer
from msgspec import Struct

from servery.accounts import people
from servery.app import key_files
from servery.app.watching import look_now
from servery.cli.shell import FIRST_OWNER, AsJson, give, say, settings, with_database
from servery.health import watch
from servery.health.repairs import Repair, needs_person, repairs, said
from servery.health.report import ConnectionHealth, report
from servery.model.money import to_decimal
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db
from servery.sync.status import Contradiction, contradictions
from servery.venues.rows import venues
from servery.visits.unplaced import unplaced

NEEDS_PERSON = 3
"""Exit code: something waits for a person."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing looked at. `mend` says what to do where it is not well; `severity` is a repair's."""

    about: str
    well: bool
    message: str
    mend: str | None = None
    severity: str | None = None


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("doctor", short_help="Say what is not well, and what mends it.")(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Say whether all is well: the database, the venues, the people, every connection, what waits to be mended.

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
    found = [await _server(db), *await _keys(db), await _venues(db), *await _people(db)]
    now = await watch.clock(db)
    # Looked over here and now: nothing need be running for the answer to be true.
    await look_now(db)
    found += [_connection(one, now) for one in await report(db, now)]
    found += [_repair(one, now) for one in await repairs(db)]
    return found + _sums(*await contradictions(db, newest=3)) + await _matching(db)


async def _server(db: Db) -> Finding:
    cursor = await db.execute(
        "select current_setting('server_version') as version, pg_database_size(current_database()) as size"
    )
    server = await cursor.fetchone()
    assert server is not None
    message = f"PostgreSQL {server['version']}, {server['size'] // 1_000_000} MB"
    return Finding(about="database", well=True, message=message)


async def _keys(db: Db) -> list[Finding]:
    return [
        Finding(
            about="keys",
            well=False,
            message=f"the {name} of this machine is not the one that the database was used with",
            mend="Copy it from the machine, or the backup, that has it. Where it is lost for good: servery trust-keys",
        )
        for name in await key_files.strange(db, settings().home)
    ]


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


def _connection(one: ConnectionHealth, now: datetime) -> Finding:
    """How it is; what is not well with it is told among the repairs."""
    last = f"last read {_when(one.last_read, now)}" if one.last_read else "not read yet"
    parts = [one.state.replace("_", " "), last]
    for number, what in (
        (one.queue_in, "waiting to be taken in"),
        (one.queue_out, "waiting to be sent"),
        (one.quarantine, "kept aside"),
        (one.refused, "refused by it"),
    ):
        if number:
            parts.append(f"{number} {what}")
    if one.error_share:
        parts.append(f"{one.error_share:.1%} failed in 24 h")
    again = f" {_next_try(one.next_attempt, now)}" if one.next_attempt else ""
    return Finding(about=f"connection {one.name}", well=True, message=f"{', '.join(parts)}{again and '.' + again}")


def _repair(one: Repair, now: datetime) -> Finding:
    what, mend = said(one)
    quiet = one.is_quiet(now)
    return Finding(
        about=f"repair {one.id}, put off" if quiet else f"repair {one.id}",
        well=not needs_person([one], now),
        message=what,
        mend=None if quiet else mend,
        severity=one.severity,
    )


_BEING_TRIED = timedelta(minutes=2)


def _next_try(at: datetime, now: datetime) -> str:
    # A time that has just gone by means that it is being tried.
    if at > now - _BEING_TRIED:
        return f"Next try {_when(at, now)}." if at > now else "It is being tried at this moment."
    return "It is tried again as soon as servery is up."


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


def _when(instant: datetime, now: datetime) -> str:
    seconds = round((instant - now).total_seconds())
    unit, length = next((each for each in _UNITS if abs(seconds) >= 2 * each[1]), ("s", 1))
    return f"in {seconds // length} {unit}" if seconds >= 0 else f"{-seconds // length} {unit} ago"
