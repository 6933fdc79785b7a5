"""Searching guests through the API: what they were found by, cut to what the key's role sees."""

import pytest


def found(ask, role, text):
    return [(one["id"], one["found"]) for one in ask("/guests", role, q=text).json()["items"]]


def test_a_guest_is_found_by_a_preference_with_the_word_marked(ask):
    ((guest, by),) = found(ask, "owner", "windw")
    assert guest == 1
    assert by == {"by": "preference", "score": by["score"], "text": "by the window", "marks": [[7, 13]]}


def test_by_their_own_name_needs_no_words(ask):
    assert found(ask, "owner", "anna ostergard") == [(1, {"by": "name", "score": 100.0})]


@pytest.mark.parametrize(("role", "sees"), [("owner", True), ("host", True), ("server", True), ("marketer", False)])
def test_nobody_is_found_by_what_the_role_does_not_see(ask, role, sees):
    assert bool(found(ask, role, "window")) == sees
    assert bool(found(ask, role, "nuts")) == sees


def test_a_list_says_nothing_of_finding(ask):
    assert all("found" not in one for one in ask("/guests").json()["items"])


@pytest.mark.parametrize("text", ["a", "🎂", "\u202eanna", "%", "_", "' or 1=1 --", '"', "   ", "\\", "a" * 200])
def test_whatever_is_typed_is_answered(ask, text):
    assert ask("/guests", q=text).status_code == 200


def test_ten_thousand_characters_are_refused(ask):
    assert ask("/guests", q="a" * 10_000).status_code in {400, 422}
