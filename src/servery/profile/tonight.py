"""One business day at a venue: who is booked, who is here, and the story of each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct, structs
from psycopg.rows import DictRow

from servery.model.money import Money
from servery.model.order import CheckStatus
from servery.model.reservation import CAME, Deposit, Reservation, ReservationStatus
from servery.model.viewer import Viewer
from servery.profile.rights import admit
from servery.profile.rows import Db
from servery.profile.story import Story, stories


class ForTonight(Struct, frozen=True):
    """What somebody of the house wrote down for this evening alone."""

    id: int
    text: str
    author: str
    at: datetime


class Expected(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One booking of the day. What the viewer may not see is None or empty.

    `visits_before` is how often the guest came before this booking; `story` is what was known when the day began.
    Both None when nobody knows who is coming.
    """

    id: int
    status: ReservationStatus
    starts_at: datetime
    party_size: int
    name: str | None = None
    guest_id: int | None = None
    story: Story | None = None
    visits_before: int | None = None
    tables: tuple[str, ...] = ()
    area: str | None = None
    channel: str | None = None
    phone: str | None = None
    requests: str | None = None
    occasion: str | None = None
    notes: str | None = None
    deposit: Deposit | None = None
    walk_in: bool = False
    seated_at: datetime | None = None
    left_at: datetime | None = None
    visit_id: int | None = None
    for_tonight: tuple[ForTonight, ...] = ()
    spend: tuple[Money, ...] = ()
    """What is on the party's checks so far, by currency, tips and refunds apart."""


class Unbooked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check of a party at a table without a booking. `total` is minor units, None for who may not see money."""

    id: int
    status: CheckStatus
    opened_at: datetime
    currency: str
    closed_at: datetime | None = None
    number: str | None = None
    table: str | None = None
    label: str | None = None
    covers: int | None = None
    items: Decimal = Decimal(0)
    total: int | None = None
    visit_id: int | None = None
    guest_id: int | None = None
    name: str | None = None
    story: Story | None = None
    for_tonight: tuple[ForTonight, ...] = ()


class Tonight(Struct, frozen=True, kw_only=True):
    """One business day at a venue, by time."""

    venue_id: int
    day: date
    bookings: tuple[Expected, ...]
    unbooked: tuple[Unbooked, ...]

    @property
    def guest_ids(self) -> set[int]:
        """The guests who are shown: each is a look to be written down."""
        shown: tuple[Expected | Unbooked, ...] = (*self.bookings, *self.unbooked)
        return {one.guest_id for one in shown if one.guest_id is not None}


_BOOKINGS = """
select r.id, r.visit_id, s.guest_id, r.body from reservation r left join source_guest s on s.id = r.source_guest_id
where r.venue_id = %s and r.business_date = %s and not r.removed order by r.starts_at, r.id"""

# Orders that leave the house sit at no table, so they are nobody's whom a host greets.
_CHECKS = """
select c.id, c.status, c.opened_at, c.closed_at, c.currency, c.table_name as "table", c.label, c.covers,
       c.body ->> 'number' as number, c.total, c.total - c.refunded as spend, c.visit_id, s.guest_id,
       (select coalesce(sum(coalesce(l.quantity, 1)), 0) from jsonb_to_recordset(c.body -> 'lines')
            as l(quantity numeric, void boolean) where l.void is not true) as items,
       coalesce(c.body -> 'order' ->> 'service_mode', 'dine_in') = 'dine_in' as seated
from checks c left join visit v on v.id = c.visit_id
left join source_guest s on s.id = coalesce(v.source_guest_id, c.source_guest_id)
where c.venue_id = %s and c.business_date = %s and not c.removed and c.status <> 'void' order by c.opened_at, c.id"""


async def tonight(db: Db, viewer: Viewer, venue_id: int, day: date, *, now: datetime | None = None) -> Tonight:
    """The bookings of a business day, and the checks of parties that have none."""
    admit(viewer)
    booked = await _rows(db, _BOOKINGS, venue_id, day)
    checks = await _rows(db, _CHECKS, venue_id, day)
    guests = {row["guest_id"] for row in (*booked, *checks) if row["guest_id"] is not None}
    told = await stories(db, viewer, guests, venue_id=venue_id, before=day, now=now)
    written = await _for_tonight(db, told, day) if viewer.may("see_notes") else {}
    with_booking = {row["visit_id"] for row in booked if row["visit_id"] is not None}
    alone = [row for row in checks if row["seated"] and row["visit_id"] not in with_booking]
    return Tonight(
        venue_id=venue_id,
        day=day,
        bookings=tuple(_with(one, written) for one in _bookings(booked, _spend(checks), told, viewer)),
        unbooked=tuple(_with(_unbooked(row, told.get(row["guest_id"]), viewer), written) for row in alone),
    )


_FOR_TONIGHT = """
select coalesce(g.merged_into, g.id) as guest_id, e.id, e.text, e.at, coalesce(
    (select p.name from person p where e.author = 'person:' || p.id),
    (select k.name from api_key k where e.author = 'key:' || k.id), 'Servery') as author
from guest g join guest_entry e on e.guest_id = g.id
where (g.id = any(%(ids)s) or g.merged_into = any(%(ids)s)) and e.kind = 'tonight' and e.business_date = %(day)s
  and e.present and e.undone_at is null order by e.at, e.id"""

Known = TypeVar("Known", Expected, Unbooked)


async def _for_tonight(db: Db, told: Mapping[int, Story], day: date) -> dict[int, tuple[ForTonight, ...]]:
    """What the house wrote of these guests for one business date; on every other it is gone."""
    cursor = await db.execute(_FOR_TONIGHT, {"ids": [one.id for one in told.values()], "day": day})
    found: dict[int, tuple[ForTonight, ...]] = defaultdict(tuple)
    for row in await cursor.fetchall():
        found[row["guest_id"]] += (ForTonight(row["id"], row["text"], row["author"], row["at"]),)
    return found


def _with(one: Known, written: Mapping[int, tuple[ForTonight, ...]]) -> Known:
    notes = written.get(one.guest_id, ()) if one.guest_id is not None else ()
    return structs.replace(one, for_tonight=notes) if notes else one


async def _rows(db: Db, query: str, venue_id: int, day: date) -> list[DictRow]:
    cursor = await db.execute(query, [venue_id, day])
    return await cursor.fetchall()


def _spend(checks: Iterable[DictRow]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in checks:
        if row["visit_id"] is not None:
            found[row["visit_id"]][row["currency"]] += row["spend"]
    return found


def _bookings(
    booked: Sequence[DictRow], spend: Mapping[int, Mapping[str, int]], told: Mapping[int, Story], viewer: Viewer
) -> Iterable[Expected]:
    came_today: dict[int, int] = defaultdict(int)
    for row in booked:
        reservation = msgspec.convert(row["body"], Reservation)
        story = told.get(row["guest_id"])
        before = None
        if story is not None:
            before = story.figures.visits + came_today[story.id]
            came_today[story.id] += reservation.status in CAME
        money = spend.get(row["visit_id"], {}) if viewer.may("see_money") else {}
        spent = tuple(Money(amount, currency) for currency, amount in money.items())
        yield _booking(row, reservation, story, before, spent, viewer)


def _booking(
    row: DictRow,
    reservation: Reservation,
    story: Story | None,
    visits_before: int | None,
    spend: tuple[Money, ...],
    viewer: Viewer,
) -> Expected:
    written = reservation.guest
    sees_notes = viewer.may("see_notes")
    phone = (story.phone if story else None) or (written.phone if written else None)
    return Expected(
        id=row["id"],
        status=reservation.status,
        starts_at=reservation.starts_at,
        party_size=reservation.party_size,
        name=(story.name if story else None) or (written.name if written else None),
        guest_id=story.id if story else None,
        story=story,
        visits_before=visits_before,
        tables=reservation.tables,
        area=reservation.area,
        channel=reservation.channel,
        phone=phone if viewer.may("see_contact") else None,
        requests=reservation.requests if sees_notes else None,
        occasion=reservation.occasion if sees_notes else None,
        notes=reservation.notes if sees_notes else None,
        deposit=reservation.deposit if sees_notes else None,
        walk_in=reservation.walk_in,
        seated_at=reservation.seated_at,
        left_at=reservation.left_at,
        visit_id=row["visit_id"],
        spend=spend,
    )


def _unbooked(row: DictRow, story: Story | None, viewer: Viewer) -> Unbooked:
    seen = {name: row[name] for name in Unbooked.__struct_fields__ if name in row}
    return Unbooked(
        **seen
        | {
            "total": row["total"] if viewer.may("see_money") else None,
            "guest_id": story.id if story else None,
            "name": story.name if story else None,
            "story": story,
        }
    )
