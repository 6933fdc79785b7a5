"""At once, or at the times that the owner chose, in the venue's own time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.outbox.pace import Pace, leaves_until

TWICE = Pace(pace="batch", batch_at=(9 * 60, 16 * 60 + 30), time_zone="Europe/Copenhagen")


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
    assert leaves_until(Pace(pace=pace), at("2026-11-21T12:00")) is None  # type: ignore[arg-type]


def test_nothing_leaves_before_a_connection_is_live():
    pace = Pace(live_from=at("2026-11-21T12:00"))
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
    until = leaves_until(Pace(pace="batch", batch_at=tuple(minutes), time_zone=zone), now)
    assert until is not None
    assert timedelta(0) <= now - until <= timedelta(hours=27)
