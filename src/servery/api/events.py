"""Events: what outside systems sent or were asked for, what became of it, and having it taken in again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from litestar import Response
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from servery.accounts.audit import acted, looked
from servery.api.asked import Id, ThePaging, ThePool, demand, done, listed, shown
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.api.single import single
from servery.api.spoken_of import spoken_of
from servery.errors import Invalid
from servery.inbox import events as inbox
from servery.inbox import replay
from servery.inbox.claim import Via
from servery.inbox.events import EventRow, State, Stored
from servery.inbox.quarantine import Stage, error_of
from servery.model.viewer import Right, Viewer
from servery.storage.pool import Connection as Db
from servery.sync.finding import HeldRecord, held


class Failure(Struct, frozen=True, kw_only=True):
    """Why an event could not be taken in, in English, and how to mend it."""

    code: str
    message: str
    mend: str | None
    stage: Annotated[Stage | None, Meta(description="Null while it is still tried.")]
    attempts: int


class Event(Struct, frozen=True, kw_only=True):
    """One event. `connection_id` is null where nobody knows whose it is."""

    id: int
    connection_id: int | None
    connector: str
    via: Annotated[Via, Meta(description="Whether it was sent to us, or read by us and how.")]
    kind: Annotated[str, Meta(description="As its system names it; of what was read, the resource.")]
    received_at: datetime
    state: State
    decided_at: datetime | None
    failure: Failure | None


class Record(Struct, frozen=True, kw_only=True):
    """A record that an event speaks of. `id` is ours, null where it is not here (yet, or any more)."""

    kind: str
    external_id: str
    id: int | None
    guest_id: int | None
    visit_id: int | None


class WholeEvent(Event, frozen=True, kw_only=True):
    """One event with all that is kept of it; card numbers were taken out before it was stored."""

    rights: ClassVar[Mapping[Right, tuple[str, ...]]] = {"see_contact": ("body", "headers")}

    lane: Annotated[str | None, Meta(description="The object it is about: its events are taken in one after another.")]
    next_try_at: datetime | None
    records: tuple[Record, ...]
    body: Annotated[str | UnsetType, Meta(description="As it came; what is no text is replaced.")] = UNSET
    headers: Mapping[str, str] | UnsetType = UNSET


class Events(Page[Event], frozen=True):
    """A page of events."""

    items: tuple[Event, ...]


class Again(Struct, frozen=True, kw_only=True):
    """Which events are to be taken in again; what is left out is any. `dry_run` only counts them."""

    connection_id: int | None = None
    kind: str | None = None
    state: State | None = None
    order: str | None = None
    guest_id: int | None = None
    since: datetime | None = None
    dry_run: bool = False


class Replayed(Struct, frozen=True):
    """How many events are taken in again; their states tell when that is done."""

    events: int
    dry_run: bool


_LISTING = Listing(
    "events", Event, ("id", "connection_id", "connector", "via", "kind", "received_at", "state", "decided_at")
)


@listed("/events", tags=["Events"])
async def events(  # noqa: PLR0913, PLR0917 - each is a parameter of the query
    request: Asked,
    pool: ThePool,
    paging: ThePaging,
    connection_id: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="Of this connection.")] = None,
    kind: Annotated[str | None, QueryParameter(max_length=200, description="Of this kind.")] = None,
    in_state: Annotated[State | None, QueryParameter(name="state", description="In this state.")] = None,
    order: Annotated[
        str | None, QueryParameter(max_length=200, description="Of the order with this number or id at its source.")
    ] = None,
    guest_id: Annotated[
        int | None, QueryParameter(ge=1, le=2**63 - 1, description="Of this guest's records, the newest 200.")
    ] = None,
    since: Annotated[datetime | None, QueryParameter(description="Received since this instant.")] = None,
) -> Response[Events]:
    """All events, in the order in which they came."""
    demand(request, "see_events")
    again = Again(
        connection_id=connection_id, kind=kind, state=in_state, order=order, guest_id=guest_id, since=_instant(since)
    )

    async def read(db: Db, after: int | None, limit: int) -> list[Event]:
        return await _read(db, await _asked(db, request.user, again), after, limit)

    return await answered(request, pool, _LISTING, read, paging, _named(again))


def _named(again: Again) -> dict[str, object]:
    return {name: getattr(again, name) for name in again.__struct_fields__}


async def _read(db: Db, asked: inbox.Asked, after: int | None, limit: int) -> list[Event]:
    found: list[EventRow] = []
    following: int | None = after or 0
    while following is not None and len(found) < limit:
        some = await inbox.events(db, asked, limit=limit - len(found), after=following)
        found += some.rows
        following = some.next
    return [_event(one) for one in found]


async def _asked(db: Db, viewer: Viewer, again: Again) -> inbox.Asked:
    guest = None if again.guest_id is None else str(again.guest_id)
    subjects = await spoken_of(db, viewer, "api", order=again.order, guest=guest)
    return inbox.Asked(
        connection_id=again.connection_id, kind=again.kind, state=again.state, since=again.since, subjects=subjects
    )


@shown("/events/{event_id:int}", tags=["Events"])
async def event(request: Asked, pool: ThePool, event_id: Id) -> Response[WholeEvent]:
    """One event with what came. Looking at it is written down with the guests it speaks of."""
    demand(request, "see_events")
    async with pool.connection() as db:
        stored = await inbox.event(db, event_id)
        row = stored.row
        records = await held(db, row.connection_id, stored.records) if row.connection_id else []
        await looked(db, request.user, {one.guest_id for one in records if one.guest_id is not None}, "api")
        await acted(db, request.user, "event-shown", f"event:{event_id}")
    return single(request, _whole(stored, records))


@done("/events/{event_id:int}/replay", tags=["Events"])
async def replay_event(request: Asked, pool: ThePool, event_id: Id) -> Response[Replayed]:
    """Take one event in again, whatever became of it; what is there already stays as it is."""
    demand(request, "change_connections")
    async with pool.connection() as db:
        await replay.replay(db, event_id)
        await acted(db, request.user, "events-replayed", f"event:{event_id}", {"events": 1})
    return Response(Replayed(1, False))


@done("/events/replay", tags=["Events"])
async def replay_events(request: Asked, pool: ThePool, data: JSONBody[Again]) -> Response[Replayed]:
    """Take all of these events in again, the oldest first, 100,000 at most; with `dry_run` only count them."""
    demand(request, "change_connections")
    _instant(data.since)
    async with pool.connection() as db:
        asked = await _asked(db, request.user, data)
        if data.dry_run:
            return Response(Replayed(await replay.count(db, asked), True))
        events = await replay.replay_all(db, asked)
        subject = f"connection:{data.connection_id or 0}"
        await acted(db, request.user, "events-replayed", subject, {"events": events})
    return Response(Replayed(events, False))


def _instant(since: datetime | None) -> datetime | None:
    if since is not None and since.tzinfo is None:
        raise Invalid("An instant needs an offset from UTC.", field="since", mend="Write it as 2026-01-31T18:00:00Z.")
    return since


def _event(one: EventRow) -> Event:
    return Event(**_facts(one))


def _facts(one: EventRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "connection_id": one.connection_id,
        "connector": one.connector,
        "via": one.via,
        "kind": one.kind,
        "received_at": one.received_at,
        "state": one.state,
        "decided_at": one.at,
        "failure": _failure(one),
    }


def _failure(one: EventRow) -> Failure | None:
    if one.reason is None:
        return None
    error = error_of(one.reason)
    return Failure(code=error.code, message=error.message, mend=error.mend, stage=one.stage, attempts=one.attempts)


def _whole(stored: Stored, records: list[HeldRecord]) -> WholeEvent:
    return WholeEvent(
        **_facts(stored.row),
        lane=stored.lane,
        next_try_at=stored.next_try_at,
        records=tuple(
            Record(kind=one.kind, external_id=one.external_id, id=one.id, guest_id=one.guest_id, visit_id=one.visit_id)
            for one in records
        ),
        body=stored.body.decode(errors="replace"),
        headers=stored.headers,
    )
