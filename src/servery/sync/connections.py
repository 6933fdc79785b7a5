"""Connections: which outside systems are joined, how they sign in, and which venues their locations are."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound
from servery.model.venue import Venue
from servery.sync.places import Place
from servery.sync.rows import Db


class Connection(Struct, frozen=True, kw_only=True):
    """One joined system. `sealed` holds its secrets encrypted; `account` what `check` found it opens."""

    id: int
    name: str
    connector: str
    paused: bool
    settings: dict[str, str]
    sealed: bytes | None
    account: dict[str, Any] | None
    created_at: datetime


_COLUMNS = "id, name, connector, paused, settings, sealed, account, created_at"


async def connections(db: Db) -> list[Connection]:
    """All connections that were not removed, oldest first."""
    cursor = await db.execute(f"select {_COLUMNS} from connection where removed_at is null order by id")
    return [msgspec.convert(row, Connection) for row in await cursor.fetchall()]


async def connection(db: Db, connection_id: int) -> Connection:
    """The connection with this id; NotFound when there is none, or it was removed."""
    cursor = await db.execute(
        f"select {_COLUMNS} from connection where removed_at is null and id = %s", [connection_id]
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no connection {id}.", id=connection_id)
    return msgspec.convert(row, Connection)


async def connection_named(db: Db, name: str) -> Connection:
    """The connection of this name; NotFound names those there are."""
    found = {one.name.casefold(): one for one in await connections(db)}
    if name.casefold() not in found:
        known = ", ".join(one.name for one in found.values()) or "none yet"
        raise NotFound("There is no connection {name}. There are: {known}.", name=name, known=known)
    return found[name.casefold()]


async def add_connection(
    db: Db, name: str, connector: str, settings: Mapping[str, str], account: Mapping[str, Any] | None
) -> int:
    """Record a connection whose credentials were already proved; Invalid when the name is taken."""
    return await _write(
        db,
        "insert into connection (name, connector, settings, account) values (%s, %s, %s, %s) returning id",
        name,
        [connector, _jsonb(settings), _jsonb(account)],
    )


async def bring_back(
    db: Db, connection_id: int, name: str, settings: Mapping[str, str], account: Mapping[str, Any] | None
) -> int:
    """Take up a removed connection again; Invalid when the name is taken.

    It keeps its id, so that what is read anew finds the records of before and nothing is held twice.
    """
    await db.execute("delete from sync_state where connection_id = %s", [connection_id])
    return await _write(
        db,
        "update connection set removed_at = null, paused = false, name = %s, settings = %s, account = %s "
        "where id = %s returning id",
        name,
        [_jsonb(settings), _jsonb(account), connection_id],
    )


async def _write(db: Db, statement: str, name: str, rest: list[Any]) -> int:
    try:
        async with db.transaction():
            cursor = await db.execute(statement, [name, *rest])
    except UniqueViolation as taken:
        raise Invalid(
            "There is a connection {name} already.", field="name", name=name, mend="Choose another with --name."
        ) from taken
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


async def former(db: Db, connector: str, locations: Collection[str] | None) -> int | None:
    """The removed connection that read one of these locations, or with None any; the latest of several."""
    cursor = await db.execute(
        "select max(id) as id from connection where connector = %(connector)s and removed_at is not null "
        "and (%(any)s or id in (select connection_id from venue_link where location = any(%(locations)s)))",
        {"connector": connector, "any": locations is None, "locations": list(locations or ())},
    )
    row = await cursor.fetchone()
    return row["id"] if row else None


async def refuse_twice(db: Db, connection_id: int, locations: Collection[str]) -> None:
    """Refuse where another connection reads one of these locations already: each dinner would count twice."""
    cursor = await db.execute(
        "select other.name, venue.name as venue from connection other "
        "join venue_link link on link.connection_id = other.id join venue on venue.id = link.venue_id "
        "where other.removed_at is null and other.id <> %(id)s and link.location = any(%(locations)s) "
        "and other.connector = (select connector from connection where id = %(id)s) limit 1",
        {"id": connection_id, "locations": list(locations)},
    )
    row = await cursor.fetchone()
    if row:
        raise Invalid(
            "{venue} is read already, by the connection {name}.",
            field="name",
            venue=row["venue"],
            name=row["name"],
            mend="Other credentials can be given to that connection itself.",
        )


def _jsonb(value: object) -> Jsonb | None:
    return None if value is None else Jsonb(value)


async def keep_settings(db: Db, connection_id: int, settings: Mapping[str, str], sealed: bytes) -> None:
    """Keep a connection's settings, and those that are secret encrypted."""
    await db.execute(
        "update connection set settings = %s, sealed = %s where id = %s", [_jsonb(settings), sealed, connection_id]
    )


async def keep_account(db: Db, connection_id: int, account: Mapping[str, Any]) -> None:
    """Keep what its credentials open."""
    await db.execute("update connection set account = %s where id = %s", [_jsonb(account), connection_id])


async def rename(db: Db, connection_id: int, name: str) -> None:
    """Call a connection otherwise; Invalid when the name is taken."""
    await _write(db, "update connection set name = %s where id = %s returning id", name, [connection_id])


async def pause(db: Db, connection_id: int, paused: bool) -> None:
    """Stop reading from a connection for the time being, or go on."""
    await db.execute("update connection set paused = %s where id = %s", [paused, connection_id])


async def remove(db: Db, connection_id: int) -> None:
    """Forget how to sign in and read no more; the records already read stay. The name becomes free."""
    await db.execute(
        "update connection set removed_at = now(), sealed = null, paused = true, name = name || ' (' || id || ')' "
        "where id = %s",
        [connection_id],
    )


async def link_location(db: Db, connection_id: int, location: str, venue_id: int) -> None:
    """Say which venue a location of a connection is."""
    await db.execute(
        "insert into venue_link (connection_id, location, venue_id) values (%s, %s, %s) "
        "on conflict (connection_id, location) do update set venue_id = excluded.venue_id",
        [connection_id, location, venue_id],
    )


async def places(db: Db, connection_id: int) -> dict[str, Place]:
    """The venues of a connection's locations, by location."""
    cursor = await db.execute(
        "select link.location, venue.id, venue.body from venue_link as link join venue on venue.id = link.venue_id "
        "where link.connection_id = %s",
        [connection_id],
    )
    return {row["location"]: Place(row["id"], msgspec.convert(row["body"], Venue)) for row in await cursor.fetchall()}


async def lock(db: Db, connection_id: int) -> None:
    """Wait for, and hold until the transaction ends, the right to write this connection's records."""
    await db.execute("select pg_advisory_xact_lock(%s, %s)", [0x5E4E, connection_id])
