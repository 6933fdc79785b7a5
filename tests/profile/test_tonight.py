from datetime import date, timedelta
from decimal import Decimal

import pytest

from servery.guests.merge import merge
from servery.guests.say import enter, take_back_entry
from servery.model.guest import SourceGuest
from servery.model.money import Money
from servery.model.order import Order
from servery.model.reservation import Deposit
from servery.model.viewer import SYSTEM, Viewer
from servery.profile.tonight import tonight
from tests.profile.house import NOW, House, ago, dish, viewer

pytestmark = pytest.mark.anyio
TODAY = NOW.date()
AT_SEVEN = ago(0, hour=17)


async def test_a_booking_comes_with_its_guests_story(house: House):
    guest = await house.guest(name="Anna Holm", phone="+4520123456", allergies=("Nuts",))
    for day in (20, 10):
        await house.booking(ago(day), tables=("7",))
    await house.booking(
        AT_SEVEN, status="confirmed", party=4, tables=("3",), area="Window", requests="Quiet", occasion="Birthday",
        deposit=Deposit(20000, "DKK", "paid"),
    )  # fmt: skip
    evening = await tonight(house.db, SYSTEM, house.venue_id, TODAY, now=NOW)
    (booking,) = evening.bookings
    assert (booking.name, booking.phone, booking.party_size, booking.visits_before) == (
        "Anna Holm",
        "+4520123456",
        4,
        2,
    )
    assert (booking.requests, booking.occasion, booking.area, booking.tables) == ("Quiet", "Birthday", "Window", ("3",))
    assert booking.deposit == Deposit(20000, "DKK", "paid")
    assert booking.story is not None
    assert booking.story.figures.table is not None
    assert (booking.story.allergies, booking.story.figures.table.name) == (("Nuts",), "7")
    assert evening.guest_ids == {guest}


async def test_the_visit_of_tonight_is_none_of_those_before_but_lunch_is(house: House):
    await house.guest(name="Anna")
    await house.booking(ago(10))
    await house.booking(ago(0, hour=10), status="finished")
    await house.booking(AT_SEVEN, status="seated")
    evening = await tonight(house.db, SYSTEM, house.venue_id, TODAY, now=NOW)
    assert [one.visits_before for one in evening.bookings] == [1, 2]


async def test_what_a_party_has_spent_so_far_stands_beside_it(house: House):
    await house.guest(name="Anna")
    await house.booking(AT_SEVEN, status="seated", tables=("7",))
    await house.check(AT_SEVEN, [dish("Ribeye", 25000)], guest=None, table="7", status="open")
    (seen,) = (await tonight(house.db, SYSTEM, house.venue_id, TODAY)).bookings
    assert seen.spend == (Money(25000, "DKK"),)
    (seen,) = (await tonight(house.db, viewer("host"), house.venue_id, TODAY)).bookings
    assert seen.spend == ()


async def test_walk_ins_and_orders_that_leave_the_house(house: House):
    guest = await house.guest("t1", till=True, name="Bo")
    await house.check(ago(10), [dish("Ribeye")], guest="t1")
    lines = [dish("Ribeye", 25000, quantity=2), dish("Fanø Ale", 5000), dish("Gone", 100, void=True)]
    await house.check(AT_SEVEN, lines, guest="t1", table="9", covers=2, status="open", label="T9 Bo")
    away = Order(external_id="o", service_mode="delivery")
    await house.check(AT_SEVEN, [dish("Ribeye")], guest=None, order=away)
    evening = await tonight(house.db, SYSTEM, house.venue_id, TODAY, now=NOW)
    (check,) = evening.unbooked
    assert (check.status, check.table, check.covers, check.items, check.total) == ("open", "9", 2, Decimal(3), 30000)
    assert (check.name, check.guest_id, check.label) == ("Bo", guest, "T9 Bo")
    assert check.story is not None
    assert check.story.figures.visits == 1
    assert evening.bookings == ()


async def test_a_booking_of_nobody_known_shows_what_is_written_on_it(house: House):
    await house.booking(AT_SEVEN, None, status="booked", guest_said=SourceGuest(name="Jensen", phone="20123456"))
    (booking,) = (await tonight(house.db, SYSTEM, house.venue_id, TODAY)).bookings
    assert (booking.name, booking.phone, booking.guest_id, booking.story, booking.visits_before) == (
        "Jensen", "20123456", None, None, None,
    )  # fmt: skip
    (booking,) = (await tonight(house.db, viewer("server"), house.venue_id, TODAY)).bookings
    assert (booking.name, booking.phone) == ("Jensen", None)


async def test_other_days_other_venues_and_removed_bookings_are_not_tonights(house: House):
    await house.booking(AT_SEVEN + timedelta(days=1), None, status="booked")
    await house.booking(AT_SEVEN, None, status="booked", location="other")
    await house.removed(house.book, "reservation", await house.booking(AT_SEVEN, None, status="booked"))
    evening = await tonight(house.db, SYSTEM, house.venue_id, TODAY)
    assert (evening.bookings, evening.unbooked, evening.guest_ids) == ((), (), set())


async def test_a_no_show_of_before_is_told_and_tonights_is_not_yet_one(house: House):
    await house.guest(name="Anna")
    await house.booking(ago(10), status="no_show")
    await house.booking(AT_SEVEN, status="no_show")
    (booking,) = (await tonight(house.db, SYSTEM, house.venue_id, TODAY)).bookings
    assert booking.story is not None
    assert booking.story.figures.no_shows == 1


async def test_notes_are_for_those_who_serve(house: House):
    await house.booking(AT_SEVEN, None, status="booked", notes="Critic", requests="Quiet", occasion="Date")
    (booking,) = (await tonight(house.db, viewer("marketer"), house.venue_id, TODAY)).bookings
    assert (booking.notes, booking.requests, booking.occasion) == (None, None, None)


async def test_a_note_for_tonight_stands_on_its_evening_alone_with_author_and_time(house: House):
    guest = await house.guest(name="Anna Holm")
    await house.booking(AT_SEVEN, status="confirmed")
    await house.booking(AT_SEVEN + timedelta(days=1), status="confirmed")
    await house.db.execute(
        "insert into person (id, name, email, email_key, role) overriding system value "
        "values (1, 'Vera Viewer', 'v@x.dk', 'v@x.dk', 'host')"
    )
    host = viewer("host")
    note = await enter(house.db, host, guest, "tonight", "Cake at nine", business_date=TODAY)
    await enter(house.db, host, guest, "note", "Likes the window")

    async def notes(day: date, who: Viewer = host) -> list[tuple[str, str]]:
        (booking,) = (await tonight(house.db, who, house.venue_id, day, now=NOW)).bookings
        return [(one.text, one.author) for one in booking.for_tonight]

    assert await notes(TODAY) == [("Cake at nine", "Vera Viewer")]
    assert await notes(TODAY + timedelta(days=1)) == []
    assert await notes(TODAY, viewer("marketer")) == []
    other = await house.guest("g2", name="Anna B. Holm")
    await merge(house.db, host, guest, other)
    assert await notes(TODAY) == [("Cake at nine", "Vera Viewer")]
    await take_back_entry(house.db, note)
    assert await notes(TODAY) == []
