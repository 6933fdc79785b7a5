"""Merging by people's word and taking it back, against the database; records come as they do in life."""

import pytest

from servery.errors import Invalid, NotFound
from servery.guests.apart import are_apart
from servery.guests.join import refresh
from servery.guests.log import standing, step, steps_of
from servery.guests.merge import merge, part, say_apart, undo, unmerge
from servery.model.changes import Removed
from servery.model.viewer import Viewer
from tests.guests.told import golden_of, guest_of, living_ids, people, seen, tell, told_of_all

HOST = Viewer("person", 7, "Vera", "host")


@pytest.mark.anyio
async def test_two_guests_become_one_and_two_again_exactly(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "i@x.dk", city="Aarhus"))
    await tell(db, book, seen("3", "Ida H", phone="+4520123456"))
    before = await told_of_all(db)
    oldest, younger = await living_ids(db)
    done = await merge(db, HOST, younger, oldest, "the same person")
    await refresh(db, [oldest], "da_DK")
    assert await people(db) == [["1", "2", "3"]]
    assert (done.guest_id, done.other_id, done.author, done.reason) == (oldest, younger, "person:7", "the same person")
    assert (await golden_of(db, "1")).phone.value == "+4520123456"
    back = await undo(db, HOST, done.id)
    await refresh(db, [oldest, younger], "da_DK")
    assert await told_of_all(db) == before
    assert (await step(db, done.id)).undone_by == back.id
    assert [one.action for one in await steps_of(db, oldest)] == ["unmerged", "merged"]


@pytest.mark.anyio
async def test_what_was_parted_by_a_person_is_joined_by_nobody_but_a_person(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "i@x.dk"))
    [guest] = await living_ids(db)
    cursor = await db.execute("select id from source_guest where external_id = '2'")
    record = (await cursor.fetchone())["id"]
    out = await part(db, HOST, guest, [record])
    assert await people(db) == [["1"], ["2"]]
    await tell(db, till, seen("2", "Ida Holm", "i@x.dk", "+4520123456", revision=2))
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", "+4520123456", revision=2))
    await tell(db, till, Removed("2", 3, "guest", merged_into="1"))
    assert await people(db) == [["1"], ["2"]]
    # Somebody who is like both is nobody's of them: that would be a merge by the back door.
    await tell(db, till, seen("3", "Ida Holm", "i@x.dk"))
    assert await people(db) == [["1"], ["2"], ["3"]]
    await merge(db, HOST, out.guest_id, out.other_id)
    assert not await are_apart(db, out.guest_id, out.other_id)
    assert await people(db) == [["1", "2"], ["3"]]


@pytest.mark.anyio
async def test_an_unmerge_is_exact_whichever_merges_came_after(db, systems):
    till, _ = systems
    for number in "1234":
        await tell(db, till, seen(number, f"Guest {number}", f"{number}@x.dk"))
    one, two, three, four = await living_ids(db)
    inner = await merge(db, HOST, three, four)
    middle = await merge(db, HOST, two, three)
    await merge(db, HOST, one, two)
    cursor = await db.execute("select array_agg(distinct merged_into) as into from guest where merged_into is not null")
    assert (await cursor.fetchone())["into"] == [one]
    await unmerge(db, HOST, middle)
    assert await people(db) == [["1", "2"], ["3", "4"]]
    assert await guest_of(db, "4") == three
    cursor = await db.execute("select id, merged_into from guest order by id")
    assert [(row["id"], row["merged_into"]) for row in await cursor.fetchall()] == [
        (one, None), (two, one), (three, None), (four, three),
    ]  # fmt: skip
    await unmerge(db, HOST, inner)
    assert await guest_of(db, "4") == four


@pytest.mark.anyio
async def test_who_came_later_goes_with_the_record_beside_which_they_were_put(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "other@x.dk"))
    one, two = await living_ids(db)
    done = await merge(db, HOST, one, two)
    await tell(db, book, seen("later", "Ida Holm", "other@x.dk"), seen("also", "Ida Holm", "i@x.dk"))
    assert await people(db) == [["1", "2", "also", "later"]]
    await unmerge(db, HOST, done)
    assert await people(db) == [["1", "also"], ["2", "later"]]


@pytest.mark.anyio
async def test_a_merge_by_the_rules_is_taken_back_for_good(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "a@x.dk"))
    await tell(db, till, seen("2", "Ida Holm", None, "+4520123456"))
    await tell(db, till, seen("3", "Ida Holm", "a@x.dk", "+4520123456"))
    assert await people(db) == [["1", "2", "3"]]
    one = await guest_of(db, "1")
    absorbed = await standing(db, one + 1)
    await unmerge(db, HOST, absorbed)
    await tell(db, till, seen("2", "Ida Holm", "a@x.dk", "+4520123456", revision=2))
    assert len(await people(db)) == 2
    assert await guest_of(db, "2") == one + 1


@pytest.mark.anyio
async def test_not_the_same_person_is_taken_back_by_its_step_alone(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Berg", "b@x.dk"))
    one, two = await living_ids(db)
    first = await say_apart(db, HOST, one, two)
    await tell(db, till, Removed("2", 2, "guest", merged_into="1"))
    assert await people(db) == [["1"], ["2"]]
    await undo(db, HOST, first.id)
    with pytest.raises(Invalid, match="taken back already"):
        await undo(db, HOST, first.id)
    await tell(db, till, seen("1", "Ida H. Holm", "i@x.dk", revision=2))
    assert await people(db) == [["1", "2"]]
    with pytest.raises(Invalid, match="one guest already"):
        await say_apart(db, HOST, one, two)


@pytest.mark.anyio
async def test_an_unmerge_whose_records_are_gone_says_so_and_changes_nothing(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "j@x.dk"))
    one, two = await living_ids(db)
    done = await merge(db, HOST, one, two)
    await db.execute("delete from source_guest where external_id = '2'")
    before = await told_of_all(db)
    with pytest.raises(Invalid, match=f"Nothing is left to part: the records of guest {two} are gone"):
        await unmerge(db, HOST, done)
    assert await told_of_all(db) == before


@pytest.mark.anyio
async def test_a_record_that_its_source_deleted_is_still_given_back(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "j@x.dk"))
    done = await merge(db, HOST, *await living_ids(db))
    await tell(db, till, Removed("2", 2, "guest"))
    await unmerge(db, HOST, done)
    assert await people(db) == [["1"], ["2"]]


@pytest.mark.anyio
async def test_merges_in_a_circle_end(db, systems):
    till, book = systems
    await tell(db, till, *(seen(one, f"Guest {one}", f"{one}@x.dk") for one in ("t1", "t2", "t3")))
    await tell(db, book, seen("b1", "Guest t1", "t1@x.dk"), seen("b2", "Guest t2", "t2@x.dk"))
    await tell(db, till, Removed("t1", 2, "guest", "t2"), Removed("t2", 2, "guest", "t3"))
    await tell(db, book, Removed("b2", 2, "guest", "b1"), Removed("b1", 2, "guest", "b2"))
    await tell(db, till, Removed("t3", 2, "guest", "t1"))
    assert await people(db) == [["b1", "b2", "t1", "t2", "t3"]]
    cursor = await db.execute("select count(*) as steps from guest_log")
    assert (await cursor.fetchone())["steps"] == 2
    for _ in range(2):
        # One system takes its merges back, the other does not.
        await tell(db, till, *(seen(one, f"Guest {one}", f"{one}@x.dk", revision=3) for one in ("t1", "t2", "t3")))
        assert await people(db) == [["b1", "b2", "t1", "t2"], ["t3"]]
    cursor = await db.execute("select count(*) as steps from guest_log")
    assert (await cursor.fetchone())["steps"] == 5


@pytest.mark.anyio
async def test_what_is_asked_amiss_is_refused(db, systems):
    await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk"))
    [one] = await living_ids(db)
    cursor = await db.execute("select id from source_guest")
    record = (await cursor.fetchone())["id"]
    with pytest.raises(Invalid, match="was named twice"):
        await merge(db, HOST, one, one)
    with pytest.raises(NotFound, match="no guest 999"):
        await merge(db, HOST, one, 999)
    with pytest.raises(Invalid, match="All records of guest"):
        await part(db, HOST, one, [record])
    with pytest.raises(NotFound, match="no such record"):
        await part(db, HOST, one, [record + 1])
