"""What somebody does on the pages: checks placed, connections read and paused, each undone again."""

import html
import re

import pytest

from servery.model.viewer import ROLES

LINKERS = {"host", "manager", "owner"}
CONNECTORS = {"manager", "owner", "integrator"}


def sent(client, path, back="/connections", **fields):
    """A form sent as a browser without scripts sends it, led on to the page that follows."""
    form = client.get("/guests")
    token = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', form.text)
    assert token
    return client.post(path, data={"_csrf_token": token[1], "back": back, **fields})


def test_a_check_is_placed_told_and_taken_back(client, preview):
    page = sent(client, "/checks/1/link", reservation="5")
    assert preview.sources.placed == {1: 5}
    assert "The check is with its booking now." in page.text
    assert 'id="loose-1"' not in page.text
    assert 'id="placed-1"' in page.text
    undo = re.search(r'id="done".*?action="([^"]+)"', page.text, re.DOTALL)
    assert undo and undo[1] == "/checks/1/unlink"
    page = sent(client, undo[1])
    assert preview.sources.placed == {}
    assert "left to the rules again" in page.text
    assert 'id="loose-1"' in page.text


def test_a_check_is_said_to_be_a_walk_ins(client, preview):
    page = sent(client, "/checks/2/link", reservation="")
    assert preview.sources.placed == {2: None}
    assert "The check stays a walk-in's." in html.unescape(page.text)


def test_a_check_is_taken_off_a_guests_visit_and_one_is_back_at_the_guest(client, preview):
    page = sent(client, "/checks/503/link", back="/guests/13")
    assert preview.sources.placed == {503: None}
    assert (page.url.path, page.url.query) == ("/guests/13", b"done=walked-in-503")


def test_a_connection_is_read_paused_and_resumed(client, preview):
    sent(client, "/connections/1/read")
    assert preview.sources.asked == [1]
    assert 'name="back" value="/connections"' in client.get("/connections?done=asked-1").text
    page = sent(client, "/connections/1/pause")
    assert preview.sources.paused == {1}
    assert page.url.query == b"done=paused-1"
    assert 'action="/connections/1/resume"' in page.text
    sent(client, "/connections/1/resume")
    assert preview.sources.paused == set()


@pytest.mark.parametrize("role", ROLES)
def test_each_role_does_and_is_offered_what_it_may(client, role):
    client.cookies.set("servery_session", role)
    for path, able in (("/checks/1/link", LINKERS), ("/connections/1/pause", CONNECTORS)):
        answer = sent(client, path, back="/guests")
        assert answer.status_code == (200 if role in able else 403)
    if role != "server":
        page = client.get("/connections").text
        assert ('action="/checks/2/link"' in page) == (role in LINKERS)
        assert ('action="/connections/2/pause"' in page) == (role in CONNECTORS)
    assert ("Wrong booking" in client.get("/guests/13").text) == (role in LINKERS)


@pytest.mark.parametrize("path", ["/checks/1/link", "/checks/1/unlink", "/connections/1/read", "/connections/1/pause"])
def test_forms_of_other_sites_change_nothing(client, preview, path):
    assert client.post(path, data={"reservation": "5"}).status_code == 403
    assert (preview.sources.placed, preview.sources.asked, preview.sources.paused) == ({}, [], set())


def test_what_is_not_there_is_said(client):
    assert sent(client, "/checks/999/link").status_code == 404
    assert sent(client, "/checks/1/link", reservation="x").status_code == 422


@pytest.mark.parametrize("done", ["", "linked", "linked-", "linked-x", "burnt-1", "<b>-1"])
def test_nothing_is_told_that_was_not_done(client, done):
    page = client.get("/connections", params={"done": done}).text
    assert re.search(r'id="done"[^>]*></div>', page)


def test_troubles_are_told_in_the_readers_language(client):
    client.cookies.set("servery_language", "da")
    page = client.get("/connections").text
    assert "Square godtager ikke adgangstokenet." in page


def test_what_was_not_counted_is_not_claimed(client, preview):
    preview.sources.many = True
    assert "More than 10.000 guests" in client.get("/guests").text
    assert "The first 8 guests that fit “a”" in sent(client, "/guests", q="a").text
    assert "The first 8. Enter shows more." in sent(client, "/search", q="a").text


def test_address_that_leads_nowhere_keeps_the_header_for_who_is_signed_in(client):
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert 'href="/tonight"' in page.text
    client.cookies.delete("servery_session")
    stranger = client.get("/nowhere/at/all")
    assert stranger.status_code == 404
    assert 'href="/tonight"' not in stranger.text
