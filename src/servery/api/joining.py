"""Joining systems from another program: try settings, make and change a connection, and pair its tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec import UNSET, Meta, Struct, UnsetType

from servery.accounts.audit import acted
from servery.api.asked import Id, ThePool, changed, demand, once_done, shown, tried
from servery.api.once import OnceKey, once
from servery.api.problem import Asked, Fault, problem_answer
from servery.api.single import single
from servery.api.unchanged import IfMatch
from servery.errors import Invalid, NeedsPerson, Refuse, ServeryError
from servery.model.viewer import Viewer
from servery.storage.pool import Pool
from servery.sync import connections, tables
from servery.sync.pace import Pace
from servery.sync.tables import How, Pairing

Settings = Annotated[dict[str, str], Meta(description="As the connector's manifest names them, secrets included.")]


class Trial(Struct, frozen=True, kw_only=True):
    """Settings to be tried."""

    connector: str
    settings: Settings


class NewConnection(Struct, frozen=True, kw_only=True):
    """A connection to be made. A location without an entry becomes the venue of its name, or a new one."""

    connector: str
    settings: Settings
    name: str | None = None
    venues: Annotated[dict[str, int], Meta(description="Ids of venues, by external id of the location.")] = {}


class ConnectionChange(Struct, frozen=True, kw_only=True):
    """What is to be otherwise; what is not given stays."""

    name: str | UnsetType = UNSET
    paused: bool | UnsetType = UNSET
    settings: Annotated[dict[str, str], Meta(description="Tried before they are kept.")] | UnsetType = UNSET
    pace: Annotated[Pace, Meta(description="Batch: at set times only; hybrid: then too.")] | UnsetType = UNSET
    batch_at: Annotated[tuple[str, ...], Meta(description="The set times, HH:MM at the venue.")] | UnsetType = UNSET
    live_from: (
        Annotated[datetime | None, Meta(description="Written to from then on; null: now; the year 9999: never.")]
        | UnsetType
    ) = UNSET
    spare_service: Annotated[bool, Meta(description="Read the past only outside service hours.")] | UnsetType = UNSET


class FoundLocation(Struct, frozen=True, kw_only=True):
    """A location that the settings open. `venue_id`: the venue of the same name, if there is one."""

    external_id: str
    name: str
    time_zone: str | None
    currency: str | None
    venue_id: int | None


class Opened(Struct, frozen=True, kw_only=True):
    """What settings that work open."""

    account: str
    locations: tuple[FoundLocation, ...]


class JoinedConnection(Struct, frozen=True, kw_only=True):
    """A connection that was made or changed."""

    id: int
    name: str
    venue_ids: tuple[int, ...]


class TableSeen(Struct, frozen=True, kw_only=True):
    """A table as the connection names it, and the venue's table that it is."""

    name: str
    key: str
    how: How
    ours: str | None
    suggested: str | None


class VenueTables(Struct, frozen=True, kw_only=True):
    """A connection's tables at one venue. `missing` are keys of the venue's tables that none of them is."""

    venue_id: int
    theirs: tuple[TableSeen, ...]
    ours: tuple[str, ...]
    missing: tuple[str, ...]


class ConnectionTables(Struct, frozen=True, kw_only=True):
    """A connection's tables at its venues."""

    items: tuple[VenueTables, ...]


class TablePair(Struct, frozen=True):
    """Which of the venue's tables one of theirs is, by name or key; null: none of them."""

    theirs: str
    ours: str | None


class TablePairs(Struct, frozen=True, kw_only=True):
    """What is said of tables at one venue."""

    venue_id: int
    pairs: tuple[TablePair, ...]


class DaysToForm(Struct, frozen=True):
    """How many business days are now matched anew, in the background."""

    days: int


class Joining(Protocol):
    """What these routes ask the house for."""

    async def test(self, connector: str, settings: Mapping[str, str]) -> Opened:
        """Try settings and keep nothing."""

    async def join(self, viewer: Viewer, new: NewConnection) -> JoinedConnection:
        """Make a connection whose settings work."""

    async def change(
        self, viewer: Viewer, connection_id: int, wanted: ConnectionChange, if_match: str | None
    ) -> JoinedConnection:
        """Change a connection that is still as `if_match` names it."""


TheJoining = NamedDependency[SkipValidation[Joining]]


@tried("/connections/test", tags=["Connections"])
async def test_settings(request: Asked, joining: TheJoining, data: JSONBody[Trial]) -> Response[Opened]:
    """Try settings and keep nothing. What is wrong is told at the setting that caused it."""
    demand(request, "change_connections")
    try:
        return Response(await joining.test(data.connector, data.settings))
    except (NeedsPerson, Invalid) as error:
        return _unusable(request, error)


@once_done("/connections", tags=["Connections"])
async def join_system(
    request: Asked, pool: ThePool, joining: TheJoining, data: JSONBody[NewConnection], key: OnceKey = None
) -> Response[JoinedConnection]:
    """Make a connection whose settings work. Nothing is written there until a change says from when on: `live_from`.

    A system that is joined already is refused, so that a repeat is safe without a key too.
    """
    demand(request, "change_connections")

    async def join() -> Response[Any]:
        try:
            return Response(await joining.join(request.user, data))
        except (NeedsPerson, Invalid) as error:
            return _unusable(request, error)

    return await once(request, pool, key, join)


@changed("/connections/{connection_id:int}", tags=["Connections"])
async def change_connection(
    request: Asked,
    joining: TheJoining,
    connection_id: Id,
    data: JSONBody[ConnectionChange],
    if_match: IfMatch = None,
) -> Response[JoinedConnection]:
    """Change a connection: what was read from it, and all that was chosen, stays."""
    demand(request, "change_connections")
    try:
        return Response(await joining.change(request.user, connection_id, data, if_match))
    except (NeedsPerson, Invalid) as error:
        return _unusable(request, error)


@shown("/connections/{connection_id:int}/tables", tags=["Connections"])
async def connection_tables(request: Asked, pool: ThePool, connection_id: Id) -> Response[ConnectionTables]:
    """A connection's tables beside those of the venue's other systems."""
    demand(request, "see_connections")
    async with pool.connection() as db:
        await connections.connection(db, connection_id)
        found = await tables.pairings(db, connection_id)
    return single(request, ConnectionTables(items=tuple(_tables(one) for one in found)))


@once_done("/connections/{connection_id:int}/tables", tags=["Connections"])
async def pair_connection_tables(
    request: Asked, pool: ThePool, connection_id: Id, data: JSONBody[TablePairs], key: OnceKey = None
) -> Response[DaysToForm]:
    """Say which tables are one. Days that this changes are matched anew in the background."""
    demand(request, "change_connections")

    async def pair() -> Response[Any]:
        try:
            return Response(DaysToForm(await _paired(pool, request.user, connection_id, data)))
        except Invalid as error:
            return _unusable(request, error, "pairs")

    return await once(request, pool, key, pair)


async def _paired(pool: Pool, viewer: Viewer, connection_id: int, said: TablePairs) -> int:
    async with pool.connection() as db:
        await connections.connection(db, connection_id)
        chosen = {one.theirs: one.ours for one in said.pairs}
        days = await tables.pair(db, connection_id, said.venue_id, chosen)
        await acted(db, viewer, "connection-changed", f"connection:{connection_id}", {"outcome": "tables"})
    return days


def _unusable(request: Asked, error: ServeryError, at: str = "settings") -> Response[Any]:
    field = getattr(error, "field", None)
    whole = field in ("name", "venue", "connector", "batch_at")
    place = f"/body/{field}" if whole else f"/body/{at}" + (f"/{field}" if field else "")
    status = 400 if isinstance(error, Refuse) else 422
    return problem_answer(request, status, error.code, error.told(), (Fault(place, error.told()),))


def _tables(one: Pairing) -> VenueTables:
    return VenueTables(
        venue_id=one.venue_id,
        theirs=tuple(
            TableSeen(name=each.table.name, key=each.table.key, how=each.how, ours=each.ours, suggested=each.suggested)
            for each in one.theirs
        ),
        ours=tuple(each.key for each in one.ours),
        missing=tuple(each.key for each in one.missing),
    )
