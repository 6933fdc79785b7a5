"""The suite finds what it is for: each fault planted in a connector that was right is noticed by the test for it."""

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from servery.testing import contract_suite
from servery.testing.scaffold import new

Begun = Callable[..., Any]
_NUMBERS = itertools.count()


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begun]:
    """Begins a connector with some of a file's text replaced; gives its suite."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made: list[str] = []

    def begin(file: str, planted: dict[str, str]) -> Any:
        name = f"planted{next(_NUMBERS)}"
        new(name, tmp_path, package=True, taken=())
        source = tmp_path / f"servery-{name}/src"
        path = source / f"servery_{name}" / file
        text = path.read_text()
        for right, wrong in planted.items():
            assert right in text, f"{file} of the template has no {right!r} any more"
            text = text.replace(right, wrong)
        path.write_text(text)
        monkeypatch.syspath_prepend(str(source))
        made.append(f"servery_{name}")
        return contract_suite(made[-1], settings={"api_key": "sandbox-key"}, parties=210)()

    yield begin
    for module in [each for each in sys.modules if each.partition(".")[0] in made]:
        del sys.modules[module]
    importlib.invalidate_caches()


PLANTED: dict[str, tuple[str, dict[str, str], str, tuple[str, ...]]] = {
    "asks a person to mend a busy server": (
        "client.py", {"if response.is_server_error:": "if False:"},
        "test_a_passing_fault_is_tried_again", ("500",),
    ),
    "knows no broken connection": (
        "client.py", {"except httpx.RequestError": "except httpx.ConnectError"},
        "test_a_passing_fault_is_told_as_such", ("half an answer",),
    ),
    "leaves out a record": (
        "client.py", {"Page(answer.bookings, ": "Page(answer.bookings[:-1], "},
        "test_all_that_stands_is_read_once", (),
    ),
    "reads one page": (
        "client.py", {"Page(answer.bookings, answer.next)": "Page(answer.bookings)"},
        "test_all_that_stands_is_read_once", (),
    ),
    "takes a failure for the end": (
        "client.py", {"raise _failure(session, response)": "return wire.Bookings(()) if answer is wire.Bookings "
                      'else wire.Restaurant("LOCATION1", "The Pass", "UTC", "DKK")'},
        "test_a_spoilt_answer_loses_nothing", ("503",),
    ),
    "makes up an account": (
        "client.py", {"raise _failure(session, response)": 'return answer("x", "x", "UTC", "DKK")'},
        "test_a_fault_in_the_middle_changes_no_account", ("503",),
    ),
    "does not wait as asked": (
        "client.py", {"retry_after=PAUSE if asked is None else asked": "retry_after=1.0"},
        "test_the_wait_that_is_asked_for_is_kept", (),
    ),
    "asks past the client that keeps limits": (
        "client.py", {"await session.http.get(": "httpx.get("},
        "test_every_request_goes_where_limits_are_kept", (),
    ),
    "blames another setting": (
        "client.py", {'field="api_key"': 'field="base_url"'},
        "test_wrong_credentials_are_told_beside_the_setting", (),
    ),
    "tells the password in an address": (
        "client.py", {'urlsplit(_base(session)).hostname or "?"': "_base(session)"},
        "test_a_wrong_address_is_told", (),
    ),
    "takes ended credentials for a fault that passes": (
        "client.py", {"return _refused()": 'return Retry("$")'},
        "test_credentials_that_end_are_told_while_reading", (),
    ),
    "pages by position": (
        "simulator.py", {
            "if not one.deleted and _cursor(one) > after]": "if not one.deleted][int(after or 0):]",
            "_cursor(page[-1]) if": "str(int(after or 0) + limit) if",
        },
        "test_nothing_is_lost_to_what_changes_while_it_is_read", (),
    ),
    "has one revision for all states": (
        "translate.py", {"revision_at(_utc(booking.updated_at))": "7"},
        "test_what_changes_is_seen_by_the_next_poll", (),
    ),
    "knows no depth": (
        "translate.py", {"OverflowError, RecursionError": "OverflowError"},
        "test_whatever_comes_is_understood_or_kept_aside", (),
    ),
    "knows no other status": (
        "translate.py", {"if booking.status not in STATUSES:": "if False:"},
        "test_whatever_comes_is_understood_or_kept_aside", (),
    ),
    "hides what is personal": (
        "manifest.toml", {'personal_fields = ["guest"]': "personal_fields = []"},
        "test_what_is_personal_is_declared", (),
    ),
    "hides its ids": (
        "manifest.toml", {'id_fields = ["id"]': "id_fields = []"},
        "test_ids_are_declared", (),
    ),
    "claims too much": (
        "manifest.toml", {'quality = "bronze"': 'quality = "gold"'},
        "test_the_quality_claimed_is_not_above_what_is_proven", (),
    ),
    "misspells its manifest": (
        "manifest.toml", {"lateness = 300": "lateness = 300\nlatenes = 1"},
        "test_the_manifest_says_nothing_that_nobody_reads", (),
    ),
    "overlaps with nothing": (
        "manifest.toml", {"lateness = 300": "lateness = 0"},
        "test_the_manifest_is_complete", (),
    ),
    "leaves a message in English": (
        "locale/de/LC_MESSAGES/messages.po", {'msgid "API key"': 'msgid "API-key"'},
        "test_everything_said_is_said_in_each_language", ("de",),
    ),
    "tells no limits": (
        "README.md", {"## Known limits": "## Notes"},
        "test_the_readme_tells_what_it_reads_and_how_to_get_credentials", (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(begun: Begun, fault: str):
    file, planted, test, given = PLANTED[fault]
    suite = begun(file, planted)
    with pytest.raises((Exception, pytest.fail.Exception)):
        getattr(suite, test)(*given)
