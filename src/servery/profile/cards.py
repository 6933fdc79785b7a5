"""What outside systems are to know of parties and visits, as it stands now. Every question is asked for a set."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from servery.model.commands import Item
from servery.model.order import Check, Line
from servery.model.reservation import Reservation
from servery.model.visit import CoversSource
from servery.profile.rows import Db


class Party(Struct, frozen=True, kw_only=True):
    """A booking as a system at its venue is to know it. `location` is the venue's id there."""

    id: int
    venue_id: int
    connection_id: int
    location: str
    business_date: date
    reservation: Reservation
    removed: bool
    guest_id: int | None


class Visit(Struct, frozen=True, kw_only=True):
    """A visit as the book that its booking came from is to know it; one that is gone has nothing but its booking."""

    id: int
    reservation: str
    business_date: date
    currency: str
    gone: bool
    starts_at: datetime
    ends_at: datetime | None
    covers: int | None
    covers_source: CoversSource | None
    spend: int
    tips: int
    guest_id: int | None
    seated_at: datetime | None
    checks: tuple[Check, ...] = ()


_PARTIES = """
select distinct on (r.id) r.id, r.venue_id, r.connection_id, l.location, r.business_date, r.body as reservation,
       r.removed, s.guest_id
from reservation r join venue_link l on l.venue_id = r.venue_id and l.connection_id = %s
left join source_guest s on s.id = r.source_guest_id where r.id = any(%s) order by r.id, l.location"""


async def parties(db: Db, connection_id: int, reservation_ids: Collection[int]) -> dict[int, Party]:
    """These bookings as this connection is to know them; those at venues that it does not serve are left out."""
    cursor = await db.execute(_PARTIES, [connection_id, list(reservation_ids)])
    return {row["id"]: msgspec.convert(row, Party) for row in await cursor.fetchall()}


# A visit that is gone is told by the booking that it was told of before, as long as no other visit is that booking's.
_VISITS = """
select distinct on (v.id) v.id, r.external_id as reservation, v.business_date, v.currency,
       v.gone_at is not null or v.merged_into is not null as gone, v.starts_at, v.ends_at, v.covers, v.covers_source,
       v.spend, v.tips, s.guest_id, (r.body ->> 'seated_at')::timestamptz as seated_at
from visit v
left join outbox_target t on t.connection_id = %(connection)s and t.kind = 'visit' and t.subject_id = v.id
join reservation r on r.connection_id = %(connection)s and not r.removed
    and (r.visit_id = v.id or (r.visit_id is null and v.gone_at is not null and r.external_id = t.external_id))
left join source_guest s on s.id = v.source_guest_id
where v.id = any(%(ids)s) order by v.id, r.starts_at, r.id"""


async def visits(db: Db, connection_id: int, visit_ids: Collection[int]) -> dict[int, Visit]:
    """These visits as this connection is to know them; those without a booking of its own are left out."""
    cursor = await db.execute(_VISITS, {"connection": connection_id, "ids": list(visit_ids)})
    rows = await cursor.fetchall()
    checks = await _checks(db, [row["id"] for row in rows if not row["gone"]])
    return {row["id"]: msgspec.convert(row | {"checks": checks[row["id"]]}, Visit) for row in rows}


async def _checks(db: Db, visit_ids: Collection[int]) -> Mapping[int, tuple[Any, ...]]:
    cursor = await db.execute(
        "select visit_id, body from checks where visit_id = any(%s) and not removed and status <> 'void' "
        "order by opened_at, id",
        [list(visit_ids)],
    )
    found: dict[int, tuple[Any, ...]] = defaultdict(tuple)
    for row in await cursor.fetchall():
        found[row["visit_id"]] += (row["body"],)
    return found


def items(checks: Collection[Check]) -> tuple[Item, ...]:
    """What was had, each thing once with how many of it, in the order in which it was first ordered."""
    had: dict[str, Decimal] = defaultdict(Decimal)
    for line in (line for check in checks for line in check.lines):
        _count(had, line)
    return tuple(Item(name, f"{number.normalize():f}") for name, number in had.items() if number > 0)


def _count(had: dict[str, Decimal], line: Line) -> None:
    if not line.void:
        had[line.name] += line.quantity


_RECORDS = """
select g.id as guest_id, coalesce(
    (select s.external_id from source_guest s where s.connection_id = %(connection)s and s.guest_id = g.id
     and not s.removed and s.revision >= 0 order by s.id limit 1),
    (select t.external_id from outbox_target t where t.connection_id = %(connection)s and t.kind = 'guest'
     and t.subject_id = g.id)) as external_id
from unnest(%(ids)s::bigint[]) as g(id)"""


async def records_at(db: Db, connection_id: int, guest_ids: Collection[int]) -> dict[int, str]:
    """The record of these guests in a connection's system, by guest; those who have none there are left out."""
    cursor = await db.execute(_RECORDS, {"connection": connection_id, "ids": list(guest_ids)})
    return {row["guest_id"]: row["external_id"] for row in await cursor.fetchall() if row["external_id"]}


async def tables_at(db: Db, connection_id: int, venue_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The names of the tables of venues in a connection's own words, by venue and its own key."""
    cursor = await db.execute(
        "select venue_id, table_key, name from venue_table where connection_id = %s and venue_id = any(%s) "
        "order by position desc",
        [connection_id, list(venue_ids)],
    )
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for row in await cursor.fetchall():
        found[row["venue_id"]][row["table_key"]] = row["name"]
    return found
