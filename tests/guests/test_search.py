from collections.abc import AsyncIterator

import pytest

from servery.app.arrive import arrive
from servery.errors import Forbidden
from servery.guests.fitting import score_of
from servery.guests.search import find
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.viewer import SYSTEM, Role, Viewer
from servery.storage.names import fold
from servery.storage.pool import Connection, open_pool
from servery.sync.connections import add_connection

PEOPLE = {
    "1": SourceGuest(name="Søren Jensen", email="soren@example.com", phone="+45 20 12 34 56"),
    "2": SourceGuest(name="Sofie Jensen", email="sofie.jensen@example.com", phone="+45 20 99 34 56"),
    "3": SourceGuest(name="Jens Sørensen", email="info@example.com"),
    "4": SourceGuest(name="Maria Østergaard", phone="+49 171 1234567"),
    "5": SourceGuest(name="Kristensen"),
    "6": SourceGuest(name="Anna-Lise O'Neill"),
    "100457": SourceGuest(),
    "8": SourceGuest(name="Jørgen"),
}


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with open_pool(database, largest=1) as pool, pool.connection() as db:
        await add_connection(db, "Older", "resos", {}, None)
        book = await add_connection(db, "Book", "resos", {}, None)
        await arrive(db, book, {}, [GuestSeen(number, 1, person) for number, person in PEOPLE.items()])
        yield db


async def names(db: Connection, text: str) -> list[str | None]:
    return [one.name or one.reference for one in await find(db, SYSTEM, text)]


pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("Søren Jensen", "Søren Jensen"),
        ("soren jensen", "Søren Jensen"),
        ("JENSEN SØREN", "Søren Jensen"),
        ("soeren jens", "Søren Jensen"),
        ("sof", "Sofie Jensen"),
        ("Sofie Jensn", "Sofie Jensen"),
        ("Kristesnen", "Kristensen"),
        ("Christensen", "Kristensen"),
        ("oestergard", "Maria Østergaard"),
        ("anna lise neil", "Anna-Lise O'Neill"),
        ("jørg", "Jørgen"),
    ],
)
async def test_a_name_is_found_however_it_is_typed(db: Connection, typed: str, first: str):
    assert (await names(db, typed))[:1] == [first]


async def test_the_name_as_typed_comes_before_names_that_begin_so(db: Connection):
    found = await find(db, SYSTEM, "jens")
    assert [one.name for one in found] == ["Jens Sørensen", "Sofie Jensen", "Søren Jensen"]
    assert found[0].score > found[1].score


async def test_nobody_is_found_by_a_name_that_nobody_has(db: Connection):
    assert await names(db, "Hviid Rasmussen") == []
    assert await names(db, "Søren Østergaard") == []
    assert await names(db, "   ") == []


@pytest.mark.parametrize("typed", ["soren@example.com", "SOREN@EX", "sor", "soren"])
async def test_an_address_is_found_by_its_beginning(db: Connection, typed: str):
    assert any(one.email == "soren@example.com" for one in await find(db, SYSTEM, typed))


async def test_a_whole_address_is_certain_and_one_that_only_begins_alike_is_not_it(db: Connection):
    assert [(one.name, one.by, one.score) for one in await find(db, SYSTEM, "soren@example.com")] == [
        ("Søren Jensen", "email", 100)
    ]
    assert await names(db, "soren@example.org") == []


async def test_an_address_from_an_older_record_finds_its_guest(db: Connection):
    person = SourceGuest(name="Søren Jensen", email="old@example.com", phone="+4520123456")
    await arrive(db, 1, {}, [GuestSeen("x", 1, person)])
    await arrive(
        db, 1, {}, [GuestSeen("y", 2, SourceGuest(name="Søren Jensen", phone="+4520123456", email="new@example.com"))]
    )
    assert await names(db, "old@example.com") == ["Søren Jensen"]


@pytest.mark.parametrize("typed", ["3456", "20123456", "+45 20 12 34 56", "20 12 34 56", "4520123456"])
async def test_a_phone_is_found_by_its_end(db: Connection, typed: str):
    assert "Søren Jensen" in await names(db, typed)


async def test_a_number_with_a_trunk_zero_finds_the_international_one(db: Connection):
    assert await names(db, "0171 1234567") == ["Maria Østergaard"]


async def test_an_end_that_two_numbers_share_finds_both(db: Connection):
    assert set(await names(db, "3456")) == {"Søren Jensen", "Sofie Jensen"}
    assert await names(db, "456") == []


async def test_the_number_at_the_source_finds_who_has_no_name(db: Connection):
    assert [(one.reference, one.by) for one in await find(db, SYSTEM, "100457")] == [("100457", "reference")]


async def test_a_role_without_contact_details_neither_sees_nor_finds_by_them(db: Connection):
    server = Viewer("person", 1, "Sanne", "server")
    assert await find(db, server, "soren@example.com") == []
    assert await find(db, server, "20123456") == []
    (found,) = await find(db, server, "Søren Jensen")
    assert (found.email, found.phone) == (None, None)


async def test_who_may_not_see_guests_is_refused(db: Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Viewer, "may", lambda self, right: right != "see_guests")
    role: Role = "host"
    with pytest.raises(Forbidden):
        await find(db, Viewer("person", 1, "Nobody", role), "Jensen")


async def test_absorbed_guests_are_found_once(db: Connection):
    both = SourceGuest(name="Søren Jensen", email="soren@example.com", phone="+4520123456")
    await arrive(db, 1, {}, [GuestSeen("a", 1, SourceGuest(name="Søren Jensen", email="sj@example.com"))])
    assert len(await find(db, SYSTEM, "Søren Jensen")) == 2
    await arrive(db, 1, {}, [GuestSeen("a", 2, SourceGuest(name="Søren Jensen", email=both.email))])
    assert [one.name for one in await find(db, SYSTEM, "Søren Jensen")] == ["Søren Jensen"]


async def test_the_limit_keeps_the_best(db: Connection):
    assert [one.name for one in await find(db, SYSTEM, "jens", limit=1)] == ["Jens Sørensen"]


def score(typed: str, name: str) -> float:
    return score_of(fold(typed).split(), fold(name).split())


def test_scores_fall_from_the_same_over_the_begun_to_the_misspelt():
    same, longer, begun, slip, other = (
        score("Jensen", name) for name in ("Jensen", "Søren Jensen", "Jensenius", "Jansen", "Hansen")
    )
    assert same == 100
    assert same > longer > begun > slip > other == 0


def test_more_words_than_the_name_has_are_no_match():
    assert score("Anna Lise Holm", "Anna Holm") == 0
