"""Who lives together, as records of systems arrive: never one guest, and asked about with care."""

from itertools import permutations

import pytest

from servery.guests.suggest import suggestions
from servery.model.guest import Birthday
from tests.guests.told import people, seen, tell

pytestmark = pytest.mark.anyio
BORN = Birthday(5, 17, 1980)


async def asked(db):
    """Pairs of external ids that a person is asked about, with how likely they are told to be one."""
    cursor = await db.execute("select id, external_id from source_guest")
    names = {row["id"]: row["external_id"] for row in await cursor.fetchall()}
    return {
        tuple(sorted((names[one.record_id], names[one.other_record_id]))): round(one.probability, 3)
        for one in await suggestions(db, 50)
    }


HOUSE = {"email": "brandt@x.dk"}


@pytest.mark.parametrize("order", [*permutations("KIL")])
async def test_an_initial_is_nobody_s_of_a_house_known_before_it_and_asked_where_it_was_not(db, systems, order):
    names = {"I": "Karin Brandt", "L": "Karl Brandt", "K": "K. Brandt"}
    for one in order:
        await tell(db, systems[0], seen(one, names[one], **HOUSE))
    found, questions = await people(db), await asked(db)
    assert not any({"I", "L"} <= set(guest) for guest in found)
    assert any("K" in pair for pair in questions)
    if order[2] == "K":
        assert found == [["I"], ["K"], ["L"]]
    else:
        # It joined whoever came first; of the other a person is asked, and told that they may be two of one house.
        assert set(questions.values()) == {0.9}


@pytest.mark.parametrize("order", [*permutations("KIL")])
async def test_records_of_one_set_show_all_together_that_a_contact_is_several_people_s(db, systems, order):
    names = {"I": "Karin Brandt", "L": "Karl Brandt", "K": "K. Brandt"}
    await tell(db, systems[0], *(seen(one, names[one], **HOUSE) for one in order))
    assert await people(db) == [["I"], ["K"], ["L"]]


@pytest.mark.parametrize("order", [*permutations(["none", "1960", "1990"])])
async def test_a_mother_and_a_daughter_are_two_whichever_record_came_first(db, systems, order):
    for one in order:
        born = Birthday(1, 2, int(one)) if one != "none" else None
        await tell(db, systems[0], seen(one, "Anna Vinther", "v@x.dk", "+4520123456", birthday=born))
    found, questions = await people(db), await asked(db)
    assert not any({"1960", "1990"} <= set(guest) for guest in found)
    assert any("none" in pair for pair in questions)
    if order[2] == "none":
        assert ["none"] in found


@pytest.mark.parametrize("order", [*permutations(["none", "1960", "1990"])])
async def test_of_a_set_who_says_no_birthday_is_nobody_s_of_two_who_say_different_ones(db, systems, order):
    days = {"none": None, "1960": Birthday(1, 2, 1960), "1990": Birthday(3, 4, 1990)}
    told = (seen(one, "Anna Vinther", "v@x.dk", "+4520123456", birthday=days[one]) for one in order)
    await tell(db, systems[0], *told)
    assert await people(db) == [["1960"], ["1990"], ["none"]]
    # And whoever says it again is known by it.
    await tell(db, systems[1], seen("again", "Anna Vinther", "v@x.dk", birthday=days["1990"]))
    assert ["1990", "again"] in await people(db)


async def test_a_record_that_comes_to_have_another_birthday_leaves_and_one_a_slip_apart_stays(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"))
    await tell(db, book, seen("2", "Ida Holm", "i@x.dk", birthday=BORN))
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", birthday=Birthday(5, 18, 1980), revision=2))
    assert await people(db) == [["1", "2"]]
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk", birthday=Birthday(9, 9, 1950), revision=3))
    assert await people(db) == [["1"], ["2"]]


async def test_twins_and_spouses_are_not_proposed(db, systems):
    shared = {"email": "kvistgaard@x.dk", "phone": "+4520123456", "postcode": "8000"}
    await tell(
        db, systems[0], *(seen(name, f"{name} Kvistgaard", **shared, birthday=BORN) for name in ("Mats", "Sofie"))
    )
    assert await people(db) == [["Mats"], ["Sofie"]]
    assert await asked(db) == {}


@pytest.mark.parametrize(
    "names", [("Maja Holm", "Kaja Holm"), ("Maria Holm", "Marie Holm"), ("Bo Holm", "Bo Holm Jr.")]
)
async def test_who_may_be_two_of_a_house_is_asked_about_behind_all_others(db, systems, names):
    shared = {"email": "holm@x.dk", "phone": "+4520123456", "postcode": "8000", "birthday": BORN}
    await tell(db, systems[0], *(seen(name, name, **shared) for name in names))
    assert await asked(db) == {tuple(sorted(names)): 0.9}


async def test_who_took_another_family_name_is_asked_about_as_before(db, systems):
    shared = {"email": "ida@x.dk", "phone": "+4520123456", "postcode": "8000", "birthday": BORN}
    await tell(db, systems[0], *(seen(name, name, **shared) for name in ("Ida Kvistgaard", "Ida Ravnsborg")))
    assert await people(db) == [["Ida Kvistgaard"], ["Ida Ravnsborg"]]
    [likely] = (await asked(db)).values()
    assert likely > 0.99
