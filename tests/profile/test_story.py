from datetime import timedelta
from decimal import Decimal

import pytest

from servery.errors import Forbidden, NotFound
from servery.model.changes import GuestSeen
from servery.model.guest import Birthday, Note, SourceGuest
from servery.model.viewer import SYSTEM, Viewer
from servery.profile import story as telling
from servery.profile.rights import FIELDS
from servery.profile.story import repeated, stories, story
from servery.profile.taste import Favourites
from tests.profile.house import NOW, House, ago, dish, viewer

pytestmark = pytest.mark.anyio


async def test_a_guest_known_to_two_systems_has_one_story(house: House):
    booked = await house.guest(name="Søren Jensen", email="soren@example.com", language="da")
    at_till = await house.guest("t1", till=True, name="Soren Jensen", email="SOREN@example.com", phone="+4520123456")
    assert booked == at_till
    await house.booking(ago(30), tables=("7",), party=2)
    await house.check(ago(30), [dish("Ribeye", 25000, product_id="v1")], guest="t1", table="7", covers=2)
    told = await story(house.db, SYSTEM, booked, now=NOW)
    assert (told.name, told.email, told.phone, told.language) == (
        "Søren Jensen", "SOREN@example.com", "+4520123456", "da",
    )  # fmt: skip
    assert (told.figures.visits, told.figures.party, told.figures.walk_in_share) == (1, None, 0.0)
    assert [(one.currency, one.total, one.per_cover) for one in told.spend] == [("DKK", 25000, 12500)]


async def test_a_guest_without_visits_is_told_of_all_the_same(house: House):
    guest = await house.guest(name="Anna Østergård", birthday=Birthday(2, 29), vip=True)
    told = await story(house.db, SYSTEM, guest, now=NOW)
    assert (told.name, told.vip, told.birthday, told.figures.visits, told.spend) == (
        "Anna Østergård", True, Birthday(2, 29), 0, (),
    )  # fmt: skip
    assert told.favourites == Favourites()


async def test_who_has_no_name_is_called_by_the_number_at_the_source(house: House):
    guest = await house.guest("100457")
    told = await story(house.db, SYSTEM, guest, now=NOW)
    assert (told.name, told.reference) == (None, "100457")


async def test_what_they_usually_have_comes_from_the_menu_by_id_and_by_name(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    for day in (40, 30, 20):
        lines = [
            dish("Ribeye (medium)", product_id="v1"),
            dish("Barolo (Glass)", product_id="v2", quantity=2),
            dish("Fanø ale", quantity=3),
            dish("Corkage", void=True),
        ]
        await house.check(ago(day), lines, guest="t1", table="7")
    await house.check(ago(10), [dish("Barolo (Bottle)", product_id="v3")], guest="t1", table="8")
    liked = (await story(house.db, SYSTEM, guest, now=NOW)).favourites
    assert liked.dish is not None
    assert liked.wine is not None
    assert liked.drink is not None
    assert (liked.dish.name, liked.dish.times, liked.dish.visits) == ("Ribeye", 3, 4)
    assert (liked.wine.name, liked.wine.times, liked.wine.size, liked.wine.quantity) == (
        "Barolo",
        4,
        "Glass",
        Decimal(7),
    )
    assert (liked.drink.name, liked.drink.quantity) == ("Fanø Ale", Decimal(9))


async def test_without_a_menu_the_category_on_the_line_tells_wine_from_dish(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    for day in (20, 10):
        lines = [dish("Sancerre", category="Hvidvin"), dish("Rødspætte", category="Fisk")]
        await house.check(ago(day), lines, guest="t1", location="other", currency="EUR")
    liked = (await story(house.db, SYSTEM, guest, now=NOW)).favourites
    assert liked.wine is not None
    assert liked.dish is not None
    assert (liked.wine.name, liked.dish.name, liked.drink) == ("Sancerre", "Rødspætte", None)


async def test_components_of_a_combo_count_as_ordered_and_modifiers_do_not(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    for day in (20, 10):
        combo = dish(
            "Menu of the day",
            quantity=2,
            modifiers=(dish("No onions", 0),),
            components=(dish("Fanø Ale", 0, quantity=2), dish("Gone", 0, void=True)),
        )
        await house.check(ago(day), [combo], guest="t1")
    liked = (await story(house.db, SYSTEM, guest, now=NOW)).favourites
    assert liked.dish is not None
    assert liked.drink is not None
    assert (liked.dish.name, liked.drink.name, liked.drink.quantity) == ("Menu of the day", "Fanø Ale", Decimal(8))


async def test_money_of_two_currencies_is_never_added(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    await house.check(ago(30), [dish("Ribeye", 30000)], guest="t1", covers=2, tip=5000, refunded=1000)
    await house.check(ago(20), [dish("Ribeye", 20000)], guest="t1")
    await house.check(ago(10), [dish("Schnitzel", 2500)], guest="t1", location="other", currency="EUR", covers=1)
    told = await story(house.db, SYSTEM, guest, now=NOW)
    assert [(one.currency, one.total, one.per_visit, one.per_cover) for one in told.spend] == [
        ("DKK", 49000, 24500, 14500),
        ("EUR", 2500, 2500, 2500),
    ]
    assert told.figures.last is not None
    assert told.figures.last.venue == "Alster"


async def test_the_usual_table_has_the_venues_name_for_it_and_its_area(house: House):
    guest = await house.guest(name="Anna")
    for day, name in ((40, "Table 7"), (30, "07"), (20, "12")):
        await house.booking(ago(day), tables=(name,))
    table = (await story(house.db, SYSTEM, guest, now=NOW)).figures.table
    assert table is not None
    assert (table.name, table.area, table.times, table.visits) == ("7", "Window", 2, 3)
    assert (await story(house.db, SYSTEM, guest, venue_id=house.other_venue_id, now=NOW)).figures.table is None


async def test_bookings_that_never_became_visits_are_counted_apart(house: House):
    guest = await house.guest(name="Anna")
    await house.booking(ago(50), status="no_show")
    await house.booking(ago(40), status="cancelled")
    await house.booking(ago(30), status="cancelled")
    await house.booking(ago(20), party=4)
    await house.booking(ago(10), party=4, walk_in=True)
    later = await house.booking(NOW + timedelta(days=3), status="confirmed", requests="By the window")
    figures = (told := await story(house.db, SYSTEM, guest, now=NOW)).figures
    assert (figures.no_shows, figures.cancelled, figures.visits, figures.party) == (1, 2, 2, 4)
    assert figures.walk_in_share == 0.5
    assert [(one.requests, one.venue, one.status) for one in told.upcoming] == [
        ("By the window", "Havnen", "confirmed")
    ]
    await house.removed(house.book, "reservation", later)
    assert (await story(house.db, SYSTEM, guest, now=NOW)).upcoming == ()


async def test_allergies_are_those_of_the_guest_and_of_every_booking(house: House):
    guest = await house.guest(name="Anna", allergies=("Nuts",))
    await house.booking(ago(40), guest_said=SourceGuest(name="Anna"))
    await house.booking(ago(30), status="cancelled", guest_said=SourceGuest(allergies=("nuts ", "Shellfish")))
    withdrawn = await house.booking(ago(20), guest_said=SourceGuest(allergies=("Eggs",)))
    await house.removed(house.book, "reservation", withdrawn)
    assert (await story(house.db, SYSTEM, guest, now=NOW)).allergies == ("Nuts", "Shellfish")


async def test_a_request_made_twice_is_remembered_as_last_written(house: House):
    guest = await house.guest(name="Anna")
    for day, text in ((40, "quiet table"), (30, "High chair"), (20, "Quiet  table.")):
        await house.booking(ago(day), requests=text)
    assert [(one.text, one.times) for one in (await story(house.db, SYSTEM, guest, now=NOW)).requests] == [
        ("Quiet  table.", 2)
    ]


def test_a_request_made_once_is_not_repeated():
    assert repeated(["Window", None, "", "  "]) == ()


async def test_a_merged_guest_is_found_under_the_old_id_with_all_visits(house: House):
    first = await house.guest(name="Anna Holm", email="anna@example.com")
    second = await house.guest("t1", till=True, name="Anna Holm", phone="+4520123456")
    assert first != second
    await house.booking(ago(20))
    await house.check(ago(10), [dish("Ribeye", 20000)], guest="t1")
    third = await house.guest("g3", name="Anna Holm", email="anna@example.com", phone="+4520123456")
    assert third == min(first, second)
    told = await stories(house.db, SYSTEM, [first, second], now=NOW)
    assert {asked: one.id for asked, one in told.items()} == {first: third, second: third}
    assert told[second].figures.visits == 2


async def test_removed_checks_and_bookings_are_no_longer_told_of(house: House):
    guest = await house.guest("t1", till=True, name="Anna")
    check = await house.check(ago(20), [dish("Ribeye", 20000)], guest="t1")
    await house.check(ago(10), [dish("Ribeye", 10000)], guest="t1")
    await house.removed(house.till, "check", check)
    told = await story(house.db, SYSTEM, guest, now=NOW)
    assert (told.figures.visits, told.spend[0].total) == (1, 10000)


async def test_before_a_day_only_what_was_known_then_counts(house: House):
    guest = await house.guest(name="Anna")
    await house.booking(ago(20))
    await house.booking(ago(0, hour=10), status="seated")
    asked = await stories(house.db, SYSTEM, [guest], before=NOW.date(), now=NOW)
    assert asked[guest].figures.visits == 1
    assert (await story(house.db, SYSTEM, guest, now=NOW)).figures.visits == 2


async def test_consent_is_the_strictest_that_any_system_says(house: House):
    guest = await house.guest(name="Anna", email="anna@example.com", marketing="granted")
    assert (await story(house.db, SYSTEM, guest)).marketing == "granted"
    await house.guest("t1", till=True, name="Anna", email="anna@example.com", marketing="denied")
    assert (await story(house.db, SYSTEM, guest)).marketing == "denied"


async def test_each_role_sees_what_it_needs_and_is_told_what_is_hidden(house: House):
    guest = await house.guest(
        name="Anna", email="anna@example.com", phone="+4520123456", allergies=("Nuts",), notes=(Note("Loud"),),
        preferences=("Vegetarian",), tags=("Regular",),
    )  # fmt: skip
    await house.check(ago(10), [dish("Ribeye", 20000)], guest=None)
    await house.booking(ago(10, hour=12), requests="Quiet")
    await house.booking(ago(5, hour=12), requests="Quiet")
    await house.booking(NOW + timedelta(days=1), status="booked", requests="Quiet")
    seen = {
        role: await story(house.db, viewer(role), guest, now=NOW) for role in ("host", "server", "marketer", "owner")
    }
    assert seen["owner"].hidden == ()
    assert (seen["host"].hidden, seen["host"].email) == (("spend",), "anna@example.com")
    assert seen["host"].spend == ()
    assert (seen["server"].email, seen["server"].phone, seen["server"].allergies) == (None, None, ("Nuts",))
    marketer = seen["marketer"]
    assert set(marketer.hidden) == {"allergies", "preferences", "notes", "requests"}
    assert (marketer.allergies, marketer.preferences, marketer.notes, marketer.requests) == ((), (), (), ())
    assert (marketer.upcoming[0].requests, marketer.tags) == (None, ("Regular",))


def test_every_field_that_can_be_hidden_is_one_of_the_storys():
    named = {name for names in FIELDS.values() for name in names}
    assert named <= set(telling.Story.__struct_fields__)


async def test_who_may_not_see_guests_is_refused(house: House, monkeypatch: pytest.MonkeyPatch):
    guest = await house.guest(name="Anna")
    monkeypatch.setattr(Viewer, "may", lambda self, right: right != "see_guests")
    with pytest.raises(Forbidden, match="does not see guests"):
        await story(house.db, viewer("host"), guest)


async def test_a_guest_that_never_was_is_not_found(house: House):
    with pytest.raises(NotFound, match="There is no guest 999"):
        await story(house.db, SYSTEM, 999)
    assert await stories(house.db, SYSTEM, [999]) == {}


async def test_a_guest_whose_every_record_was_removed_is_still_told_of(house: House):
    guest = await house.guest(name="Anna")
    await house.booking(ago(10))
    await house.removed(house.book, "guest", "g1")
    told = await story(house.db, SYSTEM, guest, now=NOW)
    assert (told.name, told.figures.visits) == ("Anna", 1)


async def test_a_change_of_name_is_told_at_once(house: House):
    guest = await house.guest(name="Anna Holm")
    await house.arrives(house.book, GuestSeen("g1", house.numbers(), SourceGuest(name="Anna Maria Holm")))
    assert (await story(house.db, SYSTEM, guest)).name == "Anna Maria Holm"
