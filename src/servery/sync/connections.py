"""Connections: which outside systems are joined, how they sign in, and which venues their locations are."""

from collections.abc import Mapping
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
    try:
        async with db.transaction():
            cursor = await db.execute(
                "insert into connection (name, connector, settings, account) values (%s, %s, %s, %s) returning id",
                [name, connector, _jsonb(settings), _jsonb(account)],
            )
    except UniqueViolation as taken:
        raise Invalid(
            "There is a connection {name} already.", field="name", name=name, mend="Choose another with --name."
        ) from taken
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


def _jsonb(value: object) -> Jsonb | None:
    return None if value is None else Jsonb(value)


async def keep_secrets(db: Db, connection_id: int, sealed: bytes) -> None:
    """Keep a connection's encrypted credentials."""
    await db.execute("update connection set sealed = %s where id = %s", [sealed, connection_id])


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


async def any_secrets(db: Db) -> bool:
    """Whether any connection's credentials are kept."""
    cursor = await db.execute("select exists (select from connection where sealed is not null) as found")
    row = await cursor.fetchone()
    return bool(row and row["found"])
