"""A month looked back on: is all in step, do we know our guests, and what did nobody look at?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from servery.storage.pool import Connection as Db

BENCHMARK = 0.80
"""The share of complete profiles that the field calls good."""
LOOKED_AT = timedelta(days=30)
"""A connection that nobody looked at for so long is named."""


class Syncing(Struct, frozen=True, kw_only=True):
    """One connection's month. `up_share` of the time watched; None where nobody watched."""

    id: int
    name: str
    connector: str
    received: int
    applied: int
    quarantined: int
    sent: int
    failed: int
    up_share: float | None
    outages: int
    looked_at: datetime | None
    looked_after: bool


class Completeness(Struct, frozen=True, kw_only=True):
    """Of the guests who had a booking in the month and were not refused or cancelled, how many we know how well."""

    guests: int
    contact: int
    visit: int
    spend: int
    complete: int
    """Those with all three."""

    @property
    def share(self) -> float | None:
        """The complete ones' share; None without guests."""
        return self.complete / self.guests if self.guests else None


class Checks(Struct, frozen=True, kw_only=True):
    """The month's checks: those with a booking, those without, and those that could be several bookings'."""

    checks: int
    matched: int
    walk_ins: int
    ambiguous: int
    differing: int


class Review(Struct, frozen=True, kw_only=True):
    """One month. `months` are those that can be chosen, the newest first."""

    month: date
    months: list[date]
    syncing: list[Syncing]
    completeness: Completeness
    checks: Checks


async def review(db: Db, month: date | None, now: datetime) -> Review:
    """One month; None: the last one that is over."""
    first = (month or (now.date().replace(day=1) - timedelta(days=1))).replace(day=1)
    span = {"first": first, "next": _next(first), "now": now, "looked": now - LOOKED_AT}
    return Review(
        month=first,
        months=await _months(db, now),
        syncing=[msgspec.convert(row, Syncing) for row in await _rows(db, _SYNCING, span)],
        completeness=msgspec.convert((await _rows(db, _COMPLETENESS, span))[0], Completeness),
        checks=msgspec.convert((await _rows(db, _CHECKS, span))[0], Checks),
    )


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


async def _rows(db: Db, query: Any, span: Mapping[str, Any]) -> list[dict[str, Any]]:
    return await (await db.execute(query, span)).fetchall()


async def _months(db: Db, now: datetime) -> list[date]:
    """This month and those before it, as far back as anything is known, a year at most."""
    cursor = await db.execute(
        "select least((select min(created_at) from connection), (select min(hour) from health_hour)) as oldest"
    )
    row = await cursor.fetchone()
    oldest = row["oldest"].date() if row and row["oldest"] else now.date()
    months: list[date] = []
    at = now.date().replace(day=1)
    while len(months) < 12 and (not months or at >= oldest.replace(day=1)):
        months.append(at)
        at = (at - timedelta(days=1)).replace(day=1)
    # What was imported may be older than the connection that brought it.
    return months if len(months) > 1 else [*months, at]


_SYNCING = """
select c.id, c.name, c.connector, coalesce(h.received, 0) as received, coalesce(h.applied, 0) as applied,
    coalesce(h.quarantined, 0) as quarantined, coalesce(h.sent, 0) as sent, coalesce(h.failed, 0) as failed,
    (1 - h.down::float8 / nullif(h.watched, 0)) as up_share, coalesce(r.outages, 0) as outages, c.looked_at,
    coalesce(c.looked_at > %(looked)s, false) or c.created_at > %(looked)s as looked_after
from connection c
left join (
    select connection_id, sum(received)::bigint as received, sum(applied)::bigint as applied,
        sum(quarantined)::bigint as quarantined, sum(sent)::bigint as sent, sum(failed)::bigint as failed,
        sum(watched_seconds) as watched, sum(down_seconds) as down
    from health_hour where hour >= %(first)s and hour < %(next)s group by 1
) h on h.connection_id = c.id
left join (
    select connection_id, count(*) as outages from repair
    where cause like 'outage:%%' and opened_at >= %(first)s and opened_at < %(next)s group by 1
) r on r.connection_id = c.id
where c.removed_at is null order by c.id
"""

# From the month's bookings to their guests, never over all guests: a million of them do not slow it down.
_COMPLETENESS = """
with booked as (
    select distinct s.guest_id from venue join reservation r on r.venue_id = venue.id
    join source_guest s on s.id = r.source_guest_id
    where r.business_date >= %(first)s and r.business_date < %(next)s and not r.removed
        and r.status not in ('cancelled', 'declined', 'requested', 'waitlist') and s.guest_id is not null
), known as materialized (
    select booked.guest_id,
        bool_or(s.email_key is not null or s.phone_key is not null) as contact,
        bool_or(v.visits > 0) as visit, bool_or(v.spend > 0) as spend
    from booked join source_guest s on s.guest_id = booked.guest_id and not s.removed
    left join lateral (
        select count(*) as visits, sum(visit.spend) as spend from visit
        where visit.source_guest_id = s.id and visit.gone_at is null and visit.merged_into is null
            and visit.starts_at < %(now)s
    ) v on true
    group by 1
)
select count(*) as guests, count(*) filter (where contact) as contact, count(*) filter (where visit) as visit,
    count(*) filter (where spend) as spend, count(*) filter (where contact and visit and spend) as complete from known
"""

_CHECKS = """
select count(*) as checks,
    count(*) filter (where booked) as matched,
    count(*) filter (where not booked and candidates is null) as walk_ins,
    count(*) filter (where candidates is not null) as ambiguous,
    count(*) filter (where difference <> 0) as differing
from (
    select c.candidates, c.difference, exists (select from reservation r where r.visit_id = c.visit_id) as booked
    from venue join checks c on c.venue_id = venue.id
    where c.business_date >= %(first)s and c.business_date < %(next)s and not c.removed
        and c.status <> 'void' and c.merged_into is null and c.refund_of is null
) x
"""
