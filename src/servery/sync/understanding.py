"""What a record says, and the record that cannot be taken in: found, named and told in words."""

import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

import psycopg
from msgspec import Raw, Struct

from servery.connectors.contract import Connector
from servery.errors import Quarantine, ServeryError
from servery.model.changes import Change, StateKey
from servery.model.subjects import Subject, subjects
from servery.sync.places import Place
from servery.sync.rows import Db

log = logging.getLogger(__name__)

Stage = Literal["translate", "apply"]
"""Where a record failed: its words were not understood, or what it says fits into no table."""
Unit = TypeVar("Unit")

# An escaped NUL: its backslash is not itself escaped.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
# What the server answers when not the data is at fault but the moment: connection lost, deadlock, resources, shutdown.
_OUTAGES = ("08", "40", "53", "57", "58")


class Known(NamedTuple):
    """The venues of a connection's locations, and all locations that its account is known to have."""

    places: Mapping[str, Place]
    locations: Collection[str] = ()


class Understood(Struct, kw_only=True):
    """A record as it came, with what it says; `error` is set where it cannot be taken in."""

    body: Raw
    resource: str
    changes: Sequence[Change] = ()
    records: Collection[Subject] = ()
    """Of which records it speaks."""
    effects: Collection[StateKey] = ()
    """What of it changed something here, once it is taken in."""
    stage: Stage = "translate"
    error: ServeryError | None = None


def understood(connector: Connector, resource: str, known: Known, records: Sequence[Raw]) -> list[Understood]:
    """What each of these records says."""
    return [_understood(connector, resource, known, record) for record in records]


def _understood(connector: Connector, resource: str, known: Known, record: Raw) -> Understood:
    try:
        changes = translated(connector, resource, known, record)
        return Understood(body=record, resource=resource, changes=changes, records=spoken_of(changes))
    except Quarantine as error:
        return Understood(body=record, resource=resource, error=error)


def translated(connector: Connector, resource: str, known: Known, record: Raw) -> Sequence[Change]:
    """The changes that one record says, but for those of locations that were not chosen.

    Quarantine when it cannot be understood, whatever it made the connector do, or names a location nobody knows.
    """
    try:
        changes = connector.translate(resource, without_nul(record))
    except Quarantine:
        raise
    except Exception as error:
        # Translating is pure: what failed once would fail again.
        raise not_understood(error) from error
    located = [(one, getattr(one, "location", None)) for one in changes]
    for one, location in located:
        if location is not None and location not in known.places and location not in known.locations:
            raise _unplaced(one)
    return [one for one, location in located if location is None or location in known.places]


def spoken_of(changes: Sequence[Change]) -> set[Subject]:
    """The records that changes are of. Quarantine where a connector took for an id what is none."""
    try:
        found = subjects(changes)
        # What is no text, or half a character, no column holds.
        "".join(external_id for _, external_id in found).encode()
    except (TypeError, UnicodeError) as error:
        raise not_understood(error) from error
    return found


def without_nul(record: Raw) -> Raw:
    """The record without the character U+0000, which JSON may hold and PostgreSQL cannot, and which nobody means."""
    text = bytes(record)
    return Raw(_NUL.sub(rb"\1", text)) if b"\\u0000" in text else record


async def together(
    db: Db,
    units: Sequence[Unit],
    take: Callable[[Sequence[Unit]], Awaitable[None]],
    failed: Callable[[Unit, Exception], None],
    waits: Callable[[Unit], bool] = lambda _: False,
) -> None:
    """Take units in as one set. Where one cannot be, halves are tried until it is found alone, and handed to `failed`.

    Whatever `waits` by the time its turn comes is left out. A fault of the moment is raised: nothing is then done.
    """
    now = [unit for unit in units if not waits(unit)]
    if not now:
        return
    try:
        async with db.transaction():
            await take(now)
    except Exception as error:
        if is_outage(error):
            raise
        if len(now) == 1:
            failed(now[0], error)
            return
        half = len(now) // 2
        await together(db, now[:half], take, failed, waits)
        await together(db, now[half:], take, failed, waits)


def is_outage(error: Exception) -> bool:
    """Whether the database or the moment is at fault, and not what was to be taken in."""
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate[:2] in _OUTAGES
    return isinstance(error, psycopg.InterfaceError)


def says_too_much(error: Exception) -> bool:
    """Whether the data is at fault: a second try would end the same."""
    return isinstance(
        error, psycopg.DataError | psycopg.errors.ProgramLimitExceeded | OverflowError | UnicodeError | Quarantine
    )


def beyond_us(error: Exception) -> ServeryError:
    """What a record says that no table can hold."""
    if isinstance(error, ServeryError):
        return error
    # The name of the error alone: its text may quote the record.
    return Quarantine(
        "This record says what no field of ours can hold ({why}).", why=type(error).__name__, code="beyond-us"
    )


def not_understood(error: Exception) -> Quarantine:
    """A fault while a record was read; the log names the place in the code, for it is ours to mend."""
    log.error("%s\n%s", type(error).__name__, trace(error))
    return Quarantine(
        "This record made Servery stumble ({why}).",
        why=type(error).__name__,
        code="fault",
        mend="Report it with the record's shape; after an update, replay it.",
    )


def trace(error: Exception) -> str:
    """Where in the code it happened, without the error's own text: that may quote a person's data."""
    return "".join(traceback.format_tb(error.__traceback__, limit=-4))


def _unplaced(change: Change) -> Quarantine:
    return Quarantine(
        "The location {location} is no venue here.",
        location=getattr(change, "location", ""),
        code="unplaced",
        mend="Link the location to a venue on the connection's page.",
    )
