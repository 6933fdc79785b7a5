"""What guests are found by is kept with every change of them, and goes with the last who was found by it."""

import pytest

from servery.api.guest_edits import NewEntry
from servery.app.findable import fill
from servery.app.merging import merged, unmerged
from servery.app.saying import edited, entered, entry_taken_back
from servery.guests.filling import take
from servery.guests.join import refresh
from servery.guests.search import find
from servery.guests.vocabulary import near
from servery.model.guest import Note
from servery.model.viewer import SYSTEM
from servery.storage.pool import Pool
from tests.guests.told import guest_of, seen, tell

pytestmark = pytest.mark.anyio


async def by(db, text):
    """Who is found by a text, and by what."""
    return [(one.name, one.by) for one in await find(db, SYSTEM, text)]


async def words(db):
    cursor = await db.execute("select word from search_word")
    return {row["word"] for row in await cursor.fetchall()}


async def test_a_note_is_found_as_long_as_it_stands(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", notes=(Note("Always sits by the aquarium"),)))
    assert await by(db, "aquarium") == [("Ida Holm", "note")]
    assert "~aquarium" in await words(db)
    await tell(db, till, seen("1", "Ida Holm", revision=2, notes=(Note("Always sits by the fireplace"),)))
    assert await by(db, "aquarium") == []
    assert await by(db, "fireplace") == [("Ida Holm", "note")]
    assert not {"~aquarium"} & await words(db) and {"~fireplace", "~always", "holm"} <= await words(db)
    await tell(db, till, seen("1", "Ida Holm", revision=3))
    assert await by(db, "fireplace") == []
    assert await words(db) == {"ida", "holm"}


@pytest.mark.parametrize("kind", ["tag", "preference", "allergy", "note"])
async def test_what_staff_write_is_found_until_it_is_struck_out(db, systems, kind):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm"))
    entry = await entered(db, SYSTEM, await guest_of(db, "1"), NewEntry(kind=kind, text="Shellfish"))
    assert await by(db, "shellf") == [("Ida Holm", kind)]
    await entry_taken_back(db, SYSTEM, entry)
    assert await by(db, "shellf") == []
    assert await words(db) == {"ida", "holm"}
    await entry_taken_back(db, SYSTEM, entry, again=True)
    assert await by(db, "shellf") == [("Ida Holm", kind)]


async def test_a_tag_by_rule_is_found_while_the_rule_gives_it(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm"))
    guest = await guest_of(db, "1")
    await db.execute("insert into tag_rule (tag, condition, author) values ('Wine lover', '{}', 'system:0')")
    await db.execute("insert into rule_tag (rule_id, guest_id) select id, %s from tag_rule", [guest])
    await refresh(db, [guest], "da_DK")
    assert await by(db, "wine") == [("Ida Holm", "tag")]
    await db.execute("delete from rule_tag")
    await refresh(db, [guest], "da_DK")
    assert await by(db, "wine") == []
    assert await words(db) == {"ida", "holm"}


async def test_merged_guests_are_found_by_all_their_names_and_after_parting_by_their_own(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "ida@x.dk"))
    await tell(db, book, seen("2", "Ida Bach", "bach@x.dk", "+4520123456", notes=(Note("Piano"),)))
    one, other = await guest_of(db, "1"), await guest_of(db, "2")
    assert one != other
    await merged(db, SYSTEM, one, other)
    for text in ("ida holm", "ida bach", "Bahc", "bach@x.dk", "3456", "piano"):
        assert [found.id for found in await find(db, SYSTEM, text)] == [one], text
    otherwise = [found for text in ("holm", "bach") for found in await find(db, SYSTEM, text) if found.quote]
    assert [found.quote and found.quote.text for found in otherwise] in (["Ida Holm"], ["Ida Bach"])
    await unmerged(db, SYSTEM, other)
    assert [found.id for found in await find(db, SYSTEM, "ida bach")] == [other]
    assert [found.id for found in await find(db, SYSTEM, "ida holm")] == [one]
    assert [found.id for found in await find(db, SYSTEM, "piano")] == [other]


async def test_a_changed_name_takes_its_words_along_unless_another_has_them(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Quixwater"), seen("2", "Bo Holm"))
    await tell(db, till, seen("1", "Ida Holm", revision=2))
    assert await words(db) == {"ida", "bo", "holm"}
    await edited(db, SYSTEM, await guest_of(db, "2"), {"name": "Bo Ibsen"})
    # What the record says is found as well.
    assert await by(db, "bo holm") == [("Bo Ibsen", "name")]
    assert await words(db) == {"ida", "bo", "holm", "ibsen"}


async def test_guests_of_before_become_findable_in_the_background(pool: Pool, systems):
    till, _ = systems
    async with pool.connection() as db:
        people = [
            seen(f"{n}", f"Person{'abcdefghijklmnop'[n % 16]} Holm", notes=(Note("Terrace"),)) for n in range(120)
        ]
        await tell(db, till, *people)
        await db.execute("truncate search_word")
        await db.execute("update guest set search = array['holm'], updated_at = '2020-01-01'")
        await db.execute("insert into search_filling select 0")
        assert await by(db, "terrace") == []
    counts = []
    while done := await fill(pool):
        counts.append(done)
    assert counts == [100, 20]
    async with pool.connection() as db:
        assert len(await find(db, SYSTEM, "terrace", 200)) == 120
        assert len(await find(db, SYSTEM, "Persnoa", 200)) == 8
        assert await take(db, 1) == []
        cursor = await db.execute("select count(*) as n from guest where updated_at > '2020-01-01'")
        assert await cursor.fetchone() == {"n": 0}, "being found by more is no news of a guest"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("jesnen", "jensen"),
        ("jnsen", "jensen"),
        ("jenssen", "jensen"),
        ("hensen", "jensen"),
        ("lasr", "lars"),
        ("krsitenesn", "kristensen"),
        ("kristesnen", "kristensen"),
        ("christensen", "kristensen"),
        ("papadopulso", "papadopoulos"),
    ],
)
def test_words_a_slip_apart_have_something_in_common(typed, meant):
    assert {*near(typed)} & {*near(meant)}


def test_numbers_and_the_shortest_words_are_no_slips_of_others():
    assert near("bo") == near("2024") == near("b12") == []
    assert all(-(2**31) <= each < 2**31 for each in near("bartholomew"))
