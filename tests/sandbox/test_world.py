"""The year as it stands on the two stages: adds up, stays apart, and is as messy as the table says."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from servery.model.order import add_up
from servery.model.reservation import EXPECTED
from servery.model.venue import business_date, table_key
from servery.sandbox.people import circles
from servery.sandbox.rates import RATES
from servery.sandbox.record import CheckTruth, GuestTruth, ReservationTruth, truth_file, truths
from servery.sandbox.restaurant import restaurant
from servery.sandbox.truth import dinners
from servery.sandbox.world import Plan, World

FRIDAY_DINNER = datetime(2026, 7, 17, 17, 30, tzinfo=UTC)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@pytest.fixture(scope="module")
def world():
    return World(7, 120, FRIDAY_DINNER)


@pytest.fixture(scope="module")
def plans(world):
    return [each for day in world.days.values() for each in day.values()]


def shelves(world):
    return world.pos.checks, world.pos.guests, world.book.reservations, world.book.guests


def test_same_seed_same_world_whatever_the_days(world):
    shorter = World(7, 30, FRIDAY_DINNER)
    for long, short in zip(shelves(world)[::2], shelves(shorter)[::2], strict=True):
        assert len(short) > 500
        assert all(long.get(staged.external_id).record == staged.record for staged in short)


def test_another_seed_is_another_world():
    one, other = World(1, 2, FRIDAY_DINNER), World(2, 2, FRIDAY_DINNER)
    assert not {staged.external_id for staged in one.pos.checks} & {staged.external_id for staged in other.pos.checks}


def test_every_check_adds_up_and_closed_ones_are_paid(world):
    for staged in world.pos.checks:
        sums = add_up(staged.record)
        assert sums.difference == 0
        assert sums.paid == (sums.total if staged.record.status == "closed" else sums.paid)
        assert sums.refunded <= sums.total


def test_tax_is_a_fifth_of_the_total(world):
    for staged in world.pos.checks:
        sums = add_up(staged.record)
        assert abs(sums.tax_included * 5 - sums.total) <= 2


def test_the_till_holds_no_truth(world):
    booked = {staged.external_id for staged in world.book.reservations}
    assert not world.pos.venue.tables
    assert not len(world.pos.reservations)
    assert not len(world.book.checks)
    for staged in world.pos.checks:
        check = staged.record
        assert (check.reservation_id, check.covers, check.table, check.guest) == (None, None, None, None)
        assert staged.external_id not in booked


def test_ids_are_unique_and_records_point_to_what_stands(world):
    variants = {variant.external_id for product in world.pos.menu.products for variant in product.variants}
    assert all(line.product_id in variants for staged in world.pos.checks for line in staged.record.lines)
    assert all(
        staged.record.guest_id is None or world.pos.guests.get(staged.record.guest_id) for staged in world.pos.checks
    )
    payments = Counter(payment.external_id for staged in world.pos.checks for payment in staged.record.payments)
    assert payments.most_common(1)[0][1] == 1


def test_nothing_on_the_stages_is_from_the_future(world):
    for shelf in shelves(world):
        assert all(staged.created_at <= staged.modified_at <= FRIDAY_DINNER for staged in shelf)
    assert all(payment.at <= FRIDAY_DINNER for staged in world.pos.checks for payment in staged.record.payments)


def near(count, of, rate, slack=0.35):
    """Whether a share is that of the table, give or take chance and what follows from other draws."""
    assert of * rate > 15, "too few to tell"
    return abs(count / of - rate) <= rate * slack


def test_the_days_are_as_busy_as_promised(plans):
    past = [each for each in plans if each.dinner.day < FRIDAY_DINNER.date()]
    came = [each for each in past if each.dinner.stay]
    booked = [each for each in came if each.dinner.booking]
    assert 45 <= sum(len(each.rungs) for each in past) / 120 <= 58
    assert 0.63 <= len(booked) / len(came) <= 0.71
    weekdays = Counter(each.dinner.day.weekday() for each in came)
    assert weekdays[5] > 1.5 * weekdays[0]


def test_rates_of_what_happens(plans):
    bookings = [each for each in plans if each.dinner.booking]
    came = [each for each in bookings if each.dinner.stay]
    assert near(sum(each.dinner.booking.no_show for each in bookings), len(bookings), RATES.no_show)
    cancelled = [each.dinner.booking for each in bookings if each.dinner.booking.cancelled is not None]
    assert near(len(cancelled), len(bookings), RATES.late_cancel + RATES.early_cancel)
    assert near(sum(e.dinner.booking.tables != e.dinner.stay.tables for e in came), len(came), RATES.moved)
    assert near(sum(e.dinner.booking.size != e.dinner.stay.covers for e in came), len(came), RATES.other_covers)
    assert all(each.dinner.booking.made < each.dinner.booking.at for each in bookings)


def test_rates_of_the_book(plans):
    bookings = [each for each in plans if each.dinner.booking]
    came = [each for each in bookings if each.dinner.stay]
    slips = sum(each.kept.guest.name != each.dinner.person.name for each in bookings)
    # A slip may leave a name as it was: two equal letters swapped, no accent to lose.
    assert near(slips, len(bookings), RATES.misspelt * 0.8)
    assert near(sum(each.kept.seated is None for each in came), len(came), RATES.seated_forgotten)
    walk_ins = [each for each in plans if not each.dinner.booking and each.dinner.stay.tables]
    assert near(sum(each.kept is not None for each in walk_ins), len(walk_ins), RATES.walk_in_written)
    relayed = sum("tablefinder" in (each.kept.guest.email or "") for each in bookings)
    market = sum(each.dinner.booking.channel == "TableFinder" for each in bookings)
    assert near(relayed, market, RATES.relay + RATES.relay_shared)


def test_rates_of_the_till(plans):
    rungs = [(each, rung) for each in plans for rung in each.rungs]
    count = len(rungs)
    parties = [each for each in plans if each.dinner.stay and each.dinner.stay.covers > 1]
    assert near(sum(len(each.rungs) > 1 for each in parties), len(parties), RATES.split)
    assert near(sum(rung.label.text is None for _, rung in rungs), count, RATES.label_missing)
    assert near(sum(rung.arrives is not None for _, rung in rungs), count, RATES.offline)
    assert near(sum(rung.reopened is not None for _, rung in rungs), count, RATES.reopened)
    assert near(sum(rung.discount > 0 for _, rung in rungs), count, RATES.discount)
    tipped = [rung for _, rung in rungs if rung.tip]
    assert near(sum(rung.tip_at > rung.closed for rung in tipped), len(tipped), RATES.late_tip)
    lines = [(rung, place) for _, rung in rungs for place in range(len(rung.ordered))]
    assert near(sum(place in rung.void_lines for rung, place in lines), len(lines), RATES.void_line)
    assert near(sum(place in rung.comp_lines for rung, place in lines), len(lines), RATES.comp_line)


def test_labels_that_name_a_table_name_the_right_one(plans):
    named = right = 0
    for each in plans:
        for rung in each.rungs:
            if rung.label.names_table:
                named += 1
                words = [table_key(word) for word in rung.label.text.split()] + [table_key(rung.label.text)]
                right += table_key(each.dinner.stay.tables[0]) in words
    assert near(named - right, named, RATES.label_slip, slack=0.6)


def test_split_checks_bear_one_label(plans):
    split = [each.rungs for each in plans if len(each.rungs) > 1]
    assert len(split) > 100
    assert all(len({rung.label for rung in rungs}) == 1 for rungs in split)


def test_no_table_seats_two_parties_at_once(plans):
    by_table: dict[object, list[tuple[int, int]]] = defaultdict(list)
    for each in plans:
        for table in each.dinner.stay.tables if each.dinner.stay else ():
            by_table[each.dinner.day, table].append((each.dinner.stay.seated, each.dinner.stay.left))
    for spans in by_table.values():
        spans.sort()
        assert all(left <= seated for (_, left), (seated, _) in pairwise(spans))


def test_offline_sales_keep_their_time_and_arrive_a_day_late(world, plans):
    late = [rung for each in plans for rung in each.rungs if rung.arrives]
    staged = [found for rung in late if (found := world.pos.checks.get(rung.id))]
    assert len(staged) > 20
    assert all(found.modified_at - found.record.opened_at > timedelta(hours=20) for found in staged)
    assert all(found.created_at == found.record.opened_at for found in staged)


def test_regulars_have_a_story(plans):
    visits = Counter(each.dinner.person.id for each in plans if each.dinner.stay)
    regular = {each.dinner.person.id: each.dinner.person for each in plans if each.dinner.person.circle == "regular"}
    assert sum(visits[person] >= 3 for person in regular) > 100
    somebody = max(regular.values(), key=lambda person: visits[person.id])
    mine = [each.dinner.stay for each in plans if each.dinner.person is somebody and each.dinner.stay]
    usual = sum(any(line.item == somebody.favourite_dish for line in stay.ordered) for stay in mine)
    assert usual / len(mine) > 0.5


def test_contacts_are_fictional_and_well_formed():
    people = circles(3)
    everyone = [*people.regular, *people.occasional]
    assert all("example." in email for person in everyone for email in person.emails)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(person.phone)) for person in everyone)
    addresses = Counter(email for person in everyone for email in person.emails)
    assert addresses.most_common(1)[0][1] == 1
    shared = Counter(person.phone for person in everyone if not person.company)
    assert 40 <= sum(count > 1 for count in shared.values()) <= 130


@pytest.mark.parametrize("hour", range(24))
def test_tonight_has_bookings_at_every_hour_of_starting(hour):
    now = datetime(2026, 7, 15, hour, 10, tzinfo=COPENHAGEN).astimezone(UTC)
    world = World(1, 1, now)
    tonight = [
        staged.record
        for staged in world.book.reservations
        if business_date(staged.record.starts_at, "Europe/Copenhagen", 240)
        == business_date(now, "Europe/Copenhagen", 240)
    ]
    assert len(tonight) >= 12
    # Some come a little early.
    expected = [one for one in tonight if one.starts_at > now + timedelta(minutes=20)]
    assert all(one.status in EXPECTED or one.status == "cancelled" for one in expected)
    if 4 <= hour < 11:
        assert len(expected) == len(tonight)
        assert any(one.starts_at.astimezone(COPENHAGEN).hour < 15 for one in tonight)
    if hour == 23:
        assert Counter(one.status for one in tonight)["finished"] > len(tonight) / 2


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 28), date(2026, 10, 24)])
def test_clock_changes_move_no_booking(day):
    hours = restaurant().venue.opening_hours[day.weekday()]
    world = World(5, 3, datetime(day.year, day.month, day.day, 20, tzinfo=UTC) + timedelta(days=1))
    plans = world.days[day].values()
    booked = {each.kept.id for each in plans if each.kept and each.dinner.booking}
    found = (staged for staged in world.book.reservations if staged.external_id in booked)
    starts = [staged.record.starts_at.astimezone(COPENHAGEN) for staged in found]
    assert len(starts) > 15
    assert all(start.minute % 15 == 0 for start in starts)
    assert all(hours.opens <= start.hour * 60 + start.minute < 24 * 60 for start in starts)
    for each in plans:
        for rung in each.rungs:
            check = world.pos.checks.get(rung.id)
            if check and check.record.closed_at:
                assert check.record.closed_at > check.record.opened_at


def test_dinners_do_not_depend_on_each_other():
    known = circles(2)
    day = date(2026, 5, 5)
    assert [each.id for each in dinners(2, day, known)] == [each.id for each in dinners(2, day, circles(2))]


def test_truth_file_tells_every_record(tmp_path, plans):
    some: list[Plan] = [each for each in plans if each.rungs and each.kept][:50]
    told = [line for each in some for line in truths(each)]
    checks = {line.id for line in told if isinstance(line, CheckTruth)}
    assert checks == {rung.id for each in some for rung in each.rungs}
    assert {line.id for line in told if isinstance(line, ReservationTruth)} == {
        each.kept.id for each in some if each.kept
    }
    assert any(isinstance(line, GuestTruth) and line.system == "pos" for line in told)
    with truth_file(tmp_path / "truth.jsonl") as write:
        for each in some:
            write(each)
    assert len((tmp_path / "truth.jsonl").read_text().splitlines()) == len(told)
