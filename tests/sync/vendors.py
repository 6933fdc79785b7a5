"""A connector of plain functions, whose vendor is a list of records in memory; and how its reading is driven."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import Raw

from servery.connectors.contract import Account, Connector, Manifest, Page, Resource, Session, Span
from servery.errors import Quarantine, ServeryError
from servery.model.changes import Change, GuestSeen, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.sync import state
from servery.sync.reading import Reader
from servery.sync.step import step

DAY = timedelta(days=1)
PEOPLE = Resource(name="people", poll_seconds=60, poll_by="modified", backfill_by="modified", lateness=3600)
BOOKINGS = Resource(name="bookings", poll_seconds=30, poll_by="occurred", lateness=3600, ahead=86_400)
TABLES = Resource(name="tables", poll_seconds=600)


class Vendor:
    """An outside system: it notes what it is asked for, and fails when it is told to."""

    def __init__(self, **records: Sequence[Mapping[str, Any]]) -> None:
        self.records = records
        self.asked: list[tuple[str, Span | None]] = []
        self.fails: list[ServeryError | None] = []
        self.page_size = 2

    def connector(self, *resources: Resource) -> Connector:
        manifest = Manifest(
            name="fake", title="Fake", kind="pos", quality="bronze", evidence="inferred", resources=resources
        )
        return Connector(manifest, self.check, self.read, translate)

    async def check(self, session: Session) -> Account:
        raise NotImplementedError

    async def read(
        self, session: Session, resource: Resource, account: Account, span: Span | None, token: str | None
    ) -> Page:
        start = int(token or 0)
        if start == 0:
            self.asked.append((resource.name, span))
        if self.fails and (failure := self.fails.pop(0)):
            raise failure
        records = self.records.get(resource.name, ())
        page = [Raw(json.dumps(one).encode()) for one in records[start : start + self.page_size]]
        more = start + self.page_size < len(records)
        return Page(page, str(start + self.page_size) if more else None)

    def spans(self, resource: str) -> list[Span]:
        return [span for name, span in self.asked if name == resource and span is not None]


def translate(resource: str, record: Raw) -> Sequence[Change]:
    told = json.loads(bytes(record))
    if "id" not in told:
        raise Quarantine("A record of {resource} has no id.", resource=resource)
    if resource == "people":
        return [GuestSeen(told["id"], told.get("revision", 1), SourceGuest(name=told.get("name")))]
    booked = Reservation(status="booked", starts_at=datetime(2026, 11, 21, 18, tzinfo=UTC), party_size=told["size"])
    return [ReservationSeen(told["id"], 1, told.get("location", "nord"), booked)]


async def states(reader: Reader) -> dict[str, state.State]:
    async with reader.pool.connection() as db:
        return await state.states(db, reader.connection_id)


async def rows(reader: Reader, query: str) -> list[Any]:
    async with reader.pool.connection() as db:
        return [tuple(row.values()) for row in await (await db.execute(query)).fetchall()]


async def pass_time(reader: Reader, by: timedelta) -> None:
    """Let time pass, by moving what is noted into the past."""
    async with reader.pool.connection() as db:
        await db.execute(
            "update sync_state set polled_until = polled_until - %(by)s, last_ok_at = last_ok_at - %(by)s, "
            "next_try_at = next_try_at - %(by)s, backfill_started_at = backfill_started_at - %(by)s, "
            "backfill_moved_at = backfill_moved_at - %(by)s", {"by": by}
        )  # fmt: skip


async def finish(reader: Reader, wanted_days: Sequence[date] = ()) -> float:
    for _ in range(50):
        if wait := await step(reader, wanted_days):
            return wait
    raise AssertionError("the reading does not come to an end")
