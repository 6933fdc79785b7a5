"""Repairs: what is not well, the gravest first, and what mends it. People put one off; it closes by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta, Struct

from servery.accounts.audit import acted
from servery.api.asked import Id, ThePool, demand, done, listed, shown
from servery.api.problem import Asked
from servery.api.single import single
from servery.errors import Invalid
from servery.health import repairs as kept
from servery.health import watch
from servery.health.kinds import Severity
from servery.health.repairs import said


class Repair(Struct, frozen=True, kw_only=True):
    """One thing that is not well. `kind` stays the same when the words change."""

    id: int
    kind: str
    severity: Severity
    connection_id: int | None
    what: Annotated[str, Meta(description="In English.")]
    mend: Annotated[str, Meta(description="What mends it, in English.")]
    since: datetime
    opened_at: datetime
    needs_person: Annotated[bool, Meta(description="Whether it stays until somebody does something.")]
    snoozed_until: datetime | None
    ignored: bool


class Repairs(Struct, frozen=True):
    """Everything that is not well; there are never so many that they need pages."""

    items: tuple[Repair, ...]


class PutOff(Struct, frozen=True):
    """Until when nothing is said of it: up to 30 days, or null for as long as it lasts."""

    until: datetime | None


@listed("/repairs", tags=["Repairs"])
async def repairs(request: Asked, pool: ThePool) -> Response[Repairs]:
    """All that is open."""
    demand(request, "see_connections")
    async with pool.connection() as db:
        found = await kept.repairs(db)
    return Response(Repairs(tuple(_shown(one) for one in found)))


@shown("/repairs/{repair_id:int}", tags=["Repairs"])
async def repair(request: Asked, pool: ThePool, repair_id: Id) -> Response[Repair]:
    """One that is open."""
    demand(request, "see_connections")
    async with pool.connection() as db:
        found = await kept.repair(db, repair_id)
    return single(request, _shown(found))


@done("/repairs/{repair_id:int}/snooze", tags=["Repairs"])
async def snooze_repair(request: Asked, pool: ThePool, repair_id: Id, data: JSONBody[PutOff]) -> Response[Repair]:
    """Put one off: it is then neither told nor counted."""
    demand(request, "change_connections")
    if data.until is not None and data.until.tzinfo is None:
        raise Invalid("An instant needs an offset from UTC.", field="until", mend="Write it as 2026-01-31T18:00:00Z.")
    async with pool.connection() as db:
        now = await watch.clock(db)
        if data.until is None:
            found = await kept.ignore(db, repair_id, now)
        else:
            found = await kept.snooze(db, repair_id, data.until, now)
        await acted(db, request.user, "repair-put-off", f"repair:{repair_id}", {"until": data.until})
    return Response(_shown(found))


@done("/repairs/{repair_id:int}/heed", tags=["Repairs"])
async def heed_repair(request: Asked, pool: ThePool, repair_id: Id) -> Response[Repair]:
    """Take back that one was put off."""
    demand(request, "change_connections")
    async with pool.connection() as db:
        found = await kept.heed(db, repair_id)
        await acted(db, request.user, "repair-heeded", f"repair:{repair_id}")
    return Response(_shown(found))


def _shown(one: kept.Repair) -> Repair:
    what, mend = said(one)
    return Repair(
        id=one.id,
        kind=one.kind,
        severity=one.severity,
        connection_id=one.connection_id,
        what=what,
        mend=mend,
        since=one.since,
        opened_at=one.opened_at,
        needs_person=one.words.person,
        snoozed_until=one.snoozed_until,
        ignored=one.ignored_at is not None,
    )
