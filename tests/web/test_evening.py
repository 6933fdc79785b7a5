from datetime import date, timedelta

import msgspec

from servery.web.tonight.page import (
    MinutesOf,
    Wish,
    areas,
    by_time,
    dayparts,
    hours,
    in_order,
    minutes_late,
    shown,
    standings,
    totals,
)
from tests.web.restaurant import VENUE, at, bookings

DAY = date(2026, 11, 21)
MINUTES = MinutesOf(DAY, VENUE.time_zone)
EVERY = bookings(DAY)


def ids(wish):
    return [each.id for each in shown(EVERY, wish, VENUE, MINUTES)]


def test_bookings_stand_by_time_then_by_table_as_people_count():
    assert ids(Wish()) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    table_10 = msgspec.structs.replace(EVERY[2], id=50, tables=("10",))
    assert [each.id for each in by_time([table_10, EVERY[3], EVERY[2]])] == [3, 50, 4]


def test_filters_join():
    assert ids(Wish(standing="expected")) == [5, 7, 8, 9, 10]
    assert ids(Wish(standing="expected", area="Window")) == [5, 9]
    assert ids(Wish(daypart="Lunch")) == [1, 2]
    assert ids(Wish(daypart="Lunch", standing="absent")) == []


def test_totals_leave_out_who_never_came():
    found = totals(EVERY)
    assert (found.covers, found.parties, found.here, found.still_to_come, found.no_shows) == (35, 9, 7, 22, 1)


def test_covers_by_hour_have_no_gap():
    found = hours(EVERY, MINUTES)
    assert [(each.minutes // 60, each.covers) for each in found] == [
        (12, 2), (13, 4), (14, 0), (15, 0), (16, 0), (17, 0), (18, 9), (19, 12), (20, 8),
    ]  # fmt: skip
    assert max(each.share for each in found) == 1
    assert hours([], MINUTES) == []


def test_after_midnight_the_hours_go_on():
    late = msgspec.structs.replace(EVERY[0], starts_at=at(DAY, 23) + timedelta(hours=2))
    assert hours([late], MINUTES)[0].minutes == 1500


def test_choices_count_what_they_would_show():
    assert [(each.value, each.count) for each in standings(EVERY)] == [
        ("expected", 5), ("here", 2), ("gone", 2), ("absent", 2),
    ]  # fmt: skip
    assert [(each.value, each.count) for each in dayparts(EVERY, VENUE, MINUTES)] == [("Lunch", 2), ("Dinner", 9)]
    assert [(each.value, each.count) for each in areas(EVERY)] == [("Bar", 1), ("Dining room", 3), ("Window", 4)]


def test_whom_a_host_has_to_do_with_comes_first():
    order = in_order(EVERY, Wish(), at(DAY, 19))
    assert [each.id for each in order.first] == [3, 4, 5, 7, 8, 9, 10]
    assert [(why, [each.id for each in found]) for why, found in order.rest] == [("gone", [1, 2]), ("absent", [6, 11])]


def test_nobody_waits_for_a_party_two_hours_after_its_time():
    order = in_order(EVERY, Wish(), at(DAY, 20, 30))
    assert [each.id for each in order.first] == [3, 4, 7, 8, 9, 10]
    assert [each.id for each in dict(order.rest)["overdue"]] == [5]


def test_one_standing_alone_stands_first():
    order = in_order(EVERY[:2], Wish(standing="gone"), at(DAY, 19))
    assert (len(order.first), order.rest) == (2, ())


def test_only_who_is_still_expected_can_be_late():
    now = at(DAY, 19)
    assert minutes_late(EVERY[4], now) == 30
    assert minutes_late(EVERY[2], now) == 0
    assert minutes_late(EVERY[8], now) == 0
