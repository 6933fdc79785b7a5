"""Checks that could be one of several bookings': left unmatched, with what a person needs in order to decide."""

from datetime import datetime

import msgspec
from msgspec import Struct

from servery.errors import Forbidden
from servery.model.viewer import Viewer
from servery.model.visit import Reason
from servery.visits.match import Candidate
from servery.visits.rows import Db


class Offered(Struct, frozen=True, kw_only=True):
    """A booking that the check may belong to."""

    reservation_id: int
    guest_id: int | None
    """Whose name it is, as far as a guest is known."""
    name: str | None
    starts_at: datetime
    party_size: int
    tables: tuple[str, ...]
    score: float
    reasons: tuple[Reason, ...]


class Unplaced(Struct, frozen=True, kw_only=True):
    """One check with its candidates. `total` in minor units, None for who may not see money."""

    id: int
    venue: str
    time_zone: str
    opened_at: datetime
    currency: str
    number: str | None
    label: str | None
    table: str | None
    covers: int | None
    total: int | None
    offered: tuple[Offered, ...]


_WAITING = "c.candidates is not null and not c.removed and c.status <> 'void'"

_CHECKS = f"""
select c.id, v.name as venue, v.body ->> 'time_zone' as time_zone, c.opened_at, c.currency,
       c.body ->> 'number' as number, c.label, c.table_name as "table", c.covers, c.total, c.candidates
from checks c join venue v on v.id = c.venue_id
where {_WAITING}
order by c.opened_at desc limit %s"""

_BOOKINGS = """
select r.id, g.guest_id, coalesce(g.body ->> 'name', r.body -> 'guest' ->> 'name') as name, r.starts_at, r.party_size,
       coalesce(r.body -> 'tables', '[]') as tables
from reservation r left join source_guest g on g.id = r.source_guest_id where r.id = any(%s)"""


async def unplaced(db: Db, viewer: Viewer, limit: int = 50) -> tuple[list[Unplaced], int]:
    """The newest checks that a person should place, and how many there are in all. Forbidden without see_guests."""
    if not viewer.may("see_guests"):
        raise Forbidden("Your role does not see guests.")
    counted = await (await db.execute(f"select count(*) as n from checks c where {_WAITING}")).fetchone()
    rows = await (await db.execute(_CHECKS, [limit])).fetchall()
    candidates = {row["id"]: msgspec.convert(row["candidates"], list[Candidate]) for row in rows}
    wanted = sorted({one.booking_id for found in candidates.values() for one in found})
    booked = {row["id"]: row for row in await (await db.execute(_BOOKINGS, [wanted])).fetchall()}
    found = []
    for row in rows:
        offered = tuple(
            Offered(
                reservation_id=one.booking_id,
                guest_id=booked[one.booking_id]["guest_id"],
                name=booked[one.booking_id]["name"],
                starts_at=booked[one.booking_id]["starts_at"],
                party_size=booked[one.booking_id]["party_size"],
                tables=tuple(booked[one.booking_id]["tables"]),
                score=one.score,
                reasons=one.reasons,
            )
            for one in candidates[row["id"]]
            if one.booking_id in booked
        )
        facts = {name: row[name] for name in Unplaced.__struct_fields__ if name != "offered"}
        money = {} if viewer.may("see_money") else {"total": None}
        found.append(Unplaced(**facts | money, offered=offered))
    return found, counted["n"] if counted else 0
