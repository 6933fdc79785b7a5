"""Facts that nobody confirmed for long are left out by rule, and come back; records are never touched."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from servery.errors import Invalid, NotFound
from servery.guests import say
from servery.guests.hygiene import ageing
from servery.guests.join import refresh
from servery.model.changes import ReservationSeen, revision_at
from servery.model.guest import Note
from servery.model.reservation import Reservation
from servery.model.viewer import SYSTEM
from tests.guests.told import golden_of, guest_of, seen, tell

NOW = datetime.now(UTC)


def years_ago(years):
    return NOW - timedelta(days=round(365.25 * years))


def told(external_id, years, **facts):
    return seen(external_id, facts.pop("name", "Ida Holm"), revision=revision_at(years_ago(years)), **facts)


def booking(external_id, guest, at):
    booked = Reservation(starts_at=at, party_size=2, status="booked", guest_id=guest)
    return ReservationSeen(external_id, 1, "nord", booked)


async def renewed(db):
    """Have golden fields made anew as the background does it."""
    cursor = await db.execute("delete from guest_to_renew returning guest_id")
    await refresh(db, {row["guest_id"] for row in await cursor.fetchall()}, "da")


async def age(db, **months: int):
    run = await ageing.leave_out(db, cast(Mapping[ageing.Kind, int], months), "system:0")
    await renewed(db)
    return run


@pytest.mark.anyio
async def test_nothing_grows_old_by_itself(db):
    assert [rule.months for rule in await ageing.rules(db)] == [None] * len(ageing.KINDS)


@pytest.mark.anyio
async def test_a_preview_says_exactly_what_goes_and_changes_nothing(db, systems):
    book = systems[1]
    await tell(
        db, book, told("a", 4, phone="20123456", preferences=("window", "quiet")), told("b", 1, phone="20123457")
    )
    before = await golden_of(db, "a")
    found = await ageing.preview(db, {"phone": 36, "preference": 36})
    assert found.counts == {"phone": 1, "preference": 2}
    old = {(one.kind, one.guest_id, one.value) for one in found.oldest}
    a = await guest_of(db, "a")
    assert old == {("phone", a, "20123456"), ("preference", a, "window"), ("preference", a, "quiet")}
    assert {one.confirmed_at.date() for one in found.oldest} == {years_ago(4).date()}
    assert await golden_of(db, "a") == before
    await age(db, phone=36, preference=36)
    after = await golden_of(db, "a")
    assert (after.phone, after.preferences) == (None, ())
    assert (await golden_of(db, "b")).phone is not None
    assert (await ageing.preview(db, {"phone": 36, "preference": 36})).counts == {}


@pytest.mark.anyio
async def test_the_record_of_the_source_stays_as_it_is(db, systems):
    facts = {"phone": "20123456", "email": "ida@example.com", "city": "Odense", "postcode": "5000"}
    lists = {"preferences": ("window",), "allergies": ("nuts",), "notes": (Note("Tips well"),)}
    await tell(db, systems[0], told("a", 20, **facts, **lists))
    bodies = "select body, phone_key, email_key from source_guest order by id"
    before = await (await db.execute(bodies)).fetchall()
    await age(db, phone=36, email=36, address=36, preference=36, allergy=36, note=36)
    golden = await golden_of(db, "a")
    assert (golden.phone, golden.email, golden.city, golden.postcode) == (None,) * 4
    assert (golden.preferences, golden.allergies, golden.notes) == ((), (), ())
    assert await (await db.execute(bodies)).fetchall() == before


@pytest.mark.anyio
async def test_what_another_record_confirms_stays(db, systems):
    till, book = systems
    await tell(db, till, told("a", 5, email="ida@example.com", preferences=("Window",), phone="20123456"))
    await tell(db, book, told("b", 1, email="ida@example.com", preferences=("window",)))
    await age(db, phone=36, preference=36, email=36)
    golden = await golden_of(db, "a")
    assert golden.email and [one.value.casefold() for one in golden.preferences] == ["window"]
    assert golden.phone is None


@pytest.mark.anyio
async def test_a_booking_under_the_record_confirms_what_it_says(db, systems):
    book = systems[1]
    await tell(db, book, told("a", 5, phone="20123456"), booking("r", "a", years_ago(1)))
    assert (await ageing.preview(db, {"phone": 36})).counts == {}
    assert (await ageing.preview(db, {"phone": 6})).counts == {"phone": 1}


@pytest.mark.anyio
async def test_a_new_booking_brings_back_what_was_left_out(db, systems):
    book = systems[1]
    await tell(db, book, told("a", 5, phone="20123456"))
    staff = await guest_of(db, "a")
    await say.enter(db, SYSTEM, staff, "preference", "by the window")
    await db.execute("update guest_entry set at = %s", [years_ago(5)])
    await refresh(db, [staff], "da")
    await age(db, phone=36, preference=36)
    assert (await golden_of(db, "a")).preferences == ()
    await tell(db, book, booking("r", "a", NOW + timedelta(days=1)))
    await renewed(db)
    golden = await golden_of(db, "a")
    assert golden.phone is not None and golden.phone.value == "+4520123456"
    assert [one.value for one in golden.preferences] == ["by the window"]


@pytest.mark.anyio
async def test_a_record_that_its_system_changes_is_heard_again(db, systems):
    book = systems[1]
    await tell(db, book, told("a", 5, phone="20123456"))
    await age(db, phone=36)
    assert (await golden_of(db, "a")).phone is None
    await tell(db, book, told("a", 0, phone="20123456", city="Odense"))
    assert (await golden_of(db, "a")).phone is not None


@pytest.mark.anyio
async def test_a_field_that_staff_wrote_grows_old_and_what_it_overruled_stays_overruled(db, systems):
    await tell(db, systems[1], told("a", 6, phone="20123456"))
    guest = await guest_of(db, "a")
    await say.edit(db, SYSTEM, guest, {"phone": "+4530405060"})
    await db.execute("update guest_edit set at = %s", [years_ago(5)])
    await refresh(db, [guest], "da")
    run = await age(db, phone=36)
    assert (await golden_of(db, "a")).phone is None
    await ageing.undo(db, run.id)
    await renewed(db)
    phone = (await golden_of(db, "a")).phone
    assert phone is not None and phone.value == "+4530405060"


@pytest.mark.anyio
async def test_an_edit_made_while_a_phone_is_left_out_still_wins_when_it_is_heard_again(db, systems):
    await tell(db, systems[1], told("a", 6, phone="20123456"))
    run = await age(db, phone=36)
    guest = await guest_of(db, "a")
    await say.edit(db, SYSTEM, guest, {"phone": "+4530405060"})
    await ageing.undo(db, run.id)
    await refresh(db, [guest], "da")
    phone = (await golden_of(db, "a")).phone
    assert phone is not None and phone.value == "+4530405060"


@pytest.mark.anyio
async def test_a_run_is_logged_and_taken_back_once(db, systems):
    await tell(db, systems[1], told("a", 4, phone="20123456"))
    before = await golden_of(db, "a")
    run = await age(db, phone=36)
    await ageing.undo(db, run.id)
    await renewed(db)
    assert await golden_of(db, "a") == before
    [logged] = await ageing.runs(db)
    assert (logged.counts, logged.rules, logged.author) == ({"phone": 1}, {"phone": 36}, "system:0")
    assert logged.undone_at is not None
    # What somebody wanted back is not taken away the next night.
    assert await age(db, phone=36) is None
    with pytest.raises(Invalid, match="taken back already"):
        await ageing.undo(db, run.id)
    with pytest.raises(NotFound):
        await ageing.undo(db, 99)


@pytest.mark.anyio
async def test_a_note_for_a_night_long_past_goes_from_the_list(db, systems):
    await tell(db, systems[1], told("a", 0))
    guest = await guest_of(db, "a")
    for years in (0, 2):
        await say.enter(db, SYSTEM, guest, "tonight", f"cake {years}", business_date=years_ago(years).date())
    assert (await ageing.preview(db, {"tonight": 12})).counts == {"tonight": 1}
    await age(db, tonight=12)
    said = (await say.said(db, [guest]))[guest]
    assert [one.text for one in said.of("tonight")] == ["cake 0"]


@pytest.mark.anyio
async def test_what_staff_denied_cannot_go(db, systems):
    await tell(db, systems[1], told("a", 4, preferences=("window",)))
    guest = await guest_of(db, "a")
    await say.enter(db, SYSTEM, guest, "preference", "Window", present=False)
    await refresh(db, [guest], "da")
    assert (await ageing.preview(db, {"preference": 36})).counts == {}


@pytest.mark.anyio
@pytest.mark.parametrize("months", [0, 5, 601])
async def test_a_rule_that_would_take_too_much_is_refused(db, months):
    with pytest.raises(Invalid, match="from 6 to 600"):
        await ageing.choose(db, "phone", months)


@pytest.mark.anyio
async def test_a_rule_is_chosen_and_dropped(db):
    await ageing.choose(db, "phone", 24)
    await ageing.choose(db, "phone", 36)
    assert {one.kind: one.months for one in await ageing.rules(db) if one.months} == {"phone": 36}
    await ageing.choose(db, "phone", None)
    assert not [one for one in await ageing.rules(db) if one.months]
