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
from servery.api.unchanged import choices_of
from servery.errors import NotFound, ServeryError
from servery.health import watch
from servery.health.report import ConnectionHealth, State, report
from servery.health.report import Trouble as Failed
from servery.storage.pool import Connection as Db
from servery.sync.connections import places
from servery.sync.pace import Pace, set_up_state, written
from servery.sync.status import Status, statuses


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
    goes_on_at: Annotated[
        datetime | None, Meta(description="When it goes on where it waits for the end of service; else null.")
    ]


class Connection(Struct, frozen=True, kw_only=True):
    """One joined system. `fetching`: still reading the past. `needs_person`: trying again is of no use."""

    id: int
    name: str
    connector: str
    state: State
    last_sync: datetime | None
    last_event: Annotated[datetime | None, Meta(description="When something last came, by whichever way.")]
    lag_seconds: Annotated[float | None, Meta(description="From the newest event's arrival to its being taken in.")]
    waiting_since: Annotated[datetime | None, Meta(description="Since when the oldest event waits to be taken in.")]
    error_share: Annotated[float | None, Meta(description="Of what came and was sent in 24 hours, the failed share.")]
    queue_in: int
    queue_out: int
    quarantined: Annotated[int, Meta(description="Records kept aside that nobody has dealt with yet.")]
    refused: Annotated[int, Meta(description="Objects that the other side does not take.")]
    next_attempt: datetime | None
    down_since: datetime | None
    created_at: datetime
    venue_ids: tuple[int, ...]
    pace: Annotated[Pace, Meta(description="Live: as it happens; batch: at set times only; hybrid: then too.")]
    batch_at: Annotated[tuple[str, ...], Meta(description="The set times, HH:MM at the venue.")]
    live_from: Annotated[
        datetime | None,
        Meta(description="Nothing was or is written to it before; null: never held back; the year 9999: until chosen."),
    ]
    held_back: Annotated[bool, Meta(description="Whether nothing is written to it at this moment.")]
    spare_service: Annotated[bool, Meta(description="Whether the past is read outside service hours only.")]
    records: Counts
    backfill: Backfill
    trouble: Trouble | None


class Connections(Page[Connection], frozen=True):
    """A page of connections."""

    items: tuple[Connection, ...]


_COLUMNS = ("id", "name", "connector", "state", "last_sync", "created_at", "last_event", "queue_in", "queue_out",
            "quarantined", "error_share", "pace", "held_back")  # fmt: skip
_LISTING = Listing("connections", Connection, _COLUMNS)


@listed("/connections", tags=["Connections"])
async def connections(request: Asked, pool: ThePool, paging: ThePaging) -> Response[Connections]:
    """All connections."""
    demand(request, "see_connections")
    return await answered(request, pool, _LISTING, _read, paging, {})


async def _read(db: Db, after: int | None, limit: int) -> list[Connection]:
    health, now = await _health(db), await watch.clock(db)
    found = [one for one in await statuses(db) if one.connection.id > (after or 0) and one.connection.id in health]
    return [await _connection(db, one, health[one.connection.id], now) for one in found[:limit]]


async def _health(db: Db) -> dict[int, ConnectionHealth]:
    return {one.id: one for one in await report(db, await watch.clock(db))}


@shown("/connections/{connection_id:int}", tags=["Connections"])
async def connection(request: Asked, pool: ThePool, connection_id: Id) -> Response[Connection]:
    """One connection. Its ETag goes into the If-Match of a change."""
    demand(request, "see_connections")
    async with pool.connection() as db:
        health = (await _health(db)).get(connection_id)
        status = next((one for one in await statuses(db) if one.connection.id == connection_id), None)
        if status is None or health is None:
            raise NotFound("There is no connection {id}.", id=connection_id)
        resource = await _connection(db, status, health, await watch.clock(db))
        choices = await choices_of(db, connection_id)
    return single(request, resource, choices)


async def _connection(db: Db, status: Status, health: ConnectionHealth, now: datetime) -> Connection:
    joined, far = status.connection, status.how_far
    rhythm = (await set_up_state(db, joined.id)).rhythm
    located = await places(db, joined.id)
    kinds = {kind: status.records.get(kind, 0) for kind in ("guest", "reservation", "check")}
    return Connection(
        id=joined.id,
        name=joined.name,
        connector=joined.connector,
        state=health.state,
        last_sync=status.last_sync,
        last_event=health.last_event,
        lag_seconds=health.lag,
        waiting_since=health.oldest_in,
        error_share=health.error_share,
        queue_in=health.queue_in,
        queue_out=health.queue_out,
        quarantined=health.quarantine,
        refused=health.refused,
        next_attempt=health.next_attempt,
        down_since=health.down_since,
        created_at=joined.created_at,
        venue_ids=tuple(sorted({place.venue_id for place in located.values()})),
        pace=rhythm.pace,
        batch_at=tuple(written([one]) for one in rhythm.batch_at),
        live_from=rhythm.live_from,
        held_back=rhythm.live_from is not None and now < rhythm.live_from,
        spare_service=rhythm.spare_service,
        records=Counts(**kinds, unread=status.unread),
        backfill=Backfill(
            done=far.done, of=far.of, seconds_left=far.seconds_left, reached=status.reached, goes_on_at=far.goes_on_at
        ),
        trouble=_trouble(health.trouble) if health.trouble else None,
    )


def _trouble(failed: Failed) -> Trouble:
    return Trouble(
        resource=failed.resource,
        code=failed.code,
        message=ServeryError(failed.template, mend=failed.mend, **failed.params).told(),
        field=failed.field,
        attempts=failed.attempts,
        next_try_at=failed.next_try_at,
    )
