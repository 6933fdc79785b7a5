"""An evening at one venue, told by a till and a book, and the visits that come of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from servery.app.arrive import arrive
from servery.model.changes import Change, CheckSeen, ReservationSeen
from servery.model.order import Check, Line
from servery.model.reservation import Reservation
from servery.model.venue import Venue
from servery.storage.pool import Connection
from servery.sync import connections
from servery.venues.rows import add_venue

_BOOKED: dict[str, Any] = {"status": "booked", "party_size": 2, "tables": ("7",)}
EVENING = datetime(2026, 11, 21, 18, tzinfo=UTC)


class Evening:
    """One venue with two systems; `tell` takes what they say, `visits` gives what we made of it."""

    def __init__(self, db: Connection, venue_id: int, till: int, book: int) -> None:
        self.db, self.venue_id, self.till, self.book = db, venue_id, till, book

    async def tell(self, *changes: Change) -> None:
        for system, kinds in ((self.book, False), (self.till, True)):
            told = [one for one in changes if isinstance(one, CheckSeen) is kinds]
            if told:
                await self.tell_from(system, told)

    async def tell_from(self, system: int, changes: Sequence[Change]) -> None:
        await arrive(self.db, system, await connections.places(self.db, system), changes)

    async def visits(self) -> list[dict[str, Any]]:
        cursor = await self.db.execute(
            "select v.id, v.business_date, v.starts_at, v.ends_at, v.walk_in, v.covers, v.covers_source, v.spend, "
            "v.net_sales, v.tips, v.table_name, "
            "array(select external_id from reservation where visit_id = v.id order by 1) as booked, "
            "array(select external_id from checks where visit_id = v.id order by 1) as checks "
            "from visit v where v.gone_at is null order by v.starts_at, v.id"
        )
        return await cursor.fetchall()

    async def members(self) -> list[tuple[list[str], list[str]]]:
        return sorted((one["booked"], one["checks"]) for one in await self.visits())

    async def one(self, query: str) -> Any:
        row = await (await self.db.execute(query)).fetchone()
        assert row is not None
        return next(iter(row.values()))


async def evening(db: Connection) -> Evening:
    venue_id = await add_venue(db, Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"))
    systems = []
    for name in ("till", "book"):
        systems.append(await connections.add_connection(db, name, "fake", {}, None))
        await connections.link_location(db, systems[-1], "nord", venue_id)
    return Evening(db, venue_id, *systems)


def at(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def booking(external_id: str, minutes: float = 0, revision: int = 1, **facts: Any) -> ReservationSeen:
    facts = {**_BOOKED, **facts}
    return ReservationSeen(external_id, revision, "nord", Reservation(starts_at=at(minutes), **facts))


def check(external_id: str, opened: float = 5, revision: int = 1, amount: int = 100, **facts: Any) -> CheckSeen:
    usual: dict[str, Any] = {"closed_at": at(opened + 80), "table": "7", "lines": (Line(name="Ribeye", amount=amount),)}
    facts = {**usual, **facts}
    return CheckSeen(external_id, revision, "nord", Check(currency="DKK", opened_at=at(opened), **facts))
