"""What the score adds on arrival: joins, asks, and the guards against false merges. Records come as they do in life."""

from datetime import date, timedelta

import pytest

from servery.guests.apart import are_apart
from servery.guests.arrived import arrival
from servery.guests.candidates import look
from servery.guests.merge import merge, say_apart, undo
from servery.guests.suggest import suggestion_count, suggestions
from servery.model.guest import Birthday
from servery.model.viewer import Viewer
from tests.guests.told import guest_of, people, seen, tell

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")
BORN = Birthday(5, 17, 1980)
NEW_YEAR = Birthday(1, 1, 1990)
TOMORROW = date.today() + timedelta(days=1)  # noqa: DTZ011 (one that is tomorrow nowhere yet would do as well)


async def link_of(db, external_id):
    cursor = await db.execute("select link from source_guest where external_id = %s", [external_id])
    return (await cursor.fetchone())["link"]


async def asked(db):
    """Pairs of external ids that a person is asked about."""
    cursor = await db.execute("select id, external_id from source_guest")
    names = {row["id"]: row["external_id"] for row in await cursor.fetchall()}
    return sorted(
        tuple(sorted((names[one.record_id], names[one.other_record_id]))) for one in await suggestions(db, 50)
    )


async def test_a_nickname_with_the_same_birthday_and_postcode_joins_and_says_why(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Elizabeth Englefield", birthday=BORN, postcode="8000"))
    await tell(db, book, seen("2", "Liz Englefield", birthday=BORN, postcode="8000"))
    assert await people(db) == [["1", "2"]]
    link = await link_of(db, "2")
    assert (link["by"], link["author"]) == ("likeness", "rules")
    assert link["probability"] > 0.99
    assert {"comparison": "given", "level": "nickname"}.items() <= {
        key: value for one in link["reasons"] if one["comparison"] == "given" for key, value in one.items()
    }.items()


async def test_who_is_likely_is_asked_about_and_not_joined(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Englefield", "ida.englefield@x.dk", birthday=BORN))
    await tell(db, book, seen("2", "Ida Englefield", "ida.englefield@y.dk", city="Aarhus"))
    assert await people(db) == [["1"], ["2"]]
    [one] = await suggestions(db, 10)
    assert one.probability >= 0.5
    assert {reason.comparison for reason in one.reasons} >= {"given", "family", "email"}
    assert (one.guest_id, one.other_id) == (await guest_of(db, "1"), await guest_of(db, "2"))


async def test_a_suggestion_is_open_until_it_is_decided_and_again_when_that_is_taken_back(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Englefield", "ida.englefield@x.dk", birthday=BORN))
    await tell(db, book, seen("2", "Ida Englefield", "ida.englefield@y.dk"))
    one, two = await guest_of(db, "1"), await guest_of(db, "2")
    for decide in (merge, say_apart):
        assert await asked(db) == [("1", "2")]
        done = await decide(db, HOST, one, two)
        assert (await suggestion_count(db)).counted == 0
        await undo(db, HOST, done.id)
    assert await asked(db) == [("1", "2")]
    await say_apart(db, HOST, one, two)
    # For ever: also when the record is told anew and is even more alike.
    await tell(db, book, seen("2", "Ida Englefield", "ida.englefield@x.dk", birthday=BORN, revision=2))
    assert await people(db) == [["1"], ["2"]]
    assert await asked(db) == []
    assert await are_apart(db, one, two)


TWO = [
    # Twins.
    ("Maja Holm", {"birthday": BORN, "postcode": "8000"}, "Kaja Holm", {"birthday": BORN, "postcode": "8000"}),
    ("Maria Holm", {"birthday": BORN, "postcode": "8000"}, "Marie Holm", {"birthday": BORN, "postcode": "8000"}),
    ("Jens Holm", {"birthday": BORN, "postcode": "8000"}, "J. Holm", {"birthday": BORN, "postcode": "8000"}),
    # Namesakes born on one day.
    ("Peter Jensen", {"birthday": BORN}, "Peter Jensen", {"birthday": BORN}),
    ("Peter Jensen", {"birthday": BORN, "postcode": "8000"}, "Peter Jensen", {"birthday": BORN, "postcode": "2100"}),
    ("Peter Jensen", {"birthday": BORN, "email": "pj@x.dk"}, "Peter Jensen", {"birthday": BORN, "email": "qq@y.dk"}),
    ("Peter Jensen", {"birthday": BORN, "postcode": "8000", "phone": "+4520123456"},
     "Peter Jensen", {"birthday": BORN, "postcode": "8000", "phone": "+4530303030"}),
    # Born nobody knows when.
    ("Wei Zhang", {"birthday": NEW_YEAR, "postcode": "8000"}, "Wei Zhang", {"birthday": NEW_YEAR, "postcode": "8000"}),
    ("Mohammed Ali", {"birthday": NEW_YEAR, "city": "London"}, "Mohamed Ali", {"birthday": NEW_YEAR, "city": "London"}),
    # Not by the back door either, where the contact alone did not join them.
    ("Jensen", {"phone": "+4520123456", "postcode": "8000"}, "Anna Jensen",
     {"phone": "+4520123456", "postcode": "8000"}),
    ("Anders Lund", {"phone": "+4520123456", "birthday": BORN}, "Anders Land",
     {"phone": "+4520123456", "birthday": BORN}),
    ("Tina Holm", {"phone": "+4520123456", "email": "holm@x.dk", "postcode": "8000"}, "Nina Holm",
     {"phone": "+4520123456", "email": "holm@x.dk", "postcode": "8000"}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "facts", "other", "others"), TWO)
async def test_twins_and_namesakes_are_asked_about_and_not_joined(db, systems, one, facts, other, others):
    till, book = systems
    await tell(db, till, seen("1", one, **facts))
    await tell(db, book, seen("2", other, **others))
    assert await people(db) == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("one", "facts", "other", "others"),
    [
        ("Peter Jensen", {"birthday": BORN, "postcode": "8000"}, "Jensen, Peter",
         {"birthday": BORN, "postcode": "8000"}),
        ("Søren Englefield", {"birthday": BORN, "postcode": "8000"}, "Soren Englefield",
         {"birthday": BORN, "postcode": "8000", "email": "s@x.dk"}),
    ],
)  # fmt: skip
async def test_a_birthday_that_the_postcode_bears_out_joins_one_name(db, systems, one, facts, other, others):
    till, book = systems
    await tell(db, till, seen("1", one, **facts))
    await tell(db, book, seen("2", other, **others))
    assert await people(db) == [["1", "2"]]


async def test_a_slip_is_asked_about_where_one_contact_is_the_same_and_joined_where_both_are(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Jürgen Englefield", "j@x.dk", "+4520123456"))
    await tell(db, book, seen("2", "Jürgne Englefield", None, "+4520123456"))
    assert await people(db) == [["1"], ["2"]]
    assert await asked(db) == [("1", "2")]
    await tell(db, book, seen("2", "Jürgne Englefield", "j@x.dk", "+4520123456", revision=2))
    assert await people(db) == [["1", "2"]]


async def test_a_couple_on_one_phone_is_not_even_asked_about(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Hr. Englefield", phone="+4520123456"))
    await tell(db, book, seen("2", "Fru Englefield", phone="+4520123456"))
    assert await people(db) == [["1"], ["2"]]
    assert await asked(db) == []


async def test_another_birthday_speaks_against_a_shared_email(db, systems):
    till, book = systems
    await tell(db, till, seen("father", "Jens Holm", "holm@x.dk", birthday=Birthday(3, 1, 1950)))
    await tell(db, book, seen("son", "J Holm", "holm@x.dk", birthday=Birthday(9, 9, 1985)))
    assert await people(db) == [["father"], ["son"]]


async def test_a_relay_address_joins_nobody(db, systems):
    till, book = systems
    relay = "abc123@guest.booking.com"
    await tell(db, till, seen("1", "Ida Holm", relay), seen("2", "Bo Berg", relay))
    await tell(db, book, seen("3", "Ida H", relay))
    assert await people(db) == [["1"], ["2"], ["3"]]


async def test_a_company_s_phone_tells_nobody_from_anybody(db, systems):
    till, book = systems
    given = "Ida Bo Lars Mette Jens Anne Kurt Lise Poul Rikke Tine Ulla Viggo Asta".split()
    family = "Holm Berg Lund Dahl Friis Krog Bech Juhl Ravn Skov Toft Vang Winther Ibsen".split()
    names = [" ".join(one) for one in zip(given, family, strict=True)]
    colleagues = [seen(name, name, phone="+4533112233") for name in names]
    await tell(db, till, *colleagues)
    assert len(await people(db)) == len(colleagues)
    await tell(db, book, seen("same?", "I Holm", phone="+4533112233"))
    assert ["same?"] in await people(db)
    await tell(db, book, seen("nameless", None, phone="+4533112233"))
    assert ["nameless"] in await people(db)


async def test_a_family_on_one_phone_stays_a_family(db, systems):
    till, book = systems
    family = [seen(name, f"{name} Englefield", phone="+4520123456", postcode="8000") for name in ("Ida", "Bo", "Eva")]
    await tell(db, till, *family)
    await tell(db, book, *(seen(f"{one.external_id} again", one.guest.name, phone=one.guest.phone) for one in family))
    assert await people(db) == [["Bo", "Bo again"], ["Eva", "Eva again"], ["Ida", "Ida again"]]


async def test_nobody_to_remember_is_neither_joined_nor_asked_about(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Englefield", "ida@x.dk", birthday=BORN))
    await tell(db, book, seen("2", "Ida Englefield", "ida@x.dk", birthday=BORN, one_time=True))
    assert await people(db) == [["1"], ["2"]]
    assert await asked(db) == []


@pytest.mark.parametrize("name", ["", "X", "🍕🍕", "محمد علي", "李", "\u202eanna", "O'", "-"])
async def test_odd_names_are_somebody_and_nobody_else(db, systems, name):
    till, book = systems
    await tell(db, till, seen("1", name, "a@x.dk"), seen("2", name, "b@x.dk"))
    await tell(db, book, seen("3", name, "a@x.dk"), seen("4", "Ida Holm", "c@x.dk"))
    found = await people(db)
    assert ["2"] in found
    assert ["4"] in found
    assert [one for one in found if "1" in one] == [["1", "3"]]


@pytest.mark.parametrize(
    "facts",
    [
        {"email": "+45 20 12 34 56"},
        {"birthday": Birthday(1, 1, 1900)},
        {"birthday": Birthday(12, 31, 2999)},
        {"birthday": Birthday(TOMORROW.month, TOMORROW.day, TOMORROW.year)},
        {"phone": "ida@x.dk"},
    ],
)
async def test_what_stands_in_the_wrong_field_joins_nobody(db, systems, facts):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", **facts))
    await tell(db, book, seen("2", "Ida Holm", **facts), seen("3", "Bo Berg", **facts))
    assert ["3"] in await people(db)
    assert len(await people(db)) == 3


async def test_ten_thousand_records_with_one_phone_are_not_one_guest_and_take_no_longer_each(db, systems):
    till, _ = systems
    for start in range(0, 10_000, 500):
        await tell(db, till, *(
            seen(f"{n}", f"Guest{n:05} Family{n % 97:02}", phone="+4520123456") for n in range(start, start + 500)
        ))  # fmt: skip
    cursor = await db.execute("select count(*) as guests from guest where merged_into is null")
    assert (await cursor.fetchone())["guests"] == 10_000
    cursor = await db.execute("select contact from crowded_contact")
    assert [row["contact"] for row in await cursor.fetchall()] == ["+4520123456"]
    assert (await suggestion_count(db)).counted == 0
    # Whoever comes next is compared with nobody for the sake of that phone, however many there are.
    await tell(db, till, seen("next", "Nobody Elses", phone="+4520123456"))
    cursor = await db.execute("select id from source_guest where external_id = 'next'")
    came = await arrival(db, [(await cursor.fetchone())["id"]])
    found = await look(db, came.records)
    assert [one.id for one in found.related] == [one.known.id for one in came.records]
    assert not any(found.candidates.values())


async def test_a_name_that_hundreds_bear_is_compared_with_few(db, systems):
    till, _ = systems
    for start in range(0, 200, 100):
        await tell(db, till, *(seen(f"{n}", "Jens Jensen", f"jens{n}@x.dk") for n in range(start, start + 100)))
    await tell(db, till, seen("next", "Jens Jensen"))
    cursor = await db.execute("select id from source_guest where external_id = 'next'")
    came = await arrival(db, [(await cursor.fetchone())["id"]])
    [candidates] = (await look(db, came.records)).candidates.values()
    assert 0 < len(candidates) <= 20
    assert len(await people(db)) == 201
