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


def test_a_text_in_the_body_finds_the_same(ask):
    """What stands in an address may be kept in the log of a proxy: a name is personal."""
    for role, text in (("owner", "windw"), ("marketer", "anna"), ("host", "windw")):
        by_address = ask("/guests", role, q=text).json()
        by_body = ask("/guests/search", role, body={"q": text})
        assert by_body.status_code == 200
        assert by_body.json()["items"] == by_address["items"]
    assert by_address["items"], "what nobody finds proves nothing"
    assert len(ask("/guests/search", body={"q": "a", "limit": 1}).json()["items"]) == 1


def test_what_a_text_in_the_body_finds_is_a_file_for_whom_may_take_it(ask):
    wanted = {"accept": "text/csv"}
    lines = ask("/guests/search", "owner", headers=wanted, body={"q": "anna"}).text.splitlines()
    assert lines == ask("/guests", "owner", headers=wanted, q="anna").text.splitlines()
    assert len(lines) > 1
    assert ask("/guests/search", "host", headers=wanted, body={"q": "anna"}).status_code == 403


@pytest.mark.parametrize("body", [{"q": "a" * 201}, {"q": 3}, {}, {"q": "a", "limit": 0}, {"q": "a", "limit": 201}])
def test_what_no_text_is_is_refused(ask, body):
    answer = ask("/guests/search", body=body)
    assert answer.status_code == 400
    assert answer.json()["errors"]
