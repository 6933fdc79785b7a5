"""From matched parties to visits: times, covers with the trusted source, and sums. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from servery.model.reservation import CAME, ReservationStatus
from servery.model.visit import CoversSource
from servery.visits.match import Party


class BookingRow(Struct, frozen=True, kw_only=True):
    """What a visit takes from a reservation."""

    id: int
    starts_at: datetime
    status: ReservationStatus
    party_size: int
    source_guest_id: int | None
    table: str | None
    walk_in: bool
    seated_at: datetime | None
    left_at: datetime | None
    visit_id: int | None


class BillRow(Struct, frozen=True, kw_only=True):
    """What a visit takes from a check; sums in minor units."""

    id: int
    opened_at: datetime
    closed_at: datetime | None
    table: str | None
    covers: int | None
    source_guest_id: int | None
    spend: int
    net_sales: int
    tips: int
    currency: str
    visit_id: int | None


class Draft(Struct, frozen=True, kw_only=True):
    """A visit to be written, with the members it is made of and the visits those stood in before."""

    venue_id: int
    business_date: date
    booking_ids: tuple[int, ...]
    bill_ids: tuple[int, ...]
    known_as: tuple[int, ...]
    starts_at: datetime
    ends_at: datetime | None
    walk_in: bool
    covers: int | None
    covers_source: CoversSource | None
    source_guest_id: int | None
    table: str | None
    spend: int
    net_sales: int
    tips: int
    currency: str


def drafts(
    venue_id: int,
    day: date,
    currency: str,
    parties: Iterable[Party],
    bookings: Mapping[int, BookingRow],
    bills: Mapping[int, BillRow],
) -> list[Draft]:
    """The visits of one venue and day: one for each booking that came or has checks, one for each party without."""
    by_booking: dict[int, list[BillRow]] = {}
    walk_ins: list[list[BillRow]] = []
    for party in parties:
        rows = [bills[bill.id] for bill in party.bills]
        if party.booking_id is None:
            walk_ins.append(rows)
        else:
            by_booking.setdefault(party.booking_id, []).extend(rows)
    came = [one for one in bookings.values() if one.status in CAME or one.id in by_booking]
    made = [_draft(venue_id, day, currency, [one], by_booking.get(one.id, [])) for one in came]
    return made + [_draft(venue_id, day, currency, [], rows) for rows in walk_ins]


def _draft(venue_id: int, day: date, currency: str, booked: Sequence[BookingRow], bills: Sequence[BillRow]) -> Draft:
    covers, covers_source = _covers(booked, bills)
    opened = [bill.opened_at for bill in bills]
    seated = [one.seated_at for one in booked if one.seated_at]
    left = [one.left_at for one in booked if one.left_at]
    closed = [bill.closed_at for bill in bills if bill.closed_at] if all(bill.closed_at for bill in bills) else []
    members: list[BookingRow | BillRow] = [*booked, *bills]
    owners = [one.source_guest_id for one in members if one.source_guest_id is not None]
    tables = [one.table for one in reversed(members) if one.table]
    # A check in another currency stays with its visit, but cannot be added to the others.
    added = [bill for bill in bills if bill.currency == currency]
    return Draft(
        venue_id=venue_id,
        business_date=day,
        booking_ids=tuple(one.id for one in booked),
        bill_ids=tuple(bill.id for bill in bills),
        known_as=tuple(sorted({one.visit_id for one in members if one.visit_id is not None})),
        starts_at=min(seated or opened or [one.starts_at for one in booked]),
        ends_at=max(left or closed, default=None),
        walk_in=all(one.walk_in for one in booked),
        covers=covers,
        covers_source=covers_source,
        source_guest_id=owners[0] if owners else None,
        table=tables[0] if tables else None,
        spend=sum(bill.spend for bill in added),
        net_sales=sum(bill.net_sales for bill in added),
        tips=sum(bill.tips for bill in added),
        currency=currency,
    )


def _covers(booked: Sequence[BookingRow], bills: Sequence[BillRow]) -> tuple[int | None, CoversSource | None]:
    """The till's count where it has one, else the size booked.

    Split bills repeat the count of their table, so of those the highest counts. A party over several tables is counted
    at each; such counts are added up as long as no more came than were booked, for a party that moved is counted twice.
    """
    sizes = sum(one.party_size for one in booked)
    counted: dict[str | None, int] = {}
    for bill in bills:
        if bill.covers:
            counted[bill.table] = max(bill.covers, counted.get(bill.table, 0))
    if counted:
        together = sum(counted.values())
        return (together if together <= sizes else max(counted.values())), "pos"
    return (sizes, "reservation") if sizes else (None, None)
