"""Finding by slips, in other scripts, by what is noted, by role, and whatever else somebody may type."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from servery.app.arrive import arrive
from servery.guests.fitting import alike, quote
from servery.guests.search import LONGEST, find
from servery.model.changes import CheckSeen, GuestSeen
from servery.model.guest import Note, SourceGuest
from servery.model.order import Check, Line
from servery.model.venue import Venue
from servery.model.viewer import ROLES, SYSTEM, Viewer
from servery.storage.pool import Connection, open_pool
from servery.sync.connections import add_connection, link_location, places
from servery.venues.rows import add_venue

PEOPLE = {
    "1": SourceGuest(name="Lars Jensen", tags=("Regular", "Wine club"), notes=(Note("Prefers the window, table 12."),)),
    "2": SourceGuest(name="Ida Kristensen", allergies=("Peanuts",), notes=(Note("Brings her dog Regular"),)),
    "3": SourceGuest(name="Bartholomew Featherstonehaugh", preferences=("Vegan",)),
    "4": SourceGuest(name="Γιώργος Παπαδόπουλος"),
    "5": SourceGuest(name="Иван Иванов"),
    "6": SourceGuest(name="محمد الأحمد", notes=(Note("يفضل الطاولة الهادئة"),)),
    "7": SourceGuest(name="王小明"),
    "8": SourceGuest(name="Nguyễn Thị Hương"),
    "9": SourceGuest(name="Zoë D'Arcy"),
    "10": SourceGuest(name="Window Cleaner"),
    "11": SourceGuest(name='100% "Quoted" _under\\score_'),
}
pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def house(shared_database: str) -> str:
    """A database with these people in it."""

    async def arrived() -> None:
        async with open_pool(shared_database, largest=1) as pool, pool.connection() as db:
            book = await add_connection(db, "Book", "resos", {}, None)
            await arrive(db, book, {}, [GuestSeen(number, 1, person) for number, person in PEOPLE.items()])

    asyncio.run(arrived())
    return shared_database


@pytest.fixture
async def db(house: str) -> AsyncIterator[Connection]:
    async with open_pool(house, largest=1) as pool, pool.connection() as db:
        yield db
        await db.rollback()


def check_of(guest: str, day: int) -> Check:
    at = datetime(2026, 3, 6, 18, tzinfo=UTC) + timedelta(days=day)
    lines = (Line(name="Sole", amount=100),)
    return Check(currency="DKK", opened_at=at, closed_at=at + timedelta(hours=1), guest_id=guest, lines=lines)


async def names(db: Connection, text: str, role: str = "owner") -> list[str | None]:
    viewer = Viewer("person", 1, "Rosa", role)  # type: ignore[arg-type]
    return [one.name for one in await find(db, viewer, text)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("Lasr", "Lars Jensen"),
        ("Lrs Jensen", "Lars Jensen"),
        ("Kars Jensne", "Lars Jensen"),
        ("Hensen", "Lars Jensen"),
        ("Iad Kristensen", "Ida Kristensen"),
        ("Krsitenesn", "Ida Kristensen"),
        ("Krsiten", "Ida Kristensen"),
        ("Fetherstonhaugh", "Bartholomew Featherstonehaugh"),
        ("Bartolomev", "Bartholomew Featherstonehaugh"),
        ("Παπαδοπουλος", "Γιώργος Παπαδόπουλος"),
        ("Παπαδόπολους", "Γιώργος Παπαδόπουλος"),
        ("Papadopoulos", "Γιώργος Παπαδόπουλος"),
        ("иванов", "Иван Иванов"),
        ("Ivanov", "Иван Иванов"),
        ("الأحمد", "محمد الأحمد"),
        ("王小", "王小明"),
        ("huong nguyen", "Nguyễn Thị Hương"),
        ("zoe darcy", "Zoë D'Arcy"),
        ("zoe d'arcy", "Zoë D'Arcy"),
    ],
)
async def test_a_name_is_found_in_any_script_and_with_slips(db: Connection, typed: str, first: str):
    assert (await names(db, typed))[:1] == [first]


@pytest.mark.parametrize(
    ("typed", "name", "by", "shown"),
    [
        ("wine", "Lars Jensen", "tag", "[Wine] club"),
        ("wine club", "Lars Jensen", "tag", "[Wine] [club]"),
        ("jensen regular", "Lars Jensen", "tag", "[Regular]"),
        ("table 12", "Lars Jensen", "note", "Prefers the window, [table] [12]."),
        ("tabel", "Lars Jensen", "note", "Prefers the window, [table] 12."),
        ("dog", "Ida Kristensen", "note", "Brings her [dog] Regular"),
        ("penuts", "Ida Kristensen", "allergy", "[Peanuts]"),
        ("vega", "Bartholomew Featherstonehaugh", "preference", "[Vegan]"),
        ("الهادئة", "محمد الأحمد", "note", "يفضل الطاولة [الهادئة]"),
    ],
)
async def test_what_is_noted_is_found_and_shown(db: Connection, typed: str, name: str, by: str, shown: str):
    found = (await find(db, SYSTEM, typed))[0]
    assert (found.name, found.by) == (name, by)
    assert found.quote is not None
    text = found.quote.text
    for start, end in reversed(found.quote.marks):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    assert text == shown


async def test_a_name_comes_before_a_note_and_a_tag_before_both_notes(db: Connection):
    assert await names(db, "window") == ["Window Cleaner", "Lars Jensen"]
    assert [(one.name, one.by) for one in await find(db, SYSTEM, "regular")] == [
        ("Lars Jensen", "tag"),
        ("Ida Kristensen", "note"),
    ]


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_finds_by_what_they_may_not_read(db: Connection, role: str):
    viewer = Viewer("person", 1, "Rosa", role)  # type: ignore[arg-type]
    notes, health = viewer.may("see_notes"), viewer.may("see_allergies")
    assert await names(db, "dog", role) == (["Ida Kristensen"] if notes else [])
    assert await names(db, "dgo brigns", role) == (["Ida Kristensen"] if notes else [])
    assert await names(db, "vegan", role) == (["Bartholomew Featherstonehaugh"] if notes else [])
    assert await names(db, "peanuts", role) == (["Ida Kristensen"] if health else [])
    assert await names(db, "club", role) == ["Lars Jensen"]
    shown = [one.quote.text for one in await find(db, viewer, "regular") if one.quote]
    assert shown == (["Regular", "Brings her dog Regular"] if notes else ["Regular"])


async def test_of_equals_who_came_last_comes_first(db: Connection):
    venue = Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK")
    till = await add_connection(db, "Till", "square", {}, None)
    await link_location(db, till, "L", await add_venue(db, venue))
    twins = [GuestSeen(f"t{day}", 1, SourceGuest(name="Nora Twin")) for day in range(4)]
    checks = [CheckSeen(f"c{day}", 1, "L", check_of(f"t{day}", day)) for day in (2, 1, 3)]
    await arrive(db, till, await places(db, till), [*twins, *checks])
    cursor = await db.execute("select external_id, guest_id from source_guest where connection_id = %s", [till])
    numbers = {row["guest_id"]: row["external_id"] for row in await cursor.fetchall()}
    assert [numbers[one.id] for one in await find(db, SYSTEM, "nora twin")] == ["t3", "t2", "t1", "t0"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("l", {"Lars Jensen"}),
        ("王", {"王小明"}),
        ("   ", set()),
        ("\u200f\u202e", set()),
        ("🎂", set()),
        ("👩‍👩‍👧 lars 🎂", {"Lars Jensen"}),
        ("%", set()),
        ("_", set()),
        ("%%%%", set()),
        ("100%", {'100% "Quoted" _under\\score_'}),
        ("l%s", set()),
        ("'", set()),
        ("'; drop table guest; --", set()),
        ("' or ''='", set()),
        ('"quoted"', {'100% "Quoted" _under\\score_'}),
        ("\\", set()),
        ("under\\score", {'100% "Quoted" _under\\score_'}),
        ("{}", set()),
        ("lars\0jensen", set()),
        ("lars \0jensen", {"Lars Jensen"}),
        ("\ud800 lars", {"Lars Jensen"}),
        ("+regular", {"Lars Jensen", "Ida Kristensen"}),
        ("~dog", {"Ida Kristensen"}),
        ("^l", {"Lars Jensen"}),
        ("xqzw", set()),
        ("1", {"Lars Jensen", '100% "Quoted" _under\\score_'}),
    ],
)
async def test_whatever_is_typed(db: Connection, typed: str, found: set[str]):
    assert {*await names(db, typed)} == found


@pytest.mark.parametrize("long", ["b" * 10_000, "lars " * 2_000, "١" * 10_000, "%" * 10_000, "🎂" * 10_000])
async def test_ten_thousand_characters(db: Connection, long: str):
    assert {*await names(db, long)} <= {"Lars Jensen"}
    assert await names(db, "lars jensen".ljust(LONGEST) + long) == ["Lars Jensen"]


async def test_right_to_left_is_quoted_as_it_is_written():
    found = quote("يفضل الطاولة الهادئة", ["الهادءه", "الطاوله"])
    assert found.text == "يفضل الطاولة الهادئة"


async def test_of_a_long_note_what_fits_is_shown():
    note = "Comes on Fridays. " * 10 + "Proposed at the piano to his wife. " + "Drinks tea. " * 40
    found = quote(note, ["piano"])
    assert len(found.text) < 120
    assert found.text.startswith("… ") and found.text.endswith(" …")
    ((start, end),) = found.marks
    assert found.text[start:end] == "piano"
    endless = quote("x" * 5_000, ["y"])
    assert len(endless.text) < 120 and endless.marks == ()


def test_a_slip_in_a_short_word_weighs_more():
    assert alike("jensen", "jensen") > alike("jens", "jensen") > alike("jesnen", "jensen") > alike("lasr", "lars") > 0
    assert alike("bo", "ba") == alike("12", "13") == alike("123", "124") == 0


async def test_both_kinds_of_postgresql_find_alike(database_on_both: str):
    async with open_pool(database_on_both, largest=1) as pool, pool.connection() as db:
        book = await add_connection(db, "Book", "resos", {}, None)
        await arrive(db, book, {}, [GuestSeen(number, 1, person) for number, person in PEOPLE.items()])
        for text, name in (
            ("Krsitenesn", "Ida Kristensen"),
            ("jensen wine", "Lars Jensen"),
            ("penuts", "Ida Kristensen"),
        ):
            assert (await names(db, text))[:1] == [name], text
        await arrive(db, book, {}, [GuestSeen("2", 2, SourceGuest(name="Ida Holm"))])
        assert await names(db, "penuts") == []
