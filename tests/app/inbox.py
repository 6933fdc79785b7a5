"""An inbox with events in it, and a connector whose events are small JSON: {"lane", "records", "wanted", "news"}."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from msgspec import Raw, structs

from servery.app.taking import Source, take
from servery.connectors.contract import Connector, Heard, Manifest, Page, Resource
from servery.errors import Quarantine
from servery.inbox import claim
from servery.inbox.partitions import ensure_ahead
from servery.model.changes import Change, CheckSeen, GuestSeen, Removed, RemovedKind, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.order import Check, Line
from servery.model.reservation import Reservation
from servery.model.venue import Venue
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.timing import timings
from servery.venues.rows import add_venue

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MANIFEST = Manifest(
    name="fake", title="Fake", kind="pos", quality="bronze", evidence="inferred",
    resources=(Resource(name="checks", poll_seconds=60), Resource(name="people", poll_seconds=60)),
)  # fmt: skip


def hear(kind: str, body: Raw) -> Heard:
    """What an event says; one without a lane cannot be read."""
    told = json.loads(bytes(body))
    if "lane" not in told:
        raise Quarantine("An event of {kind} names no object.", kind=kind)
    return Heard(
        lane=told["lane"],
        records=tuple((resource, Raw(json.dumps(one).encode())) for resource, one in told.get("records", ())),
        wanted=tuple((resource, one) for resource, one in told.get("wanted", ())),
        news=tuple(told.get("news", ())),
    )


def translate(resource: str, record: Raw) -> Sequence[Change]:
    """One small record in universal words."""
    told = json.loads(bytes(record))
    if "id" not in told:
        raise Quarantine("A record of {resource} has no id.", resource=resource)
    external_id, revision = told["id"], told.get("revision", 1)
    if told.get("removed") or told.get("merged_into"):
        return [Removed(external_id, revision, cast(RemovedKind, resource), told.get("merged_into"))]
    if resource == "guest":
        return [GuestSeen(external_id, revision, SourceGuest(name=told.get("name"), email=told.get("email")))]
    if resource == "reservation":
        at = datetime.fromisoformat(told["at"]) if "at" in told else NOON
        booked = Reservation(
            status=told.get("status", "booked"), starts_at=at, party_size=told.get("size", 2),
            tables=tuple(told.get("tables", ())), guest_id=told.get("guest"),
        )  # fmt: skip
        return [ReservationSeen(external_id, revision, told.get("location", "nord"), booked)]
    at = datetime.fromisoformat(told["at"]) if "at" in told else NOON
    check = Check(
        currency="DKK", opened_at=at, closed_at=at + timedelta(hours=2) if told.get("closed") else None,
        status=told.get("status", "open"), number=told.get("number"), table=told.get("table"),
        covers=told.get("covers"), guest_id=told.get("guest"), label=told.get("label"),
        lines=(Line(name="Menu", external_id="1", amount=told.get("total", 10_000)),),
    )  # fmt: skip
    return [CheckSeen(external_id, revision, told.get("location", "nord"), check)]


class House:
    """A database with two venues and one connection of the fake system."""

    def __init__(self, pool: Pool, connection_id: int) -> None:
        self.pool = pool
        self.id = connection_id
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.fails: list[Exception] = []
        self.connector = Connector(MANIFEST, _none, _none, translate, fetch=_none, hear=hear)

    @property
    def source(self) -> Source:
        return Source(self.id, self.connector, self.fetch, bytes)

    async def fetch(self, resource: str, ids: Sequence[str]) -> Page:
        self.asked.append((resource, tuple(ids)))
        if self.fails:
            raise self.fails.pop(0)
        return Page([Raw(json.dumps(one).encode()) for one in self.answers.get(resource, []) if one["id"] in ids])

    async def arrives(self, *events: Mapping[str, Any] | bytes, via: str = "webhook", kind: str = "told") -> list[int]:
        """Put events into the inbox, as the door does."""
        bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
        async with self.pool.connection() as db:
            cursor = await db.execute(
                "with stored as (insert into inbox_event (day, connection_id, connector, via, kind, key, body) "
                "select (now() at time zone 'UTC')::date, %s, 'fake', %s, %s, n::text || clock_timestamp(), body "
                "from unnest(%b::bytea[]) with ordinality as i(body, n) order by n returning id, day), "
                "work as (insert into inbox_work (event_id, day, connection_id) select id, day, %s from stored) "
                "select id from stored order by id",
                [self.id, via, kind, bodies, self.id],
            )
            return [row["id"] for row in await cursor.fetchall()]

    async def take(self) -> int:
        """Take in what is due, once."""
        async with self.pool.connection() as db:
            await db.set_autocommit(True)
            try:
                source = structs.replace(self.source, timing=(await timings(db, self.id))[self.id])
                async with claim.claiming(db, self.id) as mine:
                    return await take(db, source) if mine else -1
            finally:
                await db.set_autocommit(False)

    async def take_all(self) -> None:
        while await self.take():
            pass

    async def pass_time(self, by: timedelta = timedelta(days=1)) -> None:
        async with self.pool.connection() as db:
            await db.execute("update inbox_work set next_try_at = next_try_at - %s", [by])
            await db.execute("update inbox_event set received_at = received_at - %s", [by])

    async def rows(self, query: str) -> list[Any]:
        async with self.pool.connection() as db:
            return [tuple(row.values()) for row in await (await db.execute(query)).fetchall()]


async def _none(*_: Any) -> Any:
    raise NotImplementedError


def check(external_id: str, revision: int = 1, **more: Any) -> dict[str, Any]:
    """An event that brings a check whole."""
    return {"lane": f"check:{external_id}", "records": [["check", {"id": external_id, "revision": revision, **more}]]}


@asynccontextmanager
async def house(pool: Pool) -> AsyncIterator[House]:
    async with pool.connection() as db:
        await ensure_ahead(db, 1)
        connection_id = await connections.add_connection(db, "till", "fake", {}, None)
        for location in ("nord", "syd"):
            venue = Venue(name=location, time_zone="Europe/Copenhagen", currency="DKK")
            await connections.link_location(db, connection_id, location, await add_venue(db, venue))
    yield House(pool, connection_id)
