"""The levels of quality as data: what each asks of a connector, and by which tests of the suite it is proven."""

from collections.abc import Callable, Mapping
from typing import get_args

from msgspec import Struct

from servery.connectors.contract import Evidence, Manifest, Quality

LEVELS: tuple[Quality, ...] = get_args(Quality)
"""From the first to the highest; each includes those before it."""

HIGHEST: Mapping[Evidence, Quality] = {
    "inferred": "silver",
    "documentation": "gold",
    "official": "platinum",
    "live": "platinum",
}
"""The highest level that each kind of evidence allows: who only guessed what a vendor sends proves little."""


class Requirement(Struct, frozen=True, kw_only=True):
    """One thing that a level asks. `tests` are those of the suite that prove it; one that does not apply proves it too.

    `declared` tells whether the connector has what the requirement is about.
    """

    level: Quality
    words: str
    tests: tuple[str, ...] = ()
    declared: Callable[[Manifest], bool] = lambda manifest: True


def _is_polled(manifest: Manifest) -> bool:
    return bool(manifest.resources) or manifest.kind == "file"


def _writes(manifest: Manifest) -> bool:
    return bool(manifest.outgoing)


def _says_how_to_erase(manifest: Manifest) -> bool:
    return any(one.field == "erasure" and one.note for one in manifest.capabilities)


REQUIREMENTS = (
    Requirement(
        level="bronze",
        words="it is set up on a page and tested before it is saved, with the failure beside the setting at fault",
        tests=(
            "test_the_right_credentials_open_the_account",
            "test_wrong_credentials_are_told_beside_the_setting",
            "test_a_wrong_address_is_told",
        ),
    ),
    Requirement(
        level="bronze",
        words="its webhooks are signed, or declared to be told by a secret",
        tests=("test_the_declared_webhook_is_sound", "test_hear_is_pure_and_total"),
    ),
    Requirement(
        level="bronze",
        words="nothing is lost and nothing doubled, with faults and with changes while it is read",
        tests=(
            "test_all_that_stands_is_read_once",
            "test_a_spoilt_answer_loses_nothing",
            "test_nothing_is_lost_to_what_changes_while_it_is_read",
            "test_webhooks_and_polls_together_lose_nothing",
            "test_a_file_is_read_whole_and_again_the_same",
            "test_lines_doubled_and_in_any_order_say_the_same",
            "test_a_file_cut_off_anywhere_makes_nothing_up",
            "test_a_file_that_changes_while_it_is_read_is_not_believed",
        ),
    ),
    Requirement(
        level="bronze",
        words="manifest, README and messages in every language are complete",
        tests=(
            "test_the_manifest_is_complete",
            "test_the_readme_tells_what_it_reads_and_how_to_get_credentials",
            "test_everything_said_is_said_in_each_language",
        ),
    ),
    Requirement(
        level="silver",
        words="it polls, webhooks or not, and sees each new state",
        tests=("test_what_changes_is_seen_by_the_next_poll",),
        declared=_is_polled,
    ),
    Requirement(
        level="silver",
        words="the vendor's limits are obeyed: nothing is asked past them, and the wait that is asked for is kept",
        tests=(
            "test_every_request_goes_where_limits_are_kept",
            "test_the_wait_that_is_asked_for_is_kept",
            "test_a_passing_fault_is_told_as_such",
        ),
    ),
    Requirement(
        level="silver",
        words="credentials that end ask for new ones beside the setting",
        tests=("test_credentials_that_end_are_told_while_reading",),
    ),
    Requirement(
        level="gold",
        words="it writes back, once, also where nobody knows whether an attempt went through",
        tests=(
            "test_the_same_state_twice_is_there_once",
            "test_an_unknown_end_is_looked_up",
            "test_what_may_be_done_is_never_called_undone",
            "test_what_was_written_comes_back_as_written",
        ),
        declared=_writes,
    ),
    Requirement(
        level="gold",
        words="its manifest tells what becomes of a guest's erasure, by a capability `erasure` with a note",
        declared=_says_how_to_erase,
    ),
    Requirement(
        level="platinum",
        words="whatever comes is understood or kept aside, and its shapes are the vendor's own (evidence)",
        tests=("test_whatever_comes_is_understood_or_kept_aside",),
    ),
)


class Verdict(Struct, frozen=True):
    """The level that is proven, and in words what lacks for the next."""

    proven: Quality | None
    lacking: tuple[str, ...]


def rank(level: Quality | None) -> int:
    """A level's place, from 1; 0 for none."""
    return 0 if level is None else LEVELS.index(level) + 1


def verdict(manifest: Manifest, failed: frozenset[str] | None = None) -> Verdict:
    """What is proven of a connector whose suite ran, but for the tests that failed."""
    met = [one for one in REQUIREMENTS if one.declared(manifest) and not {*one.tests} & (failed or frozenset())]
    proven: Quality | None = None
    for level in LEVELS:
        lacking = [one.words for one in REQUIREMENTS if one.level == level and one not in met]
        if rank(level) > rank(HIGHEST[manifest.evidence]):
            lacking.append(f"its evidence is {manifest.evidence}, which allows no more than {proven}")
        if lacking:
            return Verdict(proven, tuple(f"{level}: {words}" for words in lacking))
        proven = level
    return Verdict(proven, ())
