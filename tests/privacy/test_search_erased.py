"""Who was erased is found by nothing any more, and no word of theirs is left among the words of searches."""

import pytest

from servery.app.erasing import erase_guest
from servery.guests.search import find
from servery.model.guest import Note
from servery.model.viewer import SYSTEM
from tests.privacy.planted import EMAIL, NAME, PHONE, Planted

TYPED = (
    NAME,
    "zebulon",
    "quix",
    "Zebuln",
    "Quixwatre",
    EMAIL,
    "zebulon@qu",
    PHONE,
    "8374",
    "quixwater party",
    "anteater",
)


@pytest.mark.anyio
async def test_the_erased_are_found_by_nothing(planted: Planted) -> None:
    notes = (Note("Keeps an anteater"), Note("Likes the window"))
    guest = await planted.guest(notes=notes)
    assert guest is not None
    other = await planted.guest("Anna Berg", "anna@berg.example", "8", phone=None, notes=notes[1:], tags=())
    # A name and a note of before: nobody has them any more when the guest is erased.
    await planted.arrives(planted.book, *planted.booked(number="7"))
    async with planted.pool.connection() as db:
        for text in TYPED:
            assert guest in [one.id for one in await find(db, SYSTEM, text)], text
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    async with planted.pool.connection() as db:
        for text in TYPED:
            assert guest not in [one.id for one in await find(db, SYSTEM, text)], text
        assert [one.id for one in await find(db, SYSTEM, "window")] == [other]
        cursor = await db.execute("select word from search_word where word ~ 'zebulon|quixwater|party|anteater'")
        assert await cursor.fetchall() == []
        cursor = await db.execute("select word from search_word where word in ('anna', 'berg', '~window') order by 1")
        assert [row["word"] for row in await cursor.fetchall()] == ["anna", "berg", "~window"]
