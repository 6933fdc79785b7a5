from datetime import timedelta
from decimal import Decimal

import pytest

from servery.errors import NotFound
from servery.model.order import Discount
from servery.model.viewer import SYSTEM
from servery.profile.visits import visits_of
from tests.profile.house import House, ago, dish, viewer

pytestmark = pytest.mark.anyio


async def test_a_visit_is_told_down_to_what_was_changed_on_a_dish(house: House):
    guest = await house.guest(name="Anna")
    await house.booking(ago(10), tables=("7",), party=3, requests="Quiet", channel="website", reference="QX7")
    steak = dish(
        "Ribeye",
        25000,
        product_id="v1",
        note="to share",
        modifiers=(dish("Rare", 0), dish("Sauce", 1500, modifiers=(dish("apart", 0),))),
        discounts=(Discount("Birthday", 25000, "comp"),),
    )
    gone = dish("Corkage", 5000, void=True)
    await house.check(ago(10) + timedelta(minutes=5), [steak, gone], guest=None, table="Table 7", covers=4)
    (visit,) = await visits_of(house.db, SYSTEM, guest)
    assert (visit.venue, visit.time_zone, visit.table) == ("Havnen", "Europe/Copenhagen", "Table 7")
    assert (visit.covers, visit.covers_source, visit.walk_in) == (4, "pos", False)
    (booking,) = visit.bookings
    assert (booking.party_size, booking.requests, booking.channel, booking.reference) == (3, "Quiet", "website", "QX7")
    (check,) = visit.checks
    assert (check.connection, check.total, check.discounts, check.difference) == ("Till", 1500, 25000, 0)
    assert check.match is not None
    assert check.match.by == "rules"
    assert {reason.code for reason in check.match.reasons} >= {"time", "table"}
    (steak_shown,) = check.dishes
    assert (steak_shown.name, steak_shown.amount, steak_shown.modifiers) == ("Ribeye", 26500, ("Rare", "Sauce (apart)"))
    assert (steak_shown.note, steak_shown.comp, steak_shown.quantity) == ("to share", True, Decimal(1))


async def test_visits_come_latest_first_and_page_by_page(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    for day in (40, 10, 30, 20):
        await house.check(ago(day), [dish("Ribeye")], guest="t1")
    first = await visits_of(house.db, SYSTEM, guest, limit=3)
    rest = await visits_of(house.db, SYSTEM, guest, limit=3, before=first[-1].id)
    assert [visit.starts_at for visit in (*first, *rest)] == [ago(day) for day in (10, 20, 30, 40)]


async def test_who_sees_no_money_sees_dishes_without_prices(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    await house.check(ago(10), [dish("Ribeye", note="nut allergy")], guest="t1", tip=500)
    (for_host,) = await visits_of(house.db, viewer("host"), guest)
    check = for_host.checks[0]
    assert (check.total, check.tips, check.difference, check.dishes[0].amount) == (None, None, None, None)
    assert check.dishes[0].note == "nut allergy"
    (for_marketer,) = await visits_of(house.db, viewer("marketer"), guest)
    assert (for_marketer.checks[0].tips, for_marketer.checks[0].dishes[0].note) == (500, None)


async def test_a_check_that_does_not_add_up_shows_by_how_much(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    await house.check(ago(10), [dish("Ribeye", 10000)], guest="t1", total=10100)
    (visit,) = await visits_of(house.db, SYSTEM, guest)
    assert visit.checks[0].difference == 100


async def test_no_guest_no_visits(house: House):
    with pytest.raises(NotFound):
        await visits_of(house.db, SYSTEM, 7)
    assert await visits_of(house.db, SYSTEM, await house.guest(name="Anna")) == []
