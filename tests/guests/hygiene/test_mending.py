"""The monthly list of what to mend, and how complete profiles are."""

from datetime import UTC, date, datetime, timedelta

import pytest

from servery.errors import NotFound
from servery.guests.hygiene import completeness, mending
from servery.model.changes import ReservationSeen
from servery.model.guest import Birthday
from servery.model.reservation import Reservation
from tests.guests.told import guest_of, seen, tell

NOW = datetime.now(UTC)
MONTH = date(2026, 11, 1)
TODAY = NOW.date()


def came(external_id, guest, days=30):
    at = NOW - timedelta(days=days)
    return ReservationSeen(
        external_id, 1, "nord", Reservation(starts_at=at, party_size=2, status="finished", guest_id=guest)
    )


async def wrong(db, book, revision=1):
    """One guest for each thing to mend, all of whom came."""
    people = [
        seen("slip", "Anna Berg", email="anna@gmial.com", revision=revision),
        seen("phone", "Bo Dahl", phone="ask the hotel", revision=revision),
        seen("test", "Test", email="test@example.com", revision=revision),
        seen("none", "Carl Friis", revision=revision),
        seen("born", "Dora Gram", phone="20123450", birthday=Birthday(1, 1, 1900), revision=revision),
        seen("good", "Else Holm", email="else@example.com", phone="20123451", revision=revision),
        seen("shared1", "Finn Iversen", phone="20123452", revision=revision),
        seen("shared2", "Gerda Juhl", phone="20123452", revision=revision),
    ]
    await tell(db, book, *people)
    await tell(db, book, *(came(f"r-{one.external_id}", one.external_id) for one in people))


async def on_list(db, list_id):
    return {(one.guest_id, one.fault) for one in (await mending.listed(db, list_id)).items if one.mended_at is None}


@pytest.mark.anyio
async def test_what_is_wrong_with_who_came_stands_on_the_venues_list(db, systems):
    book = systems[1]
    await wrong(db, book)
    await tell(db, book, seen("away", "Hans Krag", email="hans@gmial.com"))
    here, nowhere = await mending.make(db, MONTH, TODAY)
    assert (here.guests, nowhere.guests, nowhere.venue_id) == (8, 1, None)
    expected = {
        ("slip", "email_slip"), ("phone", "phone_unreadable"), ("test", "name_nobody"), ("none", "no_contact"),
        ("born", "birthday_odd"), ("shared1", "shared_phone"), ("shared2", "shared_phone"),
    }  # fmt: skip
    assert await on_list(db, here.id) == {(await guest_of(db, one), fault) for one, fault in expected}
    assert here.counts == here.left == {
        "email_slip": 1, "phone_unreadable": 1, "name_nobody": 1, "no_contact": 1, "birthday_odd": 1, "shared_phone": 2,
    }  # fmt: skip
    assert await on_list(db, nowhere.id) == {(await guest_of(db, "away"), "email_slip")}


@pytest.mark.anyio
async def test_a_slip_says_what_was_meant_and_a_shared_phone_with_whom(db, systems):
    await wrong(db, systems[1])
    here, *_ = await mending.make(db, MONTH, TODAY)
    found = {one.guest_id: one for one in (await mending.listed(db, here.id)).items}
    assert found[await guest_of(db, "slip")].meant == "anna@gmail.com"
    assert found[await guest_of(db, "shared1")].other_id == await guest_of(db, "shared2")
    assert found[await guest_of(db, "born")].other_id is None


@pytest.mark.anyio
async def test_what_is_mended_is_noticed_by_itself_and_what_is_wrong_again_too(db, systems):
    book = systems[1]
    await wrong(db, book)
    here, *_ = await mending.make(db, MONTH, TODAY)
    await tell(db, book, seen("slip", "Anna Berg", email="anna@gmail.com", revision=2))
    await tell(db, book, seen("shared2", "Gerda Juhl", phone="20123459", revision=2))
    await mending.look_again(db, MONTH, TODAY)
    left = await on_list(db, here.id)
    assert not {fault for _, fault in left} & {"email_slip", "shared_phone"} and len(left) == 4
    [again, *_] = await mending.lists(db)
    assert again.counts["shared_phone"] == 2 and "shared_phone" not in again.left
    await tell(db, book, seen("slip", "Anna Berg", email="anna@gmial.com", revision=3))
    await mending.look_again(db, MONTH, TODAY)
    assert (await guest_of(db, "slip"), "email_slip") in await on_list(db, here.id)


@pytest.mark.anyio
async def test_lists_are_kept_by_month_and_pages_follow_one_another(db, systems):
    await wrong(db, systems[1])
    await mending.make(db, date(2026, 10, 1), TODAY)
    here, *_ = await mending.make(db, MONTH, TODAY)
    assert await mending.months(db) == [MONTH, date(2026, 10, 1)]
    assert {one.month for one in await mending.lists(db)} == {MONTH}
    whole = (await mending.listed(db, here.id)).items
    parts = [
        one for start in range(0, 8, 3) for one in (await mending.listed(db, here.id, limit=3, offset=start)).items
    ]
    assert tuple(parts) == whole and len(whole) == 7
    assert [one.fault for one in (await mending.listed(db, here.id, "no_contact")).items] == ["no_contact"]
    with pytest.raises(NotFound):
        await mending.listed(db, 99)


@pytest.mark.anyio
@pytest.mark.parametrize(("guests", "listed"), [(3, 3), (30, 0)])
async def test_a_phone_of_very_many_is_a_companys_and_nothing_to_mend(db, systems, guests, listed):
    names = [f"{chr(65 + n % 26)}nna {chr(75 + n // 26)}ielsen{chr(97 + n % 26) * 3}" for n in range(guests)]
    await tell(db, systems[1], *(seen(f"g{n}", name, phone="20123452") for n, name in enumerate(names)))
    [nowhere] = await mending.make(db, MONTH, TODAY)
    assert nowhere.guests == guests and nowhere.counts.get("shared_phone", 0) == listed


@pytest.mark.anyio
async def test_a_house_without_guests_has_nothing_to_mend(db, systems):
    assert await mending.make(db, MONTH, TODAY) == []
    assert await completeness.reckon(db, MONTH) == []


@pytest.mark.anyio
async def test_how_complete_profiles_are(db, systems):
    book = systems[1]
    await wrong(db, book)
    await tell(
        db, book, seen("away", "Hans Krag", email="hans@example.com"), seen("yes", "Inge Lund", marketing="granted")
    )
    await tell(db, book, came("r-yes", "yes"), came("r-old", "away", days=500))
    house, here = await completeness.reckon(db, MONTH)
    assert house.venue_id is None and (house.guests, house.known) == (here.guests, here.known)
    assert here.guests == 9
    assert {field: here.known[field] for field in ("name", "phone", "email", "birthday", "consent", "allergies")} == {
        "name": 9, "phone": 4, "email": 3, "birthday": 1, "consent": 1, "allergies": 0,
    }  # fmt: skip
    assert here.share("phone") == pytest.approx(4 / 9)
    assert [one.month for one in await completeness.of_house(db)] == [MONTH]
