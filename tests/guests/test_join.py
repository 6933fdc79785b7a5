"""Resolving against the database: records come through `arrive`, as they do in life."""

import asyncio

import pytest

from servery.guests import rows
from servery.guests.join import resolve
from servery.guests.merge import merge
from servery.model.changes import Removed, ReservationSeen
from servery.model.reservation import Reservation
from servery.model.viewer import Viewer
from servery.sync import connections
from servery.sync.apply import apply
from tests.guests.told import golden_of, guest_of, people, seen, tell
from tests.visits.evening import at

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")


async def test_records_of_two_systems_become_one_guest_by_a_number_written_two_ways(db, systems):
    till, book = systems
    await tell(db, till, seen("t1", "Ida Holm", phone="+45 20 12 34 56"))
    await tell(db, book, seen("b1", "Ida Holm", phone="20123456"), seen("b2", "Bo Holm", phone="20123456"))
    assert await people(db) == [["b1", "t1"], ["b2"]]
    cursor = await db.execute("select link from source_guest where external_id = 'b1'")
    assert (await cursor.fetchone())["link"] == {"by": "phone", "author": "rules"}


async def test_two_records_that_come_together_find_one_another(db, systems):
    await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "i@x.dk"))
    assert await people(db) == [["1", "2"]]


async def test_a_merge_is_logged_and_every_absorbed_id_points_at_a_living_guest(db, systems):
    till = systems[0]
    await tell(db, till, seen("1", "Ida Holm", "a@x.dk"))
    await tell(db, till, seen("2", "Ida Holm", "b@x.dk"))
    await tell(db, till, seen("3", "Ida Holm", "c@x.dk", "+4520123456"))
    oldest = await guest_of(db, "1")
    await tell(db, till, seen("4", "Ida Holm", "b@x.dk", "+4520123456"))
    await tell(db, till, seen("2", "Ida Holm", "a@x.dk", "+4520123456", revision=2))
    assert await people(db) == [["1", "2", "3", "4"]]
    assert await guest_of(db, "4") == oldest
    cursor = await db.execute("select merged_into from guest where merged_into is not null")
    assert {row["merged_into"] for row in await cursor.fetchall()} == {oldest}
    cursor = await db.execute("select count(*) as merges from guest_log where action = 'merged'")
    assert (await cursor.fetchone())["merges"] == 2


async def test_guests_that_only_one_set_ever_thought_of_leave_nothing_behind(db, systems):
    await tell(
        db, systems[0],
        seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", None, "+4520123456"),
        seen("3", "Ida Holm", "i@x.dk", "+4520123456"),
    )  # fmt: skip
    cursor = await db.execute("select count(*) as guests from guest")
    assert (await cursor.fetchone())["guests"] == 1


async def test_a_record_that_becomes_another_person_leaves_and_both_guests_are_told_anew(db, systems):
    till = systems[0]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "i@x.dk", city="Aarhus"))
    await tell(db, till, seen("2", "Bo Berg", "b@x.dk", revision=2, city="Aarhus"))
    assert await people(db) == [["1"], ["2"]]
    assert (await golden_of(db, "1")).city is None
    assert (await golden_of(db, "2")).name.value == "Bo Berg"
    cursor = await db.execute("select action, reason from guest_log")
    assert [(row["action"], row["reason"]) for row in await cursor.fetchall()] == [
        ("unmerged", "another name or birthday")
    ]


async def test_the_source_knows_its_people_better_than_names_do(db, systems):
    till = systems[0]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Berg", "b@x.dk"))
    await tell(db, till, Removed("1", 2, "guest", merged_into="2"))
    assert await people(db) == [["1", "2"]]
    assert (await golden_of(db, "2")).name.value == "Ida Berg"
    await tell(db, till, seen("2", "Ida B. Berg", "b@x.dk", revision=2))
    assert await people(db) == [["1", "2"]]


async def test_what_a_person_merged_is_parted_where_a_record_becomes_somebody_else(db, systems):
    till = systems[0]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "j@x.dk"))
    await merge(db, HOST, await guest_of(db, "1"), await guest_of(db, "2"))
    await tell(db, till, seen("2", "Bo Berg", "bo@x.dk", revision=2))
    await tell(db, till, seen("9", "Bo Berg", "bo@x.dk"))
    assert await people(db) == [["1"], ["2", "9"]]


async def test_also_where_the_till_empties_the_record_before_it_gives_it_anew(db, systems):
    till = systems[0]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "j@x.dk"))
    await merge(db, HOST, await guest_of(db, "1"), await guest_of(db, "2"))
    await tell(db, till, seen("2", None, None, revision=2))
    assert await people(db) == [["1", "2"]]
    await tell(db, till, seen("2", "Bo Berg", "bo@x.dk", revision=3))
    assert await people(db) == [["1"], ["2"]]


@pytest.mark.parametrize("becomes", ["IDA HOLM", "I. Holm", "Ida Holm Lund", "Ida Berg"])
async def test_what_a_person_merged_stays_where_a_record_is_written_otherwise(db, systems, becomes):
    """Also where it takes the other's name: who marries is told of by one system first."""
    till = systems[0]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Berg", "j@x.dk"))
    await merge(db, HOST, await guest_of(db, "1"), await guest_of(db, "2"))
    await tell(db, till, seen("1", becomes, "i@x.dk", revision=2))
    await tell(db, till, seen("1", becomes, "i@x.dk", revision=3, city="Aarhus"))
    assert await people(db) == [["1", "2"]]


async def test_a_mark_behind_a_name_is_no_new_name(db, systems):
    till = systems[0]
    await tell(db, till, seen("1", "Peter Jensen", "i@x.dk"), seen("2", "Peter Jensen Jr", "j@x.dk"))
    await merge(db, HOST, await guest_of(db, "1"), await guest_of(db, "2"))
    await tell(db, till, seen("2", "Peter Jensen Jr", "j@x.dk", revision=2, city="Aarhus"))
    assert await people(db) == [["1", "2"]]


async def test_a_merge_at_the_source_is_followed_whichever_of_the_two_comes_last(db, systems):
    till = systems[0]
    await tell(db, till, Removed("1", 2, "guest", merged_into="2"), seen("1", "Ida Holm", "i@x.dk"))
    await tell(db, till, seen("2", "Ida Berg", "b@x.dk"))
    assert await people(db) == [["1", "2"]]


async def test_a_guest_that_is_only_referred_to_is_nobody_yet(db, systems):
    booked = Reservation(status="booked", starts_at=at(0), party_size=2, guest_id="g1")
    await tell(db, systems[1], ReservationSeen("r1", 1, "nord", booked), Removed("g2", 1, "guest"))
    assert await people(db) == []
    await tell(db, systems[1], seen("g1", "Ida Holm"))
    assert await people(db) == [["g1"]]


async def test_a_record_that_its_source_deleted_still_tells_who_they_were(db, systems):
    till = systems[0]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"))
    await tell(db, till, Removed("1", 2, "guest"))
    await tell(db, till, seen("2", "I. Holm", "i@x.dk"))
    assert await people(db) == [["1", "2"]]
    assert (await golden_of(db, "2")).name.value == "I. Holm"


async def test_an_older_record_that_is_read_later_does_not_win(db, systems):
    in_2026, in_2020 = 1_795_000_000_000_000, 1_590_000_000_000_000
    await tell(db, systems[1], seen("new", "Ida Holm", "i@x.dk", "+4520123456", revision=in_2026))
    await tell(db, systems[1], seen("old", "Ida Holm", "i@x.dk", "+4530303030", revision=in_2020))
    assert (await golden_of(db, "new")).phone.value == "+4520123456"


async def test_hearing_the_same_again_does_not_touch_the_guest(pool, systems):
    async with pool.connection() as db:
        await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk"))
    async with pool.connection() as db:
        before = await (await db.execute("select * from guest")).fetchone()
        record = await (await db.execute("select id from source_guest")).fetchone()
        await resolve(db, [record["id"]], "da_DK")
        assert await (await db.execute("select * from guest")).fetchone() == before


async def two_at_once(pool, systems):
    """The same new person arrives by both systems at the same time; how many guests that makes."""
    both_have_written = asyncio.Barrier(2)

    async def one(system, external_id):
        async with pool.connection() as db:
            places = await connections.places(db, system)
            applied = await apply(db, system, places, [seen(external_id, "Ida Holm", "i@x.dk")])
            await both_have_written.wait()
            await resolve(db, applied.guests, "da_DK")
            # Long enough for the other to look around before this is committed.
            await asyncio.sleep(0.3)

    await asyncio.gather(one(systems[0], "t1"), one(systems[1], "b1"))
    async with pool.connection() as db:
        return len(await people(db))


async def test_one_person_arriving_by_two_systems_at_once_is_one_guest(pool, systems):
    assert await two_at_once(pool, systems) == 1


async def test_without_the_lock_they_would_be_two(pool, systems, monkeypatch):
    async def no_lock(db):
        """Nobody waits for anybody."""

    monkeypatch.setattr(rows, "lock", no_lock)
    assert await two_at_once(pool, systems) == 2
