"""What the pages ask for, answered by the real rooms over a real database."""

import msgspec
import psycopg
import pytest

from servery.accounts.audit import actions, looks_at
from servery.app.sources import RoomSources
from servery.errors import NotFound
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.money import Money
from servery.model.order import Line
from servery.model.viewer import SYSTEM, Viewer
from servery.storage.pool import Pool
from servery.sync import connections
from servery.web.guests.page import GuestsAsked
from tests.visits.evening import booking, check, evening

pytestmark = pytest.mark.anyio


async def two_jensens(pool: Pool) -> None:
    async with pool.connection() as db:
        tonight = await evening(db)
        await db.execute("update connection set connector = 'csv'")
        guests = [GuestSeen(name, 1, SourceGuest(name=f"{name} Jensen")) for name in ("Ida", "Bo")]
        await tonight.tell_from(tonight.book, guests)
        await tonight.tell(
            booking("r1", guest_id="Ida"),
            booking("r2", 5, guest_id="Bo", tables=("8",)),
            check("c1", 3, table=None, label="Jensen"),
        )


async def test_a_check_is_placed_listed_with_who_did_it_and_taken_back(pool, database):
    await two_jensens(pool)
    sources = RoomSources(pool)
    (asked,) = (await sources.health(SYSTEM)).loose
    bo = next(one for one in asked.candidates if one.name == "Bo Jensen")
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as listener:
        await listener.execute("listen servery_changed")
        await sources.link(SYSTEM, asked.id, bo.reservation_id)
        told = {each.payload async for each in listener.notifies(timeout=60, stop_after=3)}
    assert told == {"bookings", "checks", "guests"}
    health = await sources.health(SYSTEM)
    assert health.loose == []
    (placed,) = health.placed
    assert (placed.id, placed.name, placed.who, placed.booked) == (asked.id, "Bo Jensen", "Servery", True)
    await sources.unlink(SYSTEM, asked.id)
    health = await sources.health(SYSTEM)
    assert ([one.id for one in health.loose], health.placed) == ([asked.id], [])
    async with pool.connection() as db:
        done = [(one.action, one.subject, one.detail) for one in await actions(db)]
    assert done == [
        ("check-unlinked", f"check:{asked.id}", {}),
        ("check-linked", f"check:{asked.id}", {"reservation": bo.reservation_id}),
    ]


async def test_whose_a_check_may_be_is_a_look_at_those_guests(pool):
    await two_jensens(pool)
    sources = RoomSources(pool)
    async with pool.connection() as db:
        cursor = await db.execute("select guest_id from source_guest order by guest_id")
        guests = [row["guest_id"] for row in await cursor.fetchall()]
    await sources.connections(SYSTEM)
    async with pool.connection() as db:
        assert [await looks_at(db, guest_id) for guest_id in guests] == [[], []]
    await sources.health(SYSTEM)
    async with pool.connection() as db:
        purposes = [[one.purpose for one in await looks_at(db, guest_id)] for guest_id in guests]
    assert purposes == [["list"], ["list"]]


async def test_a_check_that_does_not_add_up_is_told_to_who_sees_money(pool):
    async with pool.connection() as db:
        tonight = await evening(db)
        await db.execute("update connection set connector = 'csv'")
        lines = (Line(name="Ribeye", amount=100),)
        await tonight.tell_from(tonight.book, [GuestSeen("Ida", 1, SourceGuest(name="Ida Jensen"))])
        await tonight.tell(booking("r1", guest_id="Ida"), check("c1", lines=lines, total=112, number="1042"))
        cursor = await db.execute("select guest_id from source_guest")
        guest_id = (await cursor.fetchall())[0]["guest_id"]
    sources = RoomSources(pool)
    host, owner = (Viewer("person", 1, "Rosa", role) for role in ("host", "owner"))
    told = await sources.health(owner)
    assert [(one.venue, one.number, one.difference) for one in told.contradictions] == [("Nord", "1042", 12)]
    assert told.contradictions_total == 1
    kept = await sources.health(host)
    assert (list(kept.contradictions), kept.contradictions_total) == ([], 0)
    seen = [[check.difference for visit in (await sources.guest(who, guest_id)).visits for check in visit.checks]
            for who in (owner, host)]  # fmt: skip
    assert seen == [[12], [None]]


async def test_what_a_guest_spends_in_two_currencies_is_never_one_sum(pool):
    in_euro = check("c2", 15, amount=900)
    in_euro = msgspec.structs.replace(in_euro, check=msgspec.structs.replace(in_euro.check, currency="EUR"))
    async with pool.connection() as db:
        tonight = await evening(db)
        await db.execute("update connection set connector = 'csv'")
        await tonight.tell_from(tonight.book, [GuestSeen("Ida", 1, SourceGuest(name="Ida Jensen"))])
        await tonight.tell(booking("r1", guest_id="Ida"), check("c1", amount=100), in_euro)
    sources = RoomSources(pool)
    (row,) = (await sources.guests(SYSTEM, GuestsAsked())).rows
    both = [Money(100, "DKK"), Money(900, "EUR")]
    assert sorted(row.spend, key=lambda one: one.currency) == both
    told = await sources.guest(SYSTEM, row.id)
    assert [(one.currency, one.total) for one in told.figures.spend] == [("DKK", 100), ("EUR", 900)]
    (visit,) = told.visits
    assert list(visit.spend) == both
    assert [dish.amount for dish in visit.dishes] == both
    host = Viewer("person", 1, "Rosa", "host")
    (kept,) = (await sources.guest(host, row.id)).visits
    assert (kept.spend, kept.tips, [dish.amount for dish in kept.dishes]) == ((), (), [None, None])


async def test_files_are_not_polled(pool):
    async with pool.connection() as db:
        await connections.add_connection(db, "Files", "csv", {}, None)
        await connections.add_connection(db, "Book", "resos", {}, None)
    found = await RoomSources(pool).connections(SYSTEM)
    assert {one.connector: one.polled for one in found} == {"csv": False, "resos": True}


async def test_a_connection_is_paused_and_resumed_and_it_is_written_down(pool):
    await two_jensens(pool)
    sources = RoomSources(pool)
    async with pool.connection() as db:
        one = (await connections.connections(db))[0]
    await sources.pause(SYSTEM, one.id, True)
    await sources.read_now(SYSTEM, one.id)
    async with pool.connection() as db:
        assert (await connections.connections(db))[0].paused
        assert [each.detail["outcome"] for each in await actions(db)] == ["read", "paused"]
    await sources.pause(SYSTEM, one.id, False)
    async with pool.connection() as db:
        assert not (await connections.connections(db))[0].paused
    with pytest.raises(NotFound):
        await sources.pause(SYSTEM, 999, True)


async def test_a_search_that_was_cut_short_says_so(pool):
    await two_jensens(pool)
    sources = RoomSources(pool)
    cut = await sources.guests(SYSTEM, GuestsAsked("Jensen", limit=1))
    assert (len(cut.rows), cut.total, cut.more) == (1, 1, True)
    whole = await sources.guests(SYSTEM, GuestsAsked("Jensen", limit=2))
    assert (len(whole.rows), whole.total, whole.more) == (2, 2, False)
    everybody = await sources.guests(SYSTEM, GuestsAsked())
    assert (everybody.total, everybody.more) == (2, False)
