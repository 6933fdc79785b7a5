"""When something is tried again, and how long others may make us wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.connectors.answers import retry_after
from servery.connectors.contract import Sent
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry, ServeryError
from servery.outbox import outcome
from servery.outbox.retry import LONGEST, SCHEDULE, as_kept, jitter, kept_error, wait_after
from servery.outbox.rows import Claimed

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
HOURS = 3600


def plain() -> float:
    return 1.0


def claim(attempts: int = 0, *, early: bool = False, tried: int | None = None) -> Claimed:
    return Claimed(
        id=1, kind="guest", subject_id=7, our_id="0", external_id=None, version=3, sent_version=2, sent_digest=None,
        written={}, attempts=attempts, tried_version=tried, tried_digest=None, fence=1, early=early,
    )  # fmt: skip


def test_tries_come_at_once_and_then_ever_more_rarely():
    assert SCHEDULE == (0, 5, 30, 120, 600, HOURS, 3 * HOURS, 6 * HOURS, 12 * HOURS, 24 * HOURS)
    waits = [wait_after(attempts, Retry("?"), plain) for attempts in range(11)]
    assert waits == [*map(float, SCHEDULE), None]


@given(st.integers(1, 9))
def test_waits_are_spread(attempts: int):
    waits = {wait_after(attempts, Retry("?"), jitter) for _ in range(20)}
    assert len(waits) > 1
    assert all(wait and 0.8 <= wait / SCHEDULE[attempts] <= 1.2 for wait in waits)


def test_what_they_ask_for_is_waited_at_the_least_and_never_for_ever():
    assert wait_after(1, Retry("?", retry_after=90, asked=True), plain) == 90
    assert wait_after(4, Retry("?", retry_after=90, asked=True), plain) == 600
    assert wait_after(1, Retry("?", retry_after=1e9, asked=True), plain) == LONGEST
    assert wait_after(1, Retry("?", retry_after=90), plain) == 5, "our own guess does not hold up the first tries"
    assert wait_after(1, LookUpFirst("?"), plain) == 5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("Sat, 21 Nov 2026 18:02:00 GMT", 120.0),
        ("Saturday, 21-Nov-26 18:02:00 GMT", 120.0),
        ("Sat Nov 21 18:02:00 2026", 120.0),
        ("Sat, 21 Nov 2026 19:02:00 +0100", 120.0),
        ("Sat, 21 Nov 2026 17:00:00 GMT", 0.0),
        ("9999999999", 86_400.0),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Sat, 99 Nov 2026 18:02:00 GMT", None),
    ],
)
def test_every_form_of_retry_after_is_read(header: str | None, seconds: float | None):
    assert retry_after(header, now=NOW) == seconds


def test_milliseconds_are_read_where_the_vendor_means_them():
    assert retry_after("1500", "milliseconds") == 1.5
    assert retry_after("Sat, 21 Nov 2026 18:02:00 GMT", "milliseconds", now=NOW) == 120.0


@given(st.text())
def test_no_header_is_a_fault(text: str):
    assert (retry_after(text) or 0.0) >= 0.0


def failed(error: ServeryError, of: Claimed, *, looking_up: bool = False, paused: bool = False) -> tuple[object, ...]:
    settled = outcome.failed(of, error, 1, looking_up=looking_up, paused=paused, spread=plain)
    return settled.state, settled.outcome, settled.attempts, settled.wait, settled.keep_tried


def test_what_a_failure_means_for_the_object():
    assert failed(Retry("?"), claim()) == ("due", "retry", 1, 5.0, False)
    assert failed(Retry("?"), claim(9)) == ("refused", "retry", 10, 0.0, False)
    assert failed(Retry("?"), claim(tried=2), looking_up=True) == ("ambiguous", "retry", 1, 5.0, True)
    assert failed(LookUpFirst("?"), claim()) == ("ambiguous", "ambiguous", 1, 5.0, True)
    assert failed(LookUpFirst("?"), claim(9)) == ("refused", "ambiguous", 10, 0.0, True)
    assert failed(Refuse("?"), claim(3)) == ("refused", "refused", 3, 0.0, False)
    assert failed(NeedsPerson("?"), claim(3)) == ("due", "needs_person", 3, 0.0, False)


def test_a_try_that_came_early_or_was_one_too_many_does_not_count():
    assert failed(Retry("?"), claim(3, early=True)) == ("due", "retry", 3, None, False)
    assert failed(Retry("?"), claim(9, early=True)) == ("due", "retry", 9, None, False)
    assert failed(Retry("?"), claim(9), paused=True) == ("due", "retry", 9, 0.0, False)


def test_finding_proves_what_was_made_and_not_what_was_changed():
    there = Sent(external_id="r1", written={"name": "Anna"})
    made = Claimed(
        **{name: getattr(claim(tried=3), name) for name in Claimed.__struct_fields__} | {"tried_digest": b"d"}
    )
    assert (outcome.found(made, there, 1).state, outcome.found(made, there, 1).digest) == ("rests", b"d")
    changed = Claimed(**{name: getattr(made, name) for name in Claimed.__struct_fields__} | {"external_id": "r1"})
    assert (outcome.found(changed, there, 1).state, outcome.found(changed, there, 1).digest) == ("due", None)
    # After a backup was restored nobody knows what was sent.
    assert outcome.found(claim(tried=3), there, 1).state == "due"


def test_an_error_is_kept_in_words_that_can_be_said_again():
    error = NeedsPerson("The key of {system} is wrong.", field="api_key", system="Till", mend="Enter it again.")
    assert kept_error(as_kept(error)).told() == "The key of Till is wrong. Enter it again."
    assert as_kept(error)["needs_person"]
