"""What a person decides about a check: whose it is, whatever the rules would say.

A decision is about one check. Checks split from it, or side by side with it, follow it to the booking as the matcher
holds them together, and are let go with it; `told_at` in a check's match marks the one that was decided about. A check
that was said to be nobody's stays alone, and its siblings are weighed without it.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import Forbidden, Invalid, NotFound
from servery.model.viewer import Viewer
from servery.model.visit import Match, Reason
from servery.visits.rows import Day, Db, lock_venues

_BY_STAFF = Match(1.0, "staff", (Reason("staff", 0.0),))


async def link(db: Db, check_id: int, reservation_id: int | None) -> Day:
    """Say which booking a check belongs to, or None: to none, it is a walk-in's. The rules never overwrite it.

    Returns the day whose visits the caller has to form anew in the same transaction. NotFound for a check or a booking
    that is not there, Invalid for a booking of another venue or day.
    """
    day = await _locked(db, check_id)
    if reservation_id is not None:
        await _want_on_day(db, reservation_id, day)
    await _let_go(db, check_id)
    kept: dict[str, Any] = msgspec.to_builtins(_BY_STAFF)
    match = kept | {"reservation_id": reservation_id, "told_at": datetime.now(UTC).isoformat()}
    await db.execute("update checks set match = %s, candidates = null where id = %s", [Jsonb(match), check_id])
    return day


async def unlink(db: Db, check_id: int) -> Day:
    """Leave a check to the rules again; as `link` for what is returned and raised."""
    day = await _locked(db, check_id)
    await _let_go(db, check_id)
    return day


async def _locked(db: Db, check_id: int) -> Day:
    """The check's day, which nobody else forms until the transaction ends.

    The venue is waited for before the first row is written: what arrives does it in this order, too.
    """
    query = "select venue_id, business_date from checks where id = %s and not removed and status <> 'void'"
    found = await (await db.execute(query, [check_id])).fetchone()
    if found is not None:
        await lock_venues(db, [found["venue_id"]])
        found = await (await db.execute(query, [check_id])).fetchone()
    if found is None:
        raise NotFound("There is no check {id}.", id=check_id)
    return found["venue_id"], found["business_date"]


async def _want_on_day(db: Db, reservation_id: int, day: Day) -> None:
    cursor = await db.execute(
        "select venue_id, business_date from reservation where id = %s and not removed", [reservation_id]
    )
    found = await cursor.fetchone()
    if found is None:
        raise NotFound("There is no booking {id}.", id=reservation_id)
    if (found["venue_id"], found["business_date"]) != day:
        raise Invalid("The booking is of another day or venue than the check.", field="reservation")


async def _let_go(db: Db, check_id: int) -> None:
    """Forget what was decided about a check, with what its siblings have of it."""
    await db.execute(
        "update checks as f set match = null from checks as c where c.id = %s and c.match ->> 'by' = 'staff' "
        "and f.venue_id = c.venue_id and f.business_date = c.business_date and (f.id = c.id or ("
        "f.match ->> 'by' = 'staff' and not f.match ? 'told_at' "
        "and f.match ->> 'reservation_id' = c.match ->> 'reservation_id'))",
        [check_id],
    )


class Decided(Struct, frozen=True, kw_only=True):
    """A check that a person has placed. `reservation_id` None: a walk-in's. `total` in minor units, None unseen."""

    id: int
    venue: str
    time_zone: str
    opened_at: datetime
    currency: str
    number: str | None
    label: str | None
    table: str | None
    total: int | None
    reservation_id: int | None
    name: str | None
    starts_at: datetime | None


_DECIDED = """
select c.id, v.name as venue, v.body ->> 'time_zone' as time_zone, c.opened_at, c.currency,
       c.body ->> 'number' as number, c.label, c.table_name as "table", c.total, r.id as reservation_id, r.starts_at,
       coalesce(g.body ->> 'name', r.body -> 'guest' ->> 'name') as name
from checks c join venue v on v.id = c.venue_id
left join reservation r on r.id = (c.match ->> 'reservation_id')::bigint
left join source_guest g on g.id = r.source_guest_id
where c.id = any(%s) and c.match ? 'told_at' and not c.removed and c.status <> 'void'
order by c.match ->> 'told_at' desc"""


async def decided(db: Db, viewer: Viewer, check_ids: Collection[int]) -> list[Decided]:
    """Those of these checks that stand as a person placed them, the latest first. Forbidden without see_guests."""
    if not viewer.may("see_guests"):
        raise Forbidden("Your role does not see guests.")
    found = await (await db.execute(_DECIDED, [list(check_ids)])).fetchall()
    money = {} if viewer.may("see_money") else {"total": None}
    return [Decided(**row | money) for row in found]
