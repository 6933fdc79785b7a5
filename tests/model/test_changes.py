from datetime import UTC, date, datetime, timedelta

from servery.model.changes import Applied, modified_at, revision_at


def test_a_modified_time_is_a_revision_and_back():
    moment = datetime(2026, 11, 21, 18, 0, 0, 123456, tzinfo=UTC)
    assert modified_at(revision_at(moment)) == moment
    assert revision_at(moment + timedelta(microseconds=1)) == revision_at(moment) + 1


def test_a_version_is_no_time():
    assert [modified_at(version) for version in (-1, 0, 1, 4711, 2**62)] == [None] * 5


def test_what_two_sets_did_adds_up():
    one = Applied(guests=[1], days={(1, date(2026, 1, 1))}, created=1, lines_updated=2)
    one.add(Applied(guests=[2], days={(2, date(2026, 1, 1))}, created=2, unchanged=5, lines_updated=1))
    assert (one.guests, len(one.days), one.created, one.unchanged, one.lines_updated) == ([1, 2], 2, 3, 5, 3)
