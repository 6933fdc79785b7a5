"""What is said of two guests while they are one holds for both once they are parted, until it is said whose it is."""

import pytest

from servery.guests.join import refresh
from servery.guests.merge import merge, part, undo, unmerge
from servery.guests.say import enter, said, take_back_entry
from servery.model.viewer import SYSTEM, Viewer
from servery.privacy import consent
from servery.profile.story import stories
from tests.guests.told import golden_of, guest_of, seen, tell

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")
GRANTED = consent.Said(state="granted", text_version="1")


async def two(db, system, **facts):
    await tell(db, system, seen("1", "Ida Holm", "i@x.dk", **facts), seen("2", "Ida Berg", "j@x.dk", **facts))
    return await guest_of(db, "1"), await guest_of(db, "2")


async def marketing(db, *guests):
    told = await stories(db, SYSTEM, guests)
    return [told[one].marketing for one in guests]


async def allergies(db, *external_ids):
    return [[one.value for one in (await golden_of(db, which)).allergies] for which in external_ids]


async def test_a_no_said_while_they_were_one_holds_for_both(db, systems):
    one, other = await two(db, systems[0], marketing="granted")
    step = await merge(db, HOST, one, other)
    await consent.write(db, HOST, other, consent.Said(state="denied"))
    await unmerge(db, HOST, step)
    assert await marketing(db, one, other) == ["denied", "denied"]
    assert [[line.of_both for line in await consent.ledger(db, each)] for each in (one, other)] == [[False, True]] * 2
    await consent.write(db, HOST, other, GRANTED)
    assert await marketing(db, one, other) == ["denied", "granted"]


async def test_a_no_that_was_taken_back_or_said_before_holds_for_nobody_else(db, systems):
    one, other = await two(db, systems[0], marketing="granted")
    await consent.write(db, HOST, one, consent.Said(state="denied", channel="post"))
    await db.commit()
    step = await merge(db, HOST, one, other)
    await consent.write(db, HOST, one, consent.Said(state="denied"))
    await consent.write(db, HOST, one, GRANTED)
    await unmerge(db, HOST, step)
    assert [line.state for line in await consent.ledger(db, other)] == ["granted"]


async def test_an_allergy_written_while_they_were_one_holds_for_both_until_it_is_struck_out(db, systems):
    one, other = await two(db, systems[0])
    await enter(db, HOST, one, "allergy", "Milk")
    await db.commit()
    step = await merge(db, HOST, one, other)
    await enter(db, HOST, other, "allergy", "Nuts")
    step = await unmerge(db, HOST, step)
    await refresh(db, [one, other], "da_DK")
    assert await allergies(db, "1", "2") == [["Milk", "Nuts"], ["Nuts"]]
    [copy] = (await said(db, [other]))[other].entries
    assert [entry.of_both for entry in (await said(db, [one]))[one].entries] == [False, True] and copy.of_both

    again = await undo(db, HOST, step.id)
    assert len((await said(db, [one]))[one].entries) == 2
    await undo(db, HOST, again.id)
    await take_back_entry(db, copy.id)
    await refresh(db, [one, other], "da_DK")
    assert await allergies(db, "1", "2") == [["Milk", "Nuts"], []]


async def test_who_is_taken_out_of_a_guest_takes_the_allergy_along(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"))
    await tell(db, book, seen("2", "Ida Holm", "i@x.dk"))
    one = await guest_of(db, "1")
    await enter(db, HOST, one, "allergy", "Nuts")
    cursor = await db.execute("select id from source_guest where external_id = '2'")
    out = await part(db, HOST, one, [row["id"] for row in await cursor.fetchall()])
    await refresh(db, [one, out.other_id], "da_DK")
    assert await allergies(db, "1", "2") == [["Nuts"], ["Nuts"]]


async def test_what_was_said_of_one_before_a_third_came_is_not_the_third_s(db, systems):
    one, other = await two(db, systems[0])
    await tell(db, systems[1], seen("3", "Bo Lund", "k@x.dk"))
    third = await guest_of(db, "3")
    inner = await merge(db, HOST, other, third)
    await enter(db, HOST, one, "allergy", "Milk")
    await enter(db, HOST, other, "allergy", "Eggs")
    await db.commit()
    await merge(db, HOST, one, other)
    await enter(db, HOST, one, "allergy", "Nuts")
    await unmerge(db, HOST, inner)
    await refresh(db, [one, third], "da_DK")
    assert await allergies(db, "1", "3") == [["Eggs", "Milk", "Nuts"], ["Eggs", "Nuts"]]
