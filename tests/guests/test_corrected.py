"""What staff correct is what the guest's next record is known by."""

from typing import Any, cast

import pytest

from servery.guests.corrected import Corrected, corrected
from servery.guests.edits import EditField
from servery.guests.join import refresh
from servery.guests.merge import merge, unmerge
from servery.guests.say import edit, take_back_edit
from servery.model.guest import Golden, Known
from servery.model.viewer import Viewer
from tests.guests.told import guest_of, people, seen, tell

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")


async def correct(db, external_id, **values: Any):
    """Staff write it on the guest's page; the edit's id."""
    guest = await guest_of(db, external_id)
    done = await edit(db, HOST, guest, cast(dict[EditField, Any], values))
    await refresh(db, [guest], "da_DK")
    return done


def test_only_what_staff_wrote_is_corrected_and_only_what_is_somebodys():
    name, email = Known("Ida Holm", 3), Known("Ida@Gmail.com", 0, "person:7")
    assert corrected(Golden(name=name, email=Known("ida@x.dk", 3))) is None
    assert corrected(Golden(name=name, email=email)) == Corrected("Ida Holm", "ida@gmail.com", None)
    assert corrected(Golden(name=name, email=Known("info@x.dk", 0, "person:7"))) == Corrected("Ida Holm", None, None)
    assert corrected(Golden(phone=Known("+4520123456", 0, "key:1"))) == Corrected(None, None, "+4520123456")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"email": "ida@gmial.com"}, {"email": "Ida@gmail.com"}),
        ({"phone": "+4520123456"}, {"phone": "+45 20 12 34 65"}),
    ],
)
async def test_who_books_with_the_corrected_contact_is_known(db, systems, wrong, right):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", **wrong))
    await correct(db, "1", **right)
    await tell(db, book, seen("2", "Ida Holm", **right), seen("3", "Bo Berg", **right))
    assert await people(db) == [["1", "2"], ["3"]]
    cursor = await db.execute("select joined_with from source_guest where external_id = '2'")
    assert (await cursor.fetchone())["joined_with"] is None


async def test_who_books_under_the_corrected_name_is_known(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "ida@x.dk"))
    await correct(db, "1", name="Ida Berg")
    await tell(db, book, seen("2", "Ida Berg", "ida@x.dk"))
    await tell(db, book, seen("3", "Ida Lund", "ida@x.dk"))
    assert await people(db) == [["1", "2"], ["3"]]


async def test_what_is_taken_back_is_known_no_more(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "ida@gmial.com"))
    done = await correct(db, "1", email="ida@gmail.com")
    await refresh(db, [await take_back_edit(db, done)], "da_DK")
    await tell(db, book, seen("2", "Ida Holm", "ida@gmail.com"))
    assert await people(db) == [["1"], ["2"]]


async def test_it_goes_along_in_a_merge(db, systems):
    till, book = systems
    step = await merged(db, till)
    await tell(db, book, seen("3", "Ida Holm", "ida@gmail.com"))
    assert await people(db) == [["1", "2", "3"]]
    assert await guest_of(db, "3") == step.guest_id


async def test_it_comes_back_with_an_unmerge(db, systems):
    till, book = systems
    step = await merged(db, till)
    await unmerge(db, HOST, step)
    await refresh(db, [step.guest_id, step.other_id], "da_DK")
    await tell(db, book, seen("3", "Ida Holm", "ida@gmail.com"))
    assert await people(db) == [["1"], ["2", "3"]]


async def merged(db, till):
    """Two guests made one, of whom the younger was corrected; the step."""
    await tell(db, till, seen("1", "Ida Holm", "a@x.dk"), seen("2", "Ida Holm", "ida@gmial.com"))
    await correct(db, "2", email="ida@gmail.com")
    step = await merge(db, HOST, await guest_of(db, "1"), await guest_of(db, "2"))
    await refresh(db, [step.guest_id, step.other_id], "da_DK")
    return step
