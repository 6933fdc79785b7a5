"""From records to guests to visits in one transaction, also when several arrive at once."""

import asyncio

import pytest

from servery.app.arrive import CHANGED, arrive
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.venue import Venue
from servery.storage.pool import Pool
from servery.sync import connections
from servery.venues.rows import add_venue
from tests.visits.evening import booking, check

pytestmark = pytest.mark.anyio


@pytest.fixture
async def systems(pool: Pool) -> list[int]:
    """A till and a book of one venue."""
    async with pool.connection() as db:
        venue_id = await add_venue(db, Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"))
        found = []
        for name in ("till", "book"):
            found.append(await connections.add_connection(db, name, "fake", {}, None))
            await connections.link_location(db, found[-1], "nord", venue_id)
    return found


async def tell(pool, system, *changes):
    async with pool.connection() as db:
        return await arrive(db, system, await connections.places(db, system), changes)


async def rows(pool, query):
    async with pool.connection() as db:
        return [tuple(row.values()) for row in await (await db.execute(query)).fetchall()]


async def test_two_who_bring_the_same_records_at_once_bring_them_once(pool, systems):
    told = [GuestSeen("g1", 1, SourceGuest(name="Ida", email="i@x.dk")), check("c1", guest_id="g1"), check("c2", 200)]
    one, other = await asyncio.gather(tell(pool, systems[0], *told), tell(pool, systems[0], *told))
    assert sorted([one.created, other.created]) == [0, 3]
    assert await rows(pool, "select count(*) from guest") == [(1,)]
    assert await rows(pool, "select count(*) from visit where gone_at is null") == [(2,)]


async def test_a_till_and_a_book_that_change_the_same_evening_at_once_do_not_stop_one_another(pool, systems):
    till, book = systems
    people = [GuestSeen(f"g{n}", 1, SourceGuest(name=f"Ida {n}", email=f"i{n}@x.dk")) for n in range(8)]

    def evening(revision):
        tables = [str(n) for n in range(8)]
        bookings = [
            booking(f"r{n}", 0, revision, tables=(tables[(n + revision) % 8],), guest_id=f"g{n}") for n in range(8)
        ]
        checks = [check(f"c{n}", 5, revision, table=tables[n], amount=revision, guest_id=f"g{n}") for n in range(8)]
        return bookings, checks

    for revision in range(1, 8):
        bookings, checks = evening(revision)
        await asyncio.gather(tell(pool, book, *people, *bookings), tell(pool, till, *people, *checks))
    assert await rows(pool, "select count(*), sum(spend) from visit where gone_at is null") == [(8, 56)]
    assert await rows(pool, "select count(*) from guest where merged_into is null") == [(8,)]


async def test_what_is_rolled_back_leaves_nothing(pool, systems):
    with pytest.raises(RuntimeError, match="killed"):
        async with pool.connection() as db:
            await arrive(db, systems[0], await connections.places(db, systems[0]), [check("c1")])
            raise RuntimeError("killed")
    for table in ("checks", "visit", "guest"):
        assert await rows(pool, f"select count(*) from {table}") == [(0,)]


async def test_open_pages_hear_what_changed_and_nothing_when_nothing_did(pool, systems):
    async with pool.connection() as listening:
        await listening.set_autocommit(True)
        await listening.execute(f"listen {CHANGED}")
        person = GuestSeen("g1", 1, SourceGuest(name="Ida"))
        for _ in range(2):
            await tell(pool, systems[0], person, check("c1", guest_id="g1"))
        await listening.execute("select pg_notify(%s, 'the end')", [CHANGED])
        heard = []
        async for one in listening.notifies(timeout=60):
            heard.append(one.payload)
            if one.payload == "the end":
                break
        await listening.set_autocommit(False)
    assert sorted(heard[:-1]) == ["bookings", "checks", "guests"]
