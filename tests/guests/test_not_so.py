"""Staff say that something is not so: of what was said until then, never of what is said later or of another guest."""

import pytest

from servery.guests.join import refresh
from servery.guests.merge import merge, undo
from servery.guests.say import enter, take_back_entry
from servery.model.guest import Note
from servery.model.viewer import Viewer
from tests.guests.told import golden_of, guest_of, seen, tell

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")


async def allergies(db, external_id):
    return [one.value for one in (await golden_of(db, external_id)).allergies]


async def deny(db, guest, kind, text):
    entry = await enter(db, HOST, guest, kind, text, present=False)
    await refresh(db, [guest], "da_DK")
    return entry


async def test_an_allergy_said_again_counts_again(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", allergies=("Nuts",)))
    await deny(db, await guest_of(db, "1"), "allergy", "nuts")
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", revision=2, city="Aarhus", allergies=("nuts ",)))
    assert await allergies(db, "1") == []
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", revision=3))
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", revision=4, allergies=("nuts",)))
    assert await allergies(db, "1") == ["nuts"]


async def test_a_record_that_joins_later_is_heard(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", allergies=("Nuts",)))
    await deny(db, await guest_of(db, "1"), "allergy", "Nuts")
    await tell(db, book, seen("2", "Ida Holm", "i@x.dk", allergies=("nuts",)))
    assert await guest_of(db, "1") == await guest_of(db, "2")
    assert await allergies(db, "1") == ["nuts"]


async def test_of_another_guest_it_was_not_said(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", allergies=("Nuts",)), seen("2", "Ida Berg", "j@x.dk"))
    one, two = await guest_of(db, "1"), await guest_of(db, "2")
    await enter(db, HOST, two, "allergy", "Nuts")
    await deny(db, one, "allergy", "Nuts")
    step = await merge(db, HOST, one, two)
    await refresh(db, [one], "da_DK")
    assert await allergies(db, "1") == ["Nuts"]
    await undo(db, HOST, step.id)
    await refresh(db, [one, two], "da_DK")
    assert (await allergies(db, "1"), await allergies(db, "2")) == ([], ["Nuts"])


async def test_it_is_said_of_what_staff_wrote_and_is_taken_back(db, systems):
    await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk"))
    one = await guest_of(db, "1")
    await enter(db, HOST, one, "allergy", "Nuts")
    denial = await deny(db, one, "allergy", "nuts")
    assert await allergies(db, "1") == []
    await take_back_entry(db, denial)
    await refresh(db, [one], "da_DK")
    assert await allergies(db, "1") == ["Nuts"]


async def test_a_remark_can_be_said_not_to_be_so(db, systems):
    await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk", notes=(Note("Rude to staff"), Note("By the window"))))
    await deny(db, await guest_of(db, "1"), "note", "rude to staff")
    assert [one.text for one in (await golden_of(db, "1")).notes] == ["By the window"]
