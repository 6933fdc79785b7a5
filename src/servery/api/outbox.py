"""The outbox: what other systems are to hold of ours, whether they do, and having it sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from servery.accounts.audit import acted
from servery.api.asked import Id, ThePaging, ThePool, demand, done, listed
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.model.commands import CommandKind
from servery.outbox import hold
from servery.outbox.hold import STATES, Held, State
from servery.outbox.retry import kept_error
from servery.storage.pool import Connection as Db


class Failed(Struct, frozen=True, kw_only=True):
    """Why the last try did not go well, in English, and how to mend it."""

    code: str
    message: str
    mend: str | None
    attempts: int


class Outgoing(Struct, frozen=True, kw_only=True):
    """One object that another system is to hold. `subject_id` is the guest's, the reservation's or the visit's."""

    id: int
    connection_id: int
    kind: Annotated[CommandKind, Meta(description="A guest, a party (a reservation), or a visit that was.")]
    subject_id: int
    state: Annotated[
        State,
        Meta(
            description="due: it will be sent; ambiguous: it may have been, and is looked up first; rests: all is "
            "there; refused: it was not taken, or tried often enough; held: a person keeps it back."
        ),
    ]
    external_id: Annotated[str | None, Meta(description="Its id there, once known.")]
    our_id: Annotated[str, Meta(description="By which it is known there as ours, in every try.")]
    waiting_since: datetime | None
    sent_at: datetime | None
    next_try_at: datetime | None
    skipped: Annotated[tuple[str, ...], Meta(description="Fields that the other system could not take.")]
    failure: Failed | None


class Outbox(Page[Outgoing], frozen=True):
    """A page of the outbox."""

    items: tuple[Outgoing, ...]


_LISTING = Listing(
    "outbox",
    Outgoing,
    ("id", "connection_id", "kind", "subject_id", "state", "external_id", "waiting_since", "sent_at", "next_try_at"),
)


@listed("/outbox", tags=["Outbox"])
async def outbox(
    request: Asked,
    pool: ThePool,
    paging: ThePaging,
    connection_id: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="Of this connection.")] = None,
    in_state: Annotated[State | None, QueryParameter(name="state", description="In this state.")] = None,
) -> Response[Outbox]:
    """All that other systems are to hold of ours."""
    demand(request, "see_connections")

    async def read(db: Db, after: int | None, limit: int) -> list[Outgoing]:
        states = STATES if in_state is None else (in_state,)
        found = await hold.held(db, connection_id=connection_id, states=states, after=after, limit=limit)
        return [_shown(one) for one in found]

    asked = {"connection_id": connection_id, "state": in_state}
    return await answered(request, pool, _LISTING, read, paging, asked)


@done("/outbox/{outgoing_id:int}/send", tags=["Outbox"])
async def send_outgoing(request: Asked, pool: ThePool, outgoing_id: Id) -> Response[Outgoing]:
    """Have one sent at once, also where it was refused or is there already."""
    demand(request, "change_connections")
    async with pool.connection() as db:
        await hold.send_now(db, outgoing_id)
        await acted(db, request.user, "sent-again", f"outbox:{outgoing_id}")
        found = await hold.held_one(db, outgoing_id)
    return Response(_shown(found))


def _shown(one: Held) -> Outgoing:
    return Outgoing(
        id=one.id,
        connection_id=one.connection_id,
        kind=one.kind,
        subject_id=one.subject_id,
        state=one.state,
        external_id=one.external_id,
        our_id=one.our_id,
        waiting_since=one.waiting_since,
        sent_at=one.sent_at,
        next_try_at=one.next_try_at,
        skipped=tuple(one.skipped),
        failure=_failed(one),
    )


def _failed(one: Held) -> Failed | None:
    if one.error is None:
        return None
    error = kept_error(one.error)
    return Failed(code=error.code, message=error.message, mend=error.mend, attempts=one.attempts)
