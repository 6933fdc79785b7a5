"""Connections: which outside systems are joined, and how far each has been read. Never how they sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Response
from msgspec import Meta, Struct

from servery.api.asked import Id, ThePaging, ThePool, demand, listed, shown
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.api.single import single
from servery.errors import NotFound, ServeryError
from servery.storage.pool import Connection as Db
from servery.sync.connections import places
from servery.sync.state import State
from servery.sync.status import Condition, Status, statuses


class Trouble(Struct, frozen=True, kw_only=True):
    """The last thing that went wrong, and the setting at fault where that is known."""

    resource: str
    code: str
    message: str
    field: str | None
    attempts: int
    next_try_at: datetime | None


class Counts(Struct, frozen=True, kw_only=True):
    """How many records of each kind came; `unread` were kept aside because nobody could understand them."""

    guest: int
    reservation: int
    check: int
    unread: int


class Backfill(Struct, frozen=True, kw_only=True):
    """How far the reading of the past has come: stretches done of all."""

    done: int
    of: int
    seconds_left: Annotated[int | None, Meta(description="Null while nobody can tell.")]
    reached: Annotated[datetime | None, Meta(description="From here on everything is read.")]


class Connection(Struct, frozen=True, kw_only=True):
    """One joined system. `fetching`: still reading the past. `needs_person`: trying again is of no use."""

    id: int
    name: str
    connector: str
    state: Condition
    last_sync: datetime | None
    created_at: datetime
    venue_ids: tuple[int, ...]
    records: Counts
    backfill: Backfill
    trouble: Trouble | None


class Connections(Page[Connection], frozen=True):
    """A page of connections."""

    items: tuple[Connection, ...]


_LISTING = Listing("connections", Connection, ("id", "name", "connector", "state", "last_sync", "created_at"))


@listed("/connections", tags=["Connections"])
async def connections(request: Asked, pool: ThePool, paging: ThePaging) -> Response[Connections]:
    """All connections."""
    demand(request, "see_connections")
    return await answered(request, pool, _LISTING, _read, paging, {})


async def _read(db: Db, after: int | None, limit: int) -> list[Connection]:
    found = [one for one in await statuses(db) if one.connection.id > (after or 0)]
    return [await _connection(db, one) for one in found[:limit]]


@shown("/connections/{connection_id:int}", tags=["Connections"])
async def connection(request: Asked, pool: ThePool, connection_id: Id) -> Response[Connection]:
    """One connection."""
    demand(request, "see_connections")
    async with pool.connection() as db:
        status = next((one for one in await statuses(db) if one.connection.id == connection_id), None)
        if status is None:
            raise NotFound("There is no connection {id}.", id=connection_id)
        resource = await _connection(db, status)
    return single(request, resource)


async def _connection(db: Db, status: Status) -> Connection:
    joined, far = status.connection, status.how_far
    located = await places(db, joined.id)
    kinds = {kind: status.records.get(kind, 0) for kind in ("guest", "reservation", "check")}
    return Connection(
        id=joined.id,
        name=joined.name,
        connector=joined.connector,
        state=status.condition,
        last_sync=status.last_sync,
        created_at=joined.created_at,
        venue_ids=tuple(sorted({place.venue_id for place in located.values()})),
        records=Counts(**kinds, unread=status.unread),
        backfill=Backfill(done=far.done, of=far.of, seconds_left=far.seconds_left, reached=status.reached),
        trouble=_trouble(status.trouble) if status.trouble else None,
    )


def _trouble(failed: State) -> Trouble:
    error = failed.error or {}
    return Trouble(
        resource=failed.resource,
        code=error["code"],
        message=ServeryError(error["template"], mend=error["mend"], **error["params"]).told(),
        field=error["field"],
        attempts=failed.attempts,
        next_try_at=failed.next_try_at,
    )
