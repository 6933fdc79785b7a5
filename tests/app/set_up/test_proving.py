"""The proof of a connection: what each step finds, and that nothing of a test is left whatever happens."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from servery.app import connect
from servery.app.arrive import arrive
from servery.app.set_up import planting, proving, working
from servery.connectors import registry
from servery.connectors.contract import Outgoing, Sent
from servery.errors import LookUpFirst, NeedsPerson, Retry
from servery.model.changes import CheckSeen, GuestSeen, ReservationSeen, TablesSeen
from servery.model.guest import SourceGuest
from servery.model.order import Check, Line
from servery.model.reservation import Reservation
from servery.model.venue import Table, Venue
from servery.settings import Settings
from servery.sync import connections, proof, state, tables
from servery.venues.rows import add_venue
from tests.app.vendor import Orchid, known, serving

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC).replace(microsecond=0)


class Till:
    """What of us stands in the other system, and how it behaves."""

    def __init__(self) -> None:
        self.parties: dict[str, str] = {}
        self.fails: Exception | None = None
        self.dies = False

    async def send(self, session, account, command, target):
        if self.fails and command.status == "booked":
            self.parties[target.our_id] = command.status
            raise self.fails
        if self.fails:
            raise Retry("Away.")
        if command.status == "cancelled":
            self.parties.pop(target.our_id, None)
        else:
            self.parties[target.our_id] = command.status
        if self.dies:
            raise asyncio.CancelledError
        return Sent(external_id=f"party-{target.our_id[:4]}")

    async def look_up(self, session, account, command, target):
        return Sent(external_id=f"party-{target.our_id[:4]}") if target.our_id in self.parties else None


@pytest.fixture
def orchid():
    return Orchid()


@pytest.fixture
def url(orchid, tmp_path, monkeypatch):
    known(tmp_path, monkeypatch)
    yield from serving(orchid)


@pytest.fixture
def house(tmp_path):
    (tmp_path / "home").mkdir()
    return Settings(home=tmp_path / "home", port=1, public_url="https://servery.example.com", database_url=None)


@pytest.fixture
async def joined(pool, house, url, orchid, monkeypatch):
    """Orchid, read once, and able to take parties."""
    monkeypatch.setattr(proving, "LOOK", 0.05)
    monkeypatch.setattr(proving, "FIRST_READ", 0.2)
    orchid.tokens.add("token")
    async with pool.connection() as db:
        made = await connect.connect(
            db, house.home, "orchid", {"access_token": "token", "base_url": url}, name=None, venue_name=None
        )
        await state.begin(db, made.id, "orders")
        await state.polled(db, made.id, "orders", NOW)
        return await connections.connection(db, made.id)


@pytest.fixture
def till(joined, monkeypatch):
    one, connector = Till(), registry.connector("orchid")
    manifest = msgspec.structs.replace(connector.manifest, outgoing=(Outgoing(kind="party", safe="look_up"),))
    able = msgspec.structs.replace(connector, manifest=manifest, send=one.send, look_up=one.look_up)
    monkeypatch.setattr(registry, "connector", lambda name: able)
    return one


async def _prove(pool, house, joined, *, write=True, wait=0):
    async with pool.connection() as db:
        asked = await proof.ask(db, joined.id, write=write, wait=wait, claimed=True)
        found = await proof.verification(db, asked)
    assert found is not None
    return await proving.prove(pool, house, found)


async def _left(pool):
    async with pool.connection() as db:
        row = await (await db.execute("select count(*) as n from planted where cleared_at is null")).fetchone()
    return row["n"]


async def test_a_test_party_is_put_there_seen_and_taken_away(pool, house, joined, till):
    ended = await _prove(pool, house, joined)
    writes = ended.step("writes")
    assert (writes.state, till.parties, await _left(pool)) == ("ok", {}, 0)
    assert planting.NAME in writes.error().told()
    assert writes.seconds is not None
    assert ended.well
    async with pool.connection() as db:
        row = await (await db.execute("select verified_at from connection")).fetchone()
    assert row["verified_at"]


async def test_nothing_is_written_that_nobody_allowed(pool, house, joined, till):
    ended = await _prove(pool, house, joined, write=False)
    assert ended.step("writes").state == "by_hand"
    assert till.parties == {}


@pytest.mark.parametrize("fails", [LookUpFirst("Who knows."), NeedsPerson("No right to it.")])
async def test_what_fails_is_told_and_cleared_when_the_system_is_back(pool, house, joined, till, fails):
    till.fails = fails
    ended = await _prove(pool, house, joined)
    assert ended.step("writes").state == ("ok" if isinstance(fails, LookUpFirst) else "failed")
    assert (ended.step("clean").state, len(till.parties)) == ("failed", 1)
    till.fails = None
    async with pool.connection() as db:
        await db.execute("update planted set next_try_at = now()")
    await proving.clear_left(pool, house)
    assert (till.parties, await _left(pool)) == ({}, 0)


async def test_who_dies_in_between_leaves_nothing_behind(pool, house, joined, till):
    till.dies = True
    with pytest.raises(asyncio.CancelledError):
        await _prove(pool, house, joined)
    till.dies = False
    async with pool.connection() as db:
        await db.execute("update verification set leased_until = now() - interval '1 second'")
        again = await proof.claim(db)
    assert again is not None
    ended = await proving.prove(pool, house, again)
    assert ended.ended_at is None or ended.well
    assert (till.parties, await _left(pool)) == ({}, 0)


async def test_what_was_never_read_is_told(pool, house, joined, till):
    async with pool.connection() as db:
        await db.execute("delete from sync_state")
    ended = await _prove(pool, house, joined, write=False)
    assert ended.step("newest").state == "failed"
    assert "See that Servery is up" in ended.step("newest").error().told()


async def test_a_refused_access_is_told_and_the_rest_is_not_tried(pool, house, joined, till, orchid):
    orchid.tokens.clear()
    ended = await _prove(pool, house, joined)
    assert (ended.step("access").state, ended.step("access").field) == ("failed", "access_token")
    assert {ended.step(name).state for name in ("newest", "writes", "arrives", "guests")} == {"skipped"}
    assert not ended.well


async def test_what_a_person_makes_is_seen_with_its_delay_and_on_the_guests_page(pool, house, joined, till):
    async with pool.connection() as db:
        places = await connections.places(db, joined.id)
        old = Check(
            currency="DKK", opened_at=NOW - timedelta(days=3), status="closed", lines=(Line(name="Soup", amount=1),)
        )
        await arrive(db, joined.id, places, [CheckSeen("old", 1, "nord", old)])
    going = asyncio.create_task(_prove(pool, house, joined, write=False, wait=120))
    async with asyncio.timeout(60):
        while True:
            async with pool.connection() as db:
                found = await proof.newest(db, joined.id)
            if found and found.step("arrives").template:
                break
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    async with pool.connection() as db:
        past = Check(currency="DKK", opened_at=NOW - timedelta(days=9), status="closed")
        await arrive(db, joined.id, places, [CheckSeen("past", 1, "nord", past)])
    guest = GuestSeen("g1", 1, SourceGuest(name="Åse", email="aase@example.dk"))
    sold = Check(
        currency="DKK", opened_at=datetime.now(UTC), closed_at=datetime.now(UTC), status="closed", guest_id="g1",
        lines=(Line(name="Test", amount=100),),
    )  # fmt: skip
    async with pool.connection() as db:
        await arrive(db, joined.id, places, [guest, CheckSeen("new", 1, "nord", sold)])
    ended = await asyncio.wait_for(going, 60)
    arrived = ended.step("arrives")
    assert arrived.state == "ok"
    assert arrived.seconds is not None
    assert arrived.seconds < 60
    assert [one.guest_id for one in ended.step("profile").guests] != []


async def test_guests_of_two_systems_are_shown_with_the_reason(pool, house, joined, till):
    async with pool.connection() as db:
        other = await connections.add_connection(db, "book", "csv", {}, None)
        nord = next(iter((await connections.places(db, joined.id)).values())).venue_id
        await connections.link_location(db, other, "nord", nord)
        for whose in (joined.id, other):
            seen = GuestSeen(f"g{whose}", 1, SourceGuest(name="Åse", email="aase@example.dk"))
            await arrive(db, whose, await connections.places(db, whose), [seen])
    ended = await _prove(pool, house, joined, write=False)
    (shown,) = ended.step("guests").guests
    assert shown.by == "email"


async def test_paired_days_are_matched_anew_by_the_service(pool):
    async with pool.connection() as db:
        venue_id = await add_venue(db, Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"))
        book, till = [await connections.add_connection(db, name, "csv", {}, None) for name in ("book", "till")]
        for whose in (book, till):
            await connections.link_location(db, whose, "nord", venue_id)
        places = await connections.places(db, book)
        booked = Reservation(starts_at=NOW, status="seated", party_size=2, tables=("Patio 3",))
        await arrive(db, book, places, [ReservationSeen("r1", 1, "nord", booked),
                                        TablesSeen("plan", 0, "nord", (Table("Patio 3"),))])  # fmt: skip
        sold = Check(currency="DKK", opened_at=NOW, table="P3")
        await arrive(db, till, places, [CheckSeen("c1", 1, "nord", sold)])
        await tables.pair(db, till, venue_id, {"P3": "Patio 3"})
    assert await working.form_some(pool) == 1
    assert await working.form_some(pool) == 0
    async with pool.connection() as db:
        cursor = await db.execute(
            "select (select visit_id from checks) = (select visit_id from reservation) as together"
        )
        row = await cursor.fetchone()
    assert row["together"]
