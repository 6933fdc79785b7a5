"""The character NUL, which no text that is kept can hold, in forms and addresses: refused in words, never a fault."""

import re

import httpx
import pytest


@pytest.fixture
def browser(served):
    with httpx.Client(base_url=served.url, cookies={"servery_session": "owner"}, timeout=60) as client:
        yield client


@pytest.fixture
def send(browser):
    found = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', browser.get("/guests").text)
    assert found
    return lambda path, **fields: browser.post(path, data={"_csrf_token": found[1], **fields})


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/guests/13/edit", {"name": "An\0na", "was-name": "Anna"}),
        ("/guests/13/entries", {"kind": "note", "text": "by the \0 window"}),
        ("/guests/13/same/21", {"same": "yes", "field-name": "\0"}),
        ("/search", {"q": "\0"}),
        ("/privacy/requests", {"kind": "access", "asked_by": "a\0", "received_on": "2026-01-01"}),
        ("/guests/13/consent", {"state": "denied", "channel": "any", "purpose": "marketing", "source": "\0"}),
        ("/tags/new", {"tag\0": "x"}),
        ("/sign-in", {"email": "a\0@example.com", "password": "\0"}),
    ],
)
def test_a_form_is_refused_and_nothing_is_done(send, served, path, fields):
    answer = send(path, **fields)
    assert answer.status_code == 422, answer.text
    assert "The character NUL (U+0000) cannot be kept. Leave it out." in answer.text
    assert (served.preview.saying.said, served.preview.who.steps) == ([], [])


@pytest.mark.parametrize("path", ["/guests?after=%00", "/events?order=a%00b", "/tonight?day=%00", "/suggestions?x=%00"])
def test_a_query_is_refused(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 422
    assert "NUL" in answer.text


@pytest.mark.parametrize("path", ["/static/a%00.css", "/privacy/retention/a%00", "/guests%00", "/sign-in/%00"])
def test_an_address_is_none(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
