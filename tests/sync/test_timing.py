"""When a connection is read: as things happen, at set times on the venue's clock, and not while guests are served."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.model.venue import OpeningHours, Venue
from servery.sync.pace import Rhythm
from servery.sync.timing import Timing, due_at, in_service, next_batch

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
