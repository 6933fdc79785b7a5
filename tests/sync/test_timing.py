"""When a connection is read and written to: as things happen, at set times on the venue's clock, not during service."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.model.venue import OpeningHours, Venue
from servery.sync.pace import Rhythm
from servery.sync.timing import (
    Timing,
    due_at,
    in_service,
    leaves_until,
    next_batch,
    read_by,
    read_from,
    service_ends,
)

NIGHTLY = Timing(rhythm=Rhythm(pace="batch", batch_at=(4 * 60, 15 * 60)), time_zone="Europe/Copenhagen")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_as_things_happen_it_is_due_after_its_period():
    read = utc(2026, 11, 22, 12)
    hybrid = Timing(rhythm=Rhythm(pace="hybrid", batch_at=(60,)))
    assert due_at(Timing(), read, 30) == due_at(hybrid, read, 30) == read + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("read", "due"),
    [
        (utc(2026, 11, 22, 12), utc(2026, 11, 22, 14)),
        (utc(2026, 11, 22, 14), utc(2026, 11, 23, 3)),
        (utc(2026, 7, 22, 12), utc(2026, 7, 22, 13)),
        # The clock goes back at 01:00 UTC: four in the morning is an hour later than the day before.
        (utc(2026, 10, 24, 22), utc(2026, 10, 25, 3)),
    ],
)
def test_set_times_are_the_venues(read: datetime, due: datetime):
    assert due_at(NIGHTLY, read, 30) == due


HYBRID = Timing(rhythm=Rhythm(pace="hybrid", batch_at=(4 * 60, 15 * 60)), time_zone="Europe/Copenhagen")


@pytest.mark.parametrize(
    ("read", "now", "since"),
    [
        # Nothing set lies between: only what is new.
        (utc(2026, 11, 22, 12), utc(2026, 11, 22, 13, 59), utc(2026, 11, 22, 12)),
        # Three in the afternoon has come: all since four in the morning.
        (utc(2026, 11, 22, 13, 59), utc(2026, 11, 22, 14), utc(2026, 11, 22, 3)),
        (utc(2026, 11, 22, 14), utc(2026, 11, 22, 14, 1), utc(2026, 11, 22, 14)),
        # We were away for days: never less than what is new.
        (utc(2026, 11, 19), utc(2026, 11, 22, 14), utc(2026, 11, 19)),
    ],
)
def test_at_set_times_a_hybrid_reads_all_since_the_one_before_once_more(read: datetime, now: datetime, since: datetime):
    assert read_from(HYBRID, read, now) == since
    assert read_from(NIGHTLY, read, now) == read_from(Timing(), read, now) == read


@given(
    st.integers(0, 10 * 365 * 86_400).map(lambda seconds: utc(2020, 1, 1) + timedelta(seconds=seconds)),
    st.sets(st.integers(0, 1439), min_size=1),
)
def test_the_next_set_time_is_always_ahead_and_within_a_day(after: datetime, times: set[int]):
    rhythm = Rhythm(pace="batch", batch_at=tuple(sorted(times)))
    wait = next_batch(Timing(rhythm=rhythm, time_zone="America/New_York"), after) - after
    assert timedelta() < wait <= timedelta(hours=25)


def test_service_is_what_the_venue_says():
    hours = (OpeningHours(5, 17 * 60, 26 * 60),)
    saturdays = Venue(name="Torvet", time_zone="Europe/Copenhagen", currency="DKK", opening_hours=hours)
    assert in_service([saturdays], utc(2026, 11, 21, 20))
    assert in_service([saturdays], utc(2026, 11, 22, 0, 30))
    assert not in_service([saturdays], utc(2026, 11, 22, 1, 30))
    assert not in_service([saturdays], utc(2026, 11, 22, 20))


def test_a_venue_of_unknown_hours_serves_at_the_usual_ones():
    unknown = Venue(name="Torvet", time_zone="Europe/Copenhagen", currency="DKK")
    assert in_service([unknown], utc(2026, 11, 22, 18))
    assert not in_service([unknown], utc(2026, 11, 22, 3))
    assert not in_service([], utc(2026, 11, 22, 18))


def test_the_past_goes_on_when_the_last_of_the_venues_closes():
    early = Venue(name="Syd", time_zone="Europe/London", currency="GBP", opening_hours=(OpeningHours(6, 600, 900),))
    usual = Venue(name="Torvet", time_zone="Europe/Copenhagen", currency="DKK")
    sunday = utc(2026, 11, 22, 12)
    assert service_ends([early], sunday) == utc(2026, 11, 22, 15)
    assert service_ends([early, usual], sunday) == utc(2026, 11, 22, 22)
    assert service_ends([usual], utc(2026, 11, 22, 23)) == utc(2026, 11, 22, 23)


def test_one_who_never_closes_never_lets_it_go_on():
    always = Venue(name="Bar", time_zone="Europe/Copenhagen", currency="DKK",
                   opening_hours=tuple(OpeningHours(day, 0, 1440) for day in range(7)))  # type: ignore[arg-type]  # fmt: skip
    assert service_ends([always], utc(2026, 11, 22, 12)) is None
    assert read_by([always], utc(2026, 11, 22, 12), 60) is None


def test_what_is_left_is_read_between_the_services():
    usual = Venue(name="Torvet", time_zone="Europe/Copenhagen", currency="DKK")
    night = utc(2026, 11, 22, 22)
    assert read_by([usual], night, 3600) == utc(2026, 11, 22, 23)
    assert read_by([usual], night, 12 * 3600) == utc(2026, 11, 23, 10)
    # Twelve hours are left of each night: an hour more is another evening away.
    assert read_by([usual], night, 13 * 3600) == utc(2026, 11, 23, 23)
    assert read_by([usual], night, 1000 * 3600) is None
    assert read_by([], night, 13 * 3600) == utc(2026, 11, 23, 11)


TWICE = Timing(rhythm=Rhythm(pace="batch", batch_at=(9 * 60, 16 * 60 + 30)), time_zone="Europe/Copenhagen")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-21T07:59", "2026-11-20T15:30"),
        ("2026-11-21T08:00", "2026-11-21T08:00"),
        ("2026-11-21T15:29", "2026-11-21T08:00"),
        ("2026-11-21T20:00", "2026-11-21T15:30"),
        # Just after midnight in Copenhagen it is still yesterday in UTC.
        ("2026-11-21T23:30", "2026-11-21T15:30"),
        # In summer nine o'clock is an hour earlier.
        ("2026-07-01T07:00", "2026-07-01T07:00"),
    ],
)
def test_a_batch_takes_what_was_marked_before_its_time(now: str, until: str):
    assert leaves_until(TWICE, at(now)) == at(until)


@pytest.mark.parametrize("pace", ["live", "hybrid", "batch"])
def test_what_has_no_times_leaves_at_once(pace: str):
    assert leaves_until(Timing(rhythm=Rhythm(pace=pace)), at("2026-11-21T12:00")) is None  # type: ignore[arg-type]


def test_nothing_leaves_before_a_connection_is_live():
    pace = Timing(rhythm=Rhythm(live_from=at("2026-11-21T12:00")))
    before = leaves_until(pace, at("2026-11-21T11:59"))
    assert before is not None
    assert before < at("2000-01-01T00:00")
    assert leaves_until(pace, at("2026-11-21T12:00")) is None


@given(
    st.integers(1_600_000_000, 1_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.lists(st.integers(0, 1439), min_size=1),
    st.sampled_from(["Europe/Copenhagen", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]),
)
def test_the_last_batch_is_never_ahead_nor_long_ago(now: datetime, minutes: list[int], zone: str):
    until = leaves_until(Timing(rhythm=Rhythm(pace="batch", batch_at=tuple(minutes)), time_zone=zone), now)
    assert until is not None
    assert timedelta(0) <= now - until <= timedelta(hours=27)
