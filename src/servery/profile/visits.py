"""A guest's visits down to the dishes, with the bookings and checks they are made of and why those belong together."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.rows import DictRow

from servery.model.order import Check, CheckStatus, Line, Sums, add_up, every_line
from servery.model.reservation import Reservation, ReservationStatus
from servery.model.viewer import Viewer
from servery.model.visit import CoversSource, Match
from servery.profile import rows
from servery.profile.rights import admit
from servery.profile.rows import Db


class Dish(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a check. `amount` is minor units with all that is nested in it, before discounts."""

    name: str
    quantity: Decimal = Decimal(1)
    amount: int | None = None
    modifiers: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    note: str | None = None
    comp: bool = False
    """Given away."""


class VisitCheck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check of a visit. Money in minor units of `currency`, None for who may not see it."""

    id: int
    connection: str
    external_id: str
    opened_at: datetime
    status: CheckStatus
    currency: str
    closed_at: datetime | None = None
    number: str | None = None
    table: str | None = None
    server: str | None = None
    covers: int | None = None
    dishes: tuple[Dish, ...] = ()
    total: int | None = None
    discounts: int | None = None
    tips: int | None = None
    refunded: int | None = None
    difference: int | None = None
    """What the source states more than the parts add up to; 0 when they agree."""
    match: Match | None = None
    """Why it belongs to the visit's booking; None for a party without one."""


class VisitBooking(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One booking of a visit."""

    id: int
    connection: str
    external_id: str
    starts_at: datetime
    status: ReservationStatus
    party_size: int
    tables: tuple[str, ...] = ()
    channel: str | None = None
    reference: str | None = None
    requests: str | None = None
    occasion: str | None = None
    notes: str | None = None


class PastVisit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One visit with what it is made of. `covers_source` says who counted the covers; None: nobody did."""

    id: int
    venue_id: int
    venue: str
    time_zone: str
    business_date: date
    starts_at: datetime
    walk_in: bool
    ends_at: datetime | None = None
    table: str | None = None
    covers: int | None = None
    covers_source: CoversSource | None = None
    bookings: tuple[VisitBooking, ...] = ()
    checks: tuple[VisitCheck, ...] = ()


_VISITS = """
select v.id, v.venue_id, p.name as venue, p.body ->> 'time_zone' as time_zone, v.business_date, v.starts_at,
       v.ends_at, v.walk_in, v.covers, v.covers_source, v.table_name as "table"
from source_guest s join visit v on v.source_guest_id = s.id join venue p on p.id = v.venue_id
where s.guest_id = %(guest)s and v.gone_at is null and v.merged_into is null
  and (%(before)s::bigint is null
       or (v.starts_at, v.id) < (select b.starts_at, b.id from visit b where b.id = %(before)s))
order by v.starts_at desc, v.id desc limit %(limit)s"""

_CHECKS = """
select k.visit_id, k.id, c.name as connection, k.external_id, k.covers, k.match, k.body
from checks k join connection c on c.id = k.connection_id
where k.visit_id = any(%s) and not k.removed and k.status <> 'void' order by k.opened_at, k.id"""

_BOOKINGS = """
select r.visit_id, r.id, c.name as connection, r.external_id, r.body
from reservation r join connection c on c.id = r.connection_id
where r.visit_id = any(%s) and not r.removed order by r.starts_at, r.id"""


async def visits_of(
    db: Db, viewer: Viewer, guest_id: int, *, limit: int = 5, before: int | None = None
) -> list[PastVisit]:
    """A guest's visits, the latest first; `before` is the id of the last one already shown.

    NotFound when there never was such a guest.
    """
    admit(viewer)
    current = await rows.survivor(db, guest_id)
    cursor = await db.execute(_VISITS, {"guest": current, "before": before, "limit": limit})
    found = await cursor.fetchall()
    ids = [row["id"] for row in found]
    bookings = await _members(db, _BOOKINGS, ids)
    checks = await _members(db, _CHECKS, ids)
    return [
        msgspec.convert(
            row
            | {
                "bookings": tuple(_booking(one, viewer) for one in bookings[row["id"]]),
                "checks": tuple(_check(one, viewer) for one in checks[row["id"]]),
            },
            PastVisit,
        )
        for row in found
    ]


async def _members(db: Db, query: str, visit_ids: Sequence[int]) -> dict[int, list[DictRow]]:
    found: dict[int, list[DictRow]] = defaultdict(list)
    cursor = await db.execute(query, [list(visit_ids)])
    for row in await cursor.fetchall():
        found[row["visit_id"]].append(row)
    return found


def _booking(row: DictRow, viewer: Viewer) -> VisitBooking:
    booked = msgspec.convert(row["body"], Reservation)
    sees_notes = viewer.may("see_notes")
    return VisitBooking(
        id=row["id"],
        connection=row["connection"],
        external_id=row["external_id"],
        starts_at=booked.starts_at,
        status=booked.status,
        party_size=booked.party_size,
        tables=booked.tables,
        channel=booked.channel,
        reference=booked.reference,
        requests=booked.requests if sees_notes else None,
        occasion=booked.occasion if sees_notes else None,
        notes=booked.notes if sees_notes else None,
    )


def _check(row: DictRow, viewer: Viewer) -> VisitCheck:
    check = msgspec.convert(row["body"], Check)
    return VisitCheck(
        id=row["id"],
        connection=row["connection"],
        external_id=row["external_id"],
        opened_at=check.opened_at,
        status=check.status,
        currency=check.currency,
        closed_at=check.closed_at,
        number=check.number,
        table=check.table,
        server=check.server,
        covers=row["covers"],
        dishes=tuple(_dish(line, viewer) for line in check.lines if not line.void),
        match=msgspec.convert(row["match"], Match) if row["match"] else None,
        **(_money(add_up(check)) if viewer.may("see_money") else {}),
    )


def _money(sums: Sums) -> dict[str, Any]:
    return {
        "total": sums.total,
        "discounts": sums.discounts,
        "tips": sums.tips,
        "refunded": sums.refunded,
        "difference": sums.difference,
    }


def _dish(line: Line, viewer: Viewer) -> Dish:
    return Dish(
        name=line.name,
        quantity=line.quantity,
        amount=sum(one.amount for one in every_line((line,))) if viewer.may("see_money") else None,
        modifiers=_named(line.modifiers),
        components=_named(line.components),
        note=line.note if viewer.may("see_notes") else None,
        comp=any(discount.kind == "comp" for discount in line.discounts),
    )


def _named(nested: Sequence[Line]) -> tuple[str, ...]:
    """What is nested in a line, each with what is nested in it in turn."""
    return tuple(
        " ".join((one.name, *(f"({deeper})" for deeper in _named((*one.modifiers, *one.components)))))
        for one in nested
        if not one.void
    )
