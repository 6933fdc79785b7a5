"""What an error says, and in which language."""

from __future__ import annotations

import pytest

from servery.errors import Invalid, NeedsPerson, NotFound, Quarantine, Refuse, Retry, ServeryError


def test_an_error_says_where_what_and_how_to_mend_it() -> None:
    error = Invalid(
        "There is no time zone {zone}.",
        where="venues.csv, line 3",
        mend="Take a name such as Europe/Copenhagen.",
        zone="Europe/Kopenhagen",
    )
    assert str(error) == (
        "venues.csv, line 3: There is no time zone Europe/Kopenhagen. Take a name such as Europe/Copenhagen."
    )
    assert error.message == "There is no time zone Europe/Kopenhagen."


def test_an_error_is_translated_before_its_places_are_filled() -> None:
    danish = {"There is no table {name}.": "Der er intet bord {name}.", "Choose another.": "Vælg et andet."}
    error = NotFound("There is no table {name}.", mend="Choose another.", name="7a")
    assert error.told(danish.__getitem__) == "Der er intet bord 7a. Vælg et andet."


@pytest.mark.parametrize(("text", "params"), [('{"a": 1}', {}), ("{value}", {"value": '{"a": 1}'})])
def test_braces_of_its_own_are_no_places(text: str, params: dict[str, str]) -> None:
    assert str(Quarantine(text, **params)) == '{"a": 1}'


def test_an_error_keeps_its_name_when_its_words_change() -> None:
    assert Retry("Later.").code == "retry"
    assert Retry("Later.", code="rate-limited", retry_after=2).code == "rate-limited"


def test_a_caller_may_tell_errors_by_what_to_do() -> None:
    assert issubclass(NotFound, Refuse) and issubclass(Invalid, Refuse)
    assert not issubclass(NeedsPerson, Refuse)
    assert issubclass(Retry, ServeryError)
