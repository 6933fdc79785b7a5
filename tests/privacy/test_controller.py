"""Who answers for guests' data: kept as written, told to guests, changed by nobody unseen."""

from collections.abc import Callable

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from servery.accounts.audit import actions
from servery.app.erasing import erase_guest
from servery.app.privacy import RoomPrivacy
from servery.connectors import registry
from servery.errors import Forbidden, Invalid, Refuse
from servery.language.words import LANGUAGES, words
from servery.model.viewer import SYSTEM, Viewer
from servery.privacy.controller import LONGEST, Controller, Written, checked, write, written
from servery.privacy.register import Register, register
from servery.settings import read_settings
from servery.web.privacy.paper import notice_html, register_html
from tests.privacy.planted import EMAIL, NAME, Planted

HAVNEN = Controller(
    name="Havnen ApS",
    address="Havnegade 1\n1058 København K\nDanmark",
    email="privat@havnen.example",
    phone="+45 33 12 34 56",
    website="https://havnen.example/privat",
    officer="Dorte Ravn\ndpo@havnen.example",
    authority="Datatilsynet",
    authority_website="https://www.datatilsynet.dk",
)
BARE = Controller(name="Ida Holm", address="Torvet 2, 6100 Haderslev", email="ida@holm.example")
ROSA = Viewer("person", 1, "Rosa", "owner")


def as_told(text: str) -> bool:
    return "@" in text


def to(controller: Controller) -> Callable[[Written], Controller]:
    return lambda _: controller


@pytest.fixture
def room(planted: Planted) -> RoomPrivacy:
    return RoomPrivacy(planted.pool, read_settings({"SERVERY_HOME": str(planted.home)}))


async def registered(planted: Planted) -> Register:
    async with planted.pool.connection() as db:
        return await register(db, {one.name: one for one in registry.manifests()})


def test_what_is_right_is_kept_as_it_was_written() -> None:
    assert checked(HAVNEN, as_told) == HAVNEN
    assert checked(BARE, as_told) == BARE


def test_lines_stay_lines_and_blanks_that_say_nothing_go() -> None:
    typed = structs.replace(
        BARE, name="  Ida\u00a0 Holm\n", address="Torvet  2 \r\n\r\n 6100 Haderslev\r", phone=" ", website=""
    )
    told = checked(typed, as_told)
    assert (told.name, told.address) == ("Ida Holm", "Torvet 2\n6100 Haderslev")
    assert told.phone is told.website is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " \n "),
        ("name", "Hav\0nen"),
        ("address", "\r\n"),
        ("email", ""),
        ("email", "havnen.example"),
        ("phone", "1234"),
        ("phone", "ask for Ida"),
        ("website", "havnen.example"),
        ("website", "javascript:alert(1)"),
        ("website", "ftp://havnen.example"),
        ("website", "https://"),
        ("website", "https://[havnen"),
        ("website", "https://havnen.example:x"),
        ("website", "https://ida:secret@havnen.example"),
        ("website", "https://havnen.example/a b"),
        ("authority_website", "datatilsynet.dk"),
        ("authority", ""),
        *((field, "1" * (most + 1)) for field, most in LONGEST.items()),
    ],
)
def test_what_cannot_be_is_told_at_its_field(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(structs.replace(HAVNEN, **{field: value}), as_told)
    assert refused.value.field == field and refused.value.told()


@given(st.fixed_dictionaries({name: st.text(max_size=30) for name in Controller.__struct_fields__}))
def test_whatever_is_typed_is_refused_at_a_field_or_stays_as_it_is_kept(typed: dict[str, str]) -> None:
    try:
        kept = checked(Controller(**typed), as_told)
    except Invalid as refused:
        assert refused.field in LONGEST
    else:
        assert checked(kept, as_told) == kept and kept.name and kept.address


@pytest.mark.anyio
async def test_it_is_written_down_and_taken_back_by_whom_and_when(planted: Planted, room: RoomPrivacy) -> None:
    assert await room.controller(ROSA) == Written(controller=None, revision=0, changed_at=None)
    first = await room.write_controller(ROSA, to(BARE))
    assert (first.controller, first.revision) == (BARE, 1) and first.changed_at
    second = await room.write_controller(ROSA, to(HAVNEN))
    assert await room.write_controller(ROSA, to(HAVNEN)) == second == await room.controller(ROSA)
    with pytest.raises(Refuse, match="nothing was taken back"):
        await room.take_back_controller(ROSA, first.revision)
    assert (await room.take_back_controller(ROSA, second.revision)).controller == BARE
    async with planted.pool.connection() as db:
        told = await actions(db)
    assert [(one.action, one.detail) for one in told] == [
        ("controller-taken-back", {"fields": ["name", "address", "email", "phone", "website", "officer", "authority",
                                              "authority_website"]}),
        ("controller-written", {"fields": ["name", "address", "email", "phone", "website", "officer", "authority",
                                           "authority_website"]}),
        ("controller-written", {"fields": ["name", "address", "email"]}),
    ]  # fmt: skip
    assert {(one.viewer_kind, one.viewer_id) for one in told} == {("person", 1)}


@pytest.mark.anyio
async def test_the_first_can_be_taken_back_to_nobody(room: RoomPrivacy) -> None:
    await room.write_controller(ROSA, to(BARE))
    assert (await room.take_back_controller(ROSA, 1)).controller is None


@pytest.mark.anyio
async def test_what_is_refused_changes_nothing(planted: Planted, room: RoomPrivacy) -> None:
    await room.write_controller(ROSA, to(BARE))
    for field, value in (("email", "+45 33 12 34 56"), ("email", "ida@holm"), ("website", "havnen.example")):
        with pytest.raises(Invalid) as refused:
            await room.write_controller(ROSA, to(structs.replace(HAVNEN, **{field: value})))
        assert refused.value.field == field
    with pytest.raises(Forbidden):
        await room.write_controller(Viewer("person", 2, "Bo", "host"), to(HAVNEN))
    async with planted.pool.connection() as db:
        assert (await written(db)).controller == BARE and len(await actions(db)) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("language", LANGUAGES)
async def test_guests_and_authorities_are_told(planted: Planted, room: RoomPrivacy, language: str) -> None:
    await room.write_controller(SYSTEM, to(structs.replace(HAVNEN, name="Havnen & Søn <ApS>")))
    found = await registered(planted)
    for paper in (notice_html(found, words(language)), register_html(found, words(language))):
        for said in (
            "Havnen &amp; Søn &lt;ApS&gt;", "Havnegade 1\n1058 København K", 'href="mailto:privat@havnen.example"',
            "+45 33 12 34 56", 'href="https://havnen.example/privat"', "Dorte Ravn", "Havnen<",
        ):  # fmt: skip
            assert said in paper, said
    assert 'href="https://www.datatilsynet.dk"' in notice_html(found, words(language))


@pytest.mark.anyio
async def test_only_staff_is_told_that_nobody_is_written_down(planted: Planted, room: RoomPrivacy) -> None:
    found, spoken = await registered(planted), words("en")
    for paper in (notice_html, register_html):
        assert "/privacy#controller-title" not in paper(found, spoken)
        assert "/privacy#controller-title" in paper(found, spoken, for_staff=True)
    await room.write_controller(SYSTEM, to(BARE))
    found = await registered(planted)
    for paper in (notice_html, register_html):
        assert "/privacy#controller-title" not in paper(found, spoken, for_staff=True)


@pytest.mark.anyio
async def test_two_who_write_at_once_write_one_after_the_other(planted: Planted, room: RoomPrivacy) -> None:
    seen: list[int] = []

    def change(now: Written) -> Controller:
        seen.append(now.revision)
        return HAVNEN

    async with anyio.create_task_group() as others, planted.pool.connection() as db:
        await written(db, keep=True)
        others.start_soon(room.write_controller, ROSA, change)
        with anyio.fail_after(60):
            while not await waiting_for_others(planted):
                await anyio.sleep(0.01)
        assert seen == []
        await write(db, BARE)
    assert seen == [1] and (await room.controller(ROSA)).revision == 2


async def waiting_for_others(planted: Planted) -> bool:
    async with planted.pool.connection() as db:
        cursor = await db.execute(
            "select exists (select from pg_stat_activity where datname = current_database() "
            "and cardinality(pg_blocking_pids(pid)) > 0) as there"
        )
        row = await cursor.fetchone()
    return bool(row and row["there"])


@pytest.mark.anyio
async def test_who_answers_stays_when_they_are_erased_as_a_guest(planted: Planted, room: RoomPrivacy) -> None:
    guest = await planted.known_guest()
    owner = structs.replace(HAVNEN, name=NAME, email=EMAIL)
    await room.write_controller(ROSA, to(owner))
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert (await room.controller(ROSA)).controller == owner
