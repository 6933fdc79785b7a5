"""Guest data from end to end: the night's work, who may see what, and that everything is written down."""

from datetime import UTC, datetime, timedelta

import pytest

from servery.app import hygiene, tidying
from servery.app.hygiene import RoomHygiene
from servery.app.tagging import renew
from servery.errors import Forbidden, Invalid, NotFound
from servery.guests.hygiene import ageing, mending
from servery.model.changes import ReservationSeen, revision_at
from servery.model.reservation import Reservation
from servery.model.viewer import RIGHTS, ROLES, SYSTEM, Viewer
from tests.guests.told import golden_of, guest_of, seen, tell, two_systems

NOW = datetime.now(UTC)


def viewer(role):
    return Viewer("person", 1, "Rosa", role)


@pytest.fixture
async def room(pool):
    """Two guests: one whose address has a slip and who came, one of whom nothing was heard for five years."""
    async with pool.connection() as db:
        _, book = await two_systems(db)
        long_ago = revision_at(NOW - timedelta(days=1900))
        at = NOW - timedelta(days=9)
        await tell(
            db,
            book,
            seen("slip", "ANNA BERG", email="anna@gmial.com"),
            seen("old", "Bo Dahl", phone="20123456", preferences=("window",), revision=long_ago),
            ReservationSeen(
                "r", 1, "nord", Reservation(starts_at=at, party_size=2, status="finished", guest_id="slip")
            ),
        )
    return RoomHygiene(pool)


@pytest.mark.anyio
@pytest.mark.parametrize("role", ROLES)
async def test_each_deed_needs_its_right(room, role):
    deeds = {
        "mend_guests": [room.shown, room.look],
        "make_rules": [room.old, room.leave_out],
    }
    for right, asked in deeds.items():
        for deed in asked:
            if right in RIGHTS[role]:
                await deed(viewer(role))
            else:
                with pytest.raises(Forbidden):
                    await deed(viewer(role))
    refused = [room.items(viewer(role), 1)] if "mend_guests" not in RIGHTS[role] else []
    refused += [room.choose(viewer(role), "phone", 36), room.undo(viewer(role), 1)] if role == "marketer" else []
    for deed in refused:
        with pytest.raises(Forbidden):
            await deed


@pytest.mark.anyio
async def test_contact_details_are_for_who_sees_them(room, pool, monkeypatch):
    await room.look(SYSTEM)
    here = (await room.shown(SYSTEM)).lists[0]
    [item] = (await room.items(viewer("marketer"), here.id)).items
    assert (item.email, item.meant) == ("anna@gmial.com", "anna@gmail.com")
    # No role mends without seeing contact details today; one that does is shown none.
    monkeypatch.setitem(RIGHTS, "server", RIGHTS["server"] | {"mend_guests"})
    [item] = (await room.items(viewer("server"), here.id)).items
    assert (item.name, item.email, item.phone, item.meant) == ("Anna Berg", None, None, None)


@pytest.mark.anyio
async def test_a_preview_leaves_out_what_the_viewer_may_not_see(room, monkeypatch):
    kinds = {one.kind for one in (await room.old(SYSTEM, preview=True)).preview.oldest}
    assert kinds == {"phone", "preference"}
    monkeypatch.setitem(RIGHTS, "marketer", RIGHTS["marketer"] | {"make_rules"})
    found = (await room.old(viewer("marketer"), preview=True)).preview
    assert {one.kind for one in found.oldest} == {"phone"} and found.counts == {"phone": 1, "preference": 1}


@pytest.mark.anyio
async def test_a_look_at_a_list_is_written_down(room, pool):
    await room.look(SYSTEM)
    here = (await room.shown(SYSTEM)).lists[0]
    await room.items(viewer("manager"), here.id)
    async with pool.connection() as db:
        cursor = await db.execute("select guest_id from guest_look where viewer_kind = 'person'")
        assert [row["guest_id"] for row in await cursor.fetchall()] == [await guest_of(db, "slip")]


@pytest.mark.anyio
async def test_a_night_makes_the_lists_and_leaves_out_what_is_old_once(room, pool):
    await room.choose(viewer("owner"), "phone", 36)
    async with pool.connection() as db:
        assert await tidying.nightly(db)
        assert not await tidying.nightly(db)
    await renew(pool)
    shown = await room.shown(SYSTEM)
    assert [one.counts for one in shown.lists] == [{"email_slip": 1}, {}]
    assert sum(one.guests for one in shown.lists) == 2
    async with pool.connection() as db:
        assert (await golden_of(db, "old")).phone is None
        [run] = await ageing.runs(db)
        assert (run.counts, run.author) == ({"phone": 1}, "system:0")
        cursor = await db.execute("select action from action order by id")
        assert [row["action"] for row in await cursor.fetchall()] == ["ageing-chosen", "facts-aged"]
    await room.undo(viewer("owner"), run.id)
    await renew(pool)
    async with pool.connection() as db:
        assert (await golden_of(db, "old")).phone is not None


@pytest.mark.anyio
async def test_without_a_rule_a_night_leaves_nothing_out(room, pool):
    async with pool.connection() as db:
        assert await tidying.nightly(db)
        assert await ageing.runs(db) == []
    assert await room.leave_out(viewer("owner")) is None


@pytest.mark.anyio
async def test_names_that_were_kept_before_are_written_anew_with_the_first_list(room, pool):
    async with pool.connection() as db:
        guest = await guest_of(db, "slip")
        await db.execute("update guest set name = 'ANNA BERG' where id = %s", [guest])
        await db.execute("delete from guest_to_renew")
        await hygiene.tidy(db)
        cursor = await db.execute("select guest_id from guest_to_renew where golden")
        assert [row["guest_id"] for row in await cursor.fetchall()] == [guest]
        await hygiene.tidy(db)
        assert len(await mending.months(db)) == 1


@pytest.mark.anyio
async def test_the_address_that_was_meant_is_written_when_somebody_says_so(room, pool):
    await room.look(SYSTEM)
    async with pool.connection() as db:
        guest = await guest_of(db, "slip")
    with pytest.raises(Forbidden):
        await room.accept(viewer("marketer"), guest)
    await room.accept(viewer("manager"), guest)
    here = (await room.shown(SYSTEM)).lists[0]
    [item] = (await room.items(SYSTEM, here.id)).items
    assert item.email == "anna@gmail.com" and item.mended_at is not None
    async with pool.connection() as db:
        cursor = await db.execute("select body ->> 'email' as email from source_guest where external_id = 'slip'")
        assert (await cursor.fetchone())["email"] == "anna@gmial.com"
    with pytest.raises(Invalid, match="No slip"):
        await room.accept(viewer("manager"), guest)
    with pytest.raises(NotFound):
        await room.accept(viewer("manager"), 999)
