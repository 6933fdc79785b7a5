from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.model.venue import NotOnTheClock, business_date, business_day, from_local, table_key

COPENHAGEN = "Europe/Copenhagen"
zones = st.sampled_from(
    [COPENHAGEN, "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tokyo", "UTC"]
)
cutoffs = st.integers(0, 1439)
instants = st.integers(0, 10 * 366 * 86_400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def local(written):
    """A time as the wall clock shows it."""
    return datetime.fromisoformat(written)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-21 03:59:59", date(2026, 11, 20)),
        ("2026-11-21 04:00:00", date(2026, 11, 21)),
        ("2026-11-21 23:59:59", date(2026, 11, 21)),
        ("2026-11-22 00:30:00", date(2026, 11, 21)),
    ],
)
def test_until_the_cut_off_it_is_still_yesterday(written, day):
    assert business_date(from_local(local(written), COPENHAGEN), COPENHAGEN, 240) == day


@given(instants, zones, cutoffs)
def test_an_instant_lies_in_the_business_day_of_its_date(instant, zone, cutoff):
    begins, ends = business_day(business_date(instant, zone, cutoff), zone, cutoff)
    assert begins <= instant < ends


@given(st.dates(date(2020, 1, 2), date(2030, 1, 1)), zones, cutoffs)
def test_business_days_follow_one_another_without_gap(day, zone, cutoff):
    assert business_day(day - timedelta(days=1), zone, cutoff)[1] == business_day(day, zone, cutoff)[0]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 23), ("2026-10-24", 25), ("2026-11-21", 24)])
def test_the_day_of_a_clock_change_is_an_hour_shorter_or_longer(day, hours):
    begins, ends = business_day(date.fromisoformat(day), COPENHAGEN, 240)
    assert ends - begins == timedelta(hours=hours)


def test_a_cut_off_within_the_hour_that_comes_twice_is_passed_once():
    # On 25 October 2026 Copenhagen has 02:00 to 03:00 twice; the day begins at the first 02:30.
    days = [business_date(datetime(2026, 10, 25, 0, minute, tzinfo=UTC), COPENHAGEN, 150) for minute in (0, 29, 30, 59)]
    days += [business_date(datetime(2026, 10, 25, 1, minute, tzinfo=UTC), COPENHAGEN, 150) for minute in (0, 29, 30)]
    assert [day.day for day in days] == [24, 24, 25, 25, 25, 25, 25]


def test_a_local_time_becomes_utc_summer_and_winter():
    assert from_local(local("2026-07-01 19:00"), COPENHAGEN) == datetime(2026, 7, 1, 17, tzinfo=UTC)
    assert from_local(local("2026-11-21 19:00"), COPENHAGEN) == datetime(2026, 11, 21, 18, tzinfo=UTC)


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    assert from_local(local("2026-10-25 02:30"), COPENHAGEN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_that_the_clock_skipped_never_was():
    with pytest.raises(NotOnTheClock, match="2026-03-29 02:30 does not exist in Europe/Copenhagen"):
        from_local(local("2026-03-29 02:30"), COPENHAGEN)


@pytest.mark.parametrize(
    "names",
    [
        ["7a", "7A", "07A", "Table 7A", "T7a", " table: 07 a ", "Tbl. 7-A"],
        ["7", "07", "T7", "t07", "#7", "No. 7", "Tisch 07", "Mesa 7", "Bord 7", "Table 007"],
        ["7.1", "7-1", "07/01", "T7 1"],
        ["Terrace 4", "terrace 04", "TERRACE-4"],
        ["A", "Table A"],
        ["Bar", "bar"],
    ],
)
def test_names_of_one_table_have_one_key(names):
    assert len({table_key(name) for name in names}) == 1


def test_names_of_different_tables_have_different_keys():
    names = [
        "7",
        "7a",
        "7b",
        "70",
        "10",
        "100",
        "1",
        "7.1",
        "71",
        "Terrace 4",
        "4",
        "A4",
        "Bar 2",
        "2",
        "Table",
        "T",
        "Tab",
    ]
    assert len({table_key(name) for name in names}) == len(names)


@given(st.text(max_size=12))
def test_a_key_is_its_own_key(name):
    assert table_key(table_key(name)) == table_key(name)
