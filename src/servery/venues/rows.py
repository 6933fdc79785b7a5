"""Venues in the database. A time zone and a currency are always somebody's word, never invented here."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound
from servery.model.money import known_currency
from servery.model.venue import Table, Venue

Db = AsyncConnection[DictRow]


class KeptVenue(Struct, frozen=True):
    """A venue and its id."""

    id: int
    venue: Venue


async def add_venue(db: Db, venue: Venue) -> int:
    """Add a venue and return its id; Invalid when its name is taken or empty, or its zone or currency unknown."""
    _check(venue)
    try:
        async with db.transaction():
            cursor = await db.execute(
                "insert into venue (name, name_key, body) values (%s, %s, %s) returning id",
                [venue.name.strip(), _key(venue.name), Jsonb(msgspec.to_builtins(venue))],
            )
    except UniqueViolation as taken:
        raise Invalid("There is a venue {name} already.", field="name", name=venue.name) from taken
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


def _check(venue: Venue) -> None:
    if not venue.name.strip():
        raise Invalid("A venue needs a name.", field="name")
    try:
        ZoneInfo(venue.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise Invalid(
            "There is no time zone {zone}.",
            field="time_zone",
            zone=venue.time_zone,
            mend="Give an IANA name such as Europe/Copenhagen.",
        ) from unknown
    if not 0 <= venue.cutoff < 1440:
        raise Invalid("A business day begins between 00:00 and 23:59.", field="cutoff")
    for name in ("match_before", "match_after"):
        if getattr(venue, name) < 0:
            raise Invalid("The minutes of a window cannot be negative.", field=name)
    if not known_currency(venue.currency):
        raise Invalid(
            "There is no currency {currency}.",
            field="currency",
            currency=venue.currency,
            mend="Give an ISO 4217 code such as DKK or EUR.",
        )


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


async def venues(db: Db) -> list[KeptVenue]:
    """All venues, by name."""
    cursor = await db.execute("select id, body from venue order by name_key")
    return [_kept(row) for row in await cursor.fetchall()]


async def venue(db: Db, venue_id: int) -> KeptVenue:
    """The venue with this id; NotFound when there is none."""
    cursor = await db.execute("select id, body from venue where id = %s", [venue_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no venue {id}.", id=venue_id)
    return _kept(row)


async def venue_named(db: Db, name: str) -> KeptVenue:
    """The venue of this name, however its capitals and spaces are written; NotFound says how to add it."""
    cursor = await db.execute("select id, body from venue where name_key = %s", [_key(name)])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(
            "There is no venue {name}.",
            name=name,
            mend="Add it with: servery venues add NAME --time-zone ZONE --currency CODE",
        )
    return _kept(row)


async def change_venue(db: Db, venue_id: int, changed: Venue) -> None:
    """Replace the facts of a venue; NotFound when there is none.

    Invalid as for a new one, and for another cut-off once there are records: they keep the business dates that they
    were given by the cut-off of their arrival, so later ones would be counted by another day.
    """
    _check(changed)
    try:
        async with db.transaction():
            await _refuse_cutoff(db, venue_id, changed.cutoff)
            cursor = await db.execute(
                "update venue set name = %s, name_key = %s, body = %s where id = %s",
                [changed.name.strip(), _key(changed.name), Jsonb(msgspec.to_builtins(changed)), venue_id],
            )
    except UniqueViolation as taken:
        raise Invalid("There is a venue {name} already.", field="name", name=changed.name) from taken
    if not cursor.rowcount:
        raise NotFound("There is no venue {id}.", id=venue_id)


async def _refuse_cutoff(db: Db, venue_id: int, cutoff: int) -> None:
    cursor = await db.execute("select id, body from venue where id = %s for update", [venue_id])
    row = await cursor.fetchone()
    if row is None or _kept(row).venue.cutoff == cutoff:
        return
    cursor = await db.execute(
        "select from checks where venue_id = %(id)s union all select from reservation where venue_id = %(id)s limit 1",
        {"id": venue_id},
    )
    if await cursor.fetchone() is not None:
        raise Invalid(
            "The business day cannot begin at another time: days that are already counted would change.",
            field="cutoff",
            mend="It can be set only while a venue has no checks and no reservations.",
        )


async def tables(db: Db, venue_id: int) -> list[Table]:
    """The tables that the venue's systems name, each once by its normalised name."""
    cursor = await db.execute(
        "select distinct on (table_key) name, seats, area, external_id from venue_table where venue_id = %s "
        "order by table_key, connection_id",
        [venue_id],
    )
    return [msgspec.convert(row, Table) for row in await cursor.fetchall()]


def _kept(row: DictRow) -> KeptVenue:
    return KeptVenue(row["id"], msgspec.convert(row["body"], Venue))
