"""Venues, and the tables they have."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response
from msgspec import Meta, Struct

from servery.api.asked import Id, ThePaging, ThePool, listed, shown
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.api.single import single
from servery.model.venue import Daypart, OpeningHours
from servery.storage.pool import Connection
from servery.venues import rows
from servery.venues.rows import KeptVenue


class Venue(Struct, frozen=True, kw_only=True):
    """One restaurant."""

    id: int
    name: str
    time_zone: Annotated[str, Meta(description="IANA name.", examples=["Europe/Copenhagen"])]
    currency: Annotated[str, Meta(description="ISO 4217.", examples=["DKK"])]
    cutoff: Annotated[int, Meta(description="Local minutes after midnight at which a new business day begins.")]
    areas: tuple[str, ...]
    opening_hours: tuple[OpeningHours, ...]
    dayparts: tuple[Daypart, ...]
    match_before: Annotated[int, Meta(description="Minutes before a booking in which its check may open.")]
    match_after: Annotated[int, Meta(description="Minutes after a booking's time in which its check may open.")]


class Table(Struct, frozen=True):
    """One table by the name that the venue's systems give it."""

    name: str
    seats: int | None
    area: str | None


class VenueWithTables(Venue, frozen=True, kw_only=True):
    """One restaurant and its tables."""

    tables: tuple[Table, ...]


class Venues(Page[Venue], frozen=True):
    """A page of venues."""

    items: tuple[Venue, ...]


_LISTING = Listing("venues", Venue, ("id", "name", "time_zone", "currency", "cutoff", "areas"))


@listed("/venues", tags=["Venues"])
async def venues(request: Asked, pool: ThePool, paging: ThePaging) -> Response[Venues]:
    """All venues."""
    return await answered(request, pool, _LISTING, _read, paging, {})


async def _read(db: Connection, after: int | None, limit: int) -> list[Venue]:
    kept = sorted(await rows.venues(db), key=lambda one: one.id)
    return [Venue(**_facts(one)) for one in kept if one.id > (after or 0)][:limit]


@shown("/venues/{venue_id:int}", tags=["Venues"])
async def venue(request: Asked, pool: ThePool, venue_id: Id) -> Response[VenueWithTables]:
    """One venue, with its tables."""
    async with pool.connection() as db:
        kept = await rows.venue(db, venue_id)
        named = await rows.tables(db, venue_id)
    tables = tuple(Table(one.name, one.seats, one.area) for one in named or kept.venue.tables)
    return single(request, VenueWithTables(**_facts(kept), tables=tables))


def _facts(kept: KeptVenue) -> dict[str, Any]:
    return {"id": kept.id} | {name: getattr(kept.venue, name) for name in Venue.__struct_fields__ if name != "id"}
