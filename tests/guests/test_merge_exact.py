"""What outlives a merge and its undo: words said before, reasons, choices; and what is no longer as it was seen."""

import pytest

from servery.guests.apart import are_apart
from servery.guests.join import refresh
from servery.guests.log import standing, step, steps_of
from servery.guests.merge import merge, part, say_apart, undo, unmerge
from servery.guests.say import edit
from servery.model.changes import Removed
from servery.model.viewer import Viewer
from tests.guests.told import golden_of, guest_of, people, seen, tell

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")


async def two_of_a_name(db, systems):
    await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "j@x.dk"))
    return await guest_of(db, "1"), await guest_of(db, "2")


async def links(db):
    cursor = await db.execute("select external_id, guest_id, link, joined_with from source_guest order by id")
    return await cursor.fetchall()


async def test_not_the_same_person_outlives_a_merge_that_is_taken_back(db, systems):
    one, two = await two_of_a_name(db, systems)
    said = await say_apart(db, HOST, one, two)
    done = await merge(db, HOST, one, two)
    assert (await step(db, said.id)).undone_by == done.id
    await undo(db, HOST, done.id)
    assert await are_apart(db, one, two)
    assert (await step(db, said.id)).undone_by is None


async def test_not_the_same_person_that_was_taken_back_while_they_were_one_does_not_return(db, systems):
    one, two = await two_of_a_name(db, systems)
    await tell(db, systems[0], seen("3", "Ida Holm", "k@x.dk"))
    three = await guest_of(db, "3")
    await merge(db, HOST, two, three)
    said = await say_apart(db, HOST, one, two)
    await undo(db, HOST, (await standing(db, three)).id)
    done = await merge(db, HOST, one, three)
    assert (await step(db, said.id)).undone_by is None, "it still holds of the second"
    await undo(db, HOST, said.id)
    await undo(db, HOST, done.id)
    assert not await are_apart(db, one, three)
    assert not await are_apart(db, one, two)


async def test_a_parting_outlives_its_undo_and_that_ones_undo(db, systems):
    one, two = await two_of_a_name(db, systems)
    parted = await unmerge(db, HOST, await merge(db, HOST, one, two))
    assert await are_apart(db, one, two)
    again = await undo(db, HOST, parted.id)
    assert not await are_apart(db, one, two)
    await undo(db, HOST, again.id)
    assert await are_apart(db, one, two)


async def test_a_record_follows_the_last_word_said_of_it_whichever_merge_is_taken_back(db, systems):
    for number in "123":
        await tell(db, systems[0], seen(number, f"Guest {number}", f"{number}@x.dk"))
    one, two, three = [await guest_of(db, number) for number in "123"]
    inner = await merge(db, HOST, two, three)
    outer = await merge(db, HOST, one, two)
    await unmerge(db, HOST, inner)
    await merge(db, HOST, one, three)
    await unmerge(db, HOST, outer)
    assert await people(db) == [["1", "3"], ["2"]]
    assert await guest_of(db, "3") == one
    await unmerge(db, HOST, await standing(db, three))
    assert await guest_of(db, "3") == three


async def test_a_merge_followed_from_a_source_is_taken_back_for_good(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Bo Berg", "j@x.dk"))
    await tell(db, till, Removed("1", 2, "guest", merged_into="2"))
    [done, *_] = await steps_of(db, await guest_of(db, "1"))
    assert done.author == "source"
    await undo(db, HOST, done.id)
    await tell(db, till, seen("2", "Bo Berg", "j@x.dk", phone="+4520123456", revision=3))
    assert await people(db) == [["1"], ["2"]]


async def test_a_record_taken_out_and_put_back_is_there_for_the_reason_it_had(db, systems):
    await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "i@x.dk"))
    cursor = await db.execute("select id from source_guest where external_id = '2'")
    record = (await cursor.fetchone())["id"]
    before = await links(db)
    out = await part(db, HOST, await guest_of(db, "1"), [record])
    parted = await links(db)
    again = await undo(db, HOST, out.id)
    assert await links(db) == before
    await undo(db, HOST, again.id)
    assert await links(db) == parted


async def test_what_was_chosen_in_a_merge_is_chosen_again_when_its_undo_is_taken_back(db, systems):
    one, two = await two_of_a_name(db, systems)
    done = await merge(db, HOST, one, two)
    await edit(db, HOST, one, {"email": "i@x.dk"}, done.id)
    for _ in range(2):
        back = await undo(db, HOST, done.id)
        await refresh(db, [one, two], "da_DK")
        assert (await golden_of(db, "1")).email.author is None
        done = await undo(db, HOST, back.id)
        await refresh(db, [one], "da_DK")
        assert (await golden_of(db, "1")).email.author == "person:7"


async def test_a_record_that_joins_is_apart_from_whom_its_guest_is_apart(db, systems):
    _, book = systems
    one, two = await two_of_a_name(db, systems)
    await say_apart(db, HOST, one, two)
    await tell(db, book, seen("3", "Ida Holm", "i@x.dk"), seen("4", "Ida Holm", "j@x.dk"))
    assert await people(db) == [["1", "3"], ["2", "4"]]
    # Also when the record of which it was said is gone.
    await db.execute("delete from source_guest where external_id = '1'")
    await tell(db, book, Removed("3", 2, "guest", merged_into="4"))
    assert await people(db) == [["2", "4"], ["3"]]


async def test_a_record_that_leaves_is_no_longer_apart_from_whom_its_guest_is_apart(db, systems):
    one, two = await two_of_a_name(db, systems)
    await say_apart(db, HOST, one, two)
    await tell(db, systems[1], seen("3", "Ida Holm", "i@x.dk"))
    cursor = await db.execute("select id from source_guest where external_id = '3'")
    out = await part(db, HOST, one, [(await cursor.fetchone())["id"]])
    assert await are_apart(db, out.other_id, one)
    assert not await are_apart(db, out.other_id, two)


async def test_who_is_apart_is_not_joined_by_way_of_a_third(db, systems):
    till, book = systems
    one, two = await two_of_a_name(db, systems)
    await say_apart(db, HOST, one, two)
    await tell(db, book, seen("3", "Ida Holm", "i@x.dk", phone="+4520123456"))
    await tell(db, book, seen("4", "Ida Holm", "j@x.dk", phone="+4520123456"))
    assert await people(db) == [["1", "3"], ["2"], ["4"]]
    await tell(db, till, seen("5", "Ida Holm", None, phone="+4520123456"))
    assert await guest_of(db, "4") not in (await guest_of(db, "1"), await guest_of(db, "2"))
    await tell(db, till, seen("5", "Ida Holm", None, phone="+4520123456", revision=2))
    assert await guest_of(db, "4") not in (await guest_of(db, "1"), await guest_of(db, "2"))


async def test_a_source_that_takes_its_merge_back_is_followed_too(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Bo Berg", "j@x.dk"))
    one, two = await guest_of(db, "1"), await guest_of(db, "2")
    await tell(db, till, Removed("1", 2, "guest", merged_into="2"))
    assert await people(db) == [["1", "2"]]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", revision=3))
    assert await people(db) == [["1"], ["2"]]
    assert (await guest_of(db, "1"), await guest_of(db, "2")) == (one, two)
    assert (await golden_of(db, "1")).name.value == "Ida Holm"
    assert (await steps_of(db, two))[0].reason == "parted at the source"
    await tell(db, till, Removed("1", 4, "guest", merged_into="2"))
    assert await people(db) == [["1", "2"]]
