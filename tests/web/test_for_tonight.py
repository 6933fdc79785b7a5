"""Notes for tonight on the page of the evening, and names as they are spoken."""

import html
import re
from datetime import date, timedelta

import pytest
from litestar.testing import TestClient
from msgspec import structs

from servery.model.viewer import ROLES
from tests.web import restaurant
from tests.web.test_actions import sent
from tests.web.test_same_person import undo_of


@pytest.fixture
def client(preview):
    with TestClient(preview.app, base_url="http://servery.test") as client:
        client.cookies.set("servery_session", "host")
        yield client


def row(page, booking):
    found = re.search(rf'<li id="booking-{booking}".*?</li>\s*<li id="booking', html.unescape(page), re.DOTALL)
    assert found
    return found[0]


def test_a_note_stands_with_its_author_and_time_and_the_name_as_it_is_spoken(client):
    page = client.get("/tonight").text
    shown = row(page, 9)
    assert "The son brings the cake at nine, by the back door" in shown
    assert "Rosa, 16.05" in shown
    assert "Say: SØ-ren and GIT-teh" in shown
    assert "Note for tonight" in shown


def test_a_note_is_written_from_tonight_and_undone_there(client, preview):
    done = sent(
        client, "/guests/19/entries", "/tonight?standing=expected", kind="tonight", text="Late", day="2026-03-06"
    )
    assert done.url.path == "/tonight"
    assert preview.saying.said == [("tonight", "Late")]
    assert preview.saying.days == [preview.saying.days[0]]
    assert preview.saying.days[0].isoformat() == "2026-03-06"
    assert "It is written down." in done.text
    sent(client, undo_of(done), "/tonight")
    assert preview.saying.said[-1] == ("strike", 2)


def test_it_leads_nowhere_else(client):
    done = sent(client, "/guests/19/entries", "/tonightly", kind="note", text="x")
    assert done.url.path == "/guests/19"
    assert sent(client, "/guests/19/entries", kind="tonight", text="x", day="someday").status_code == 422


@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_write_is_offered_to(preview, role):
    with TestClient(preview.app, base_url="http://servery.test") as client:
        client.cookies.set("servery_session", role)
        assert ('class="noting"' in client.get("/tonight").text) == (role in {"host", "manager", "owner"})


def test_nothing_is_noted_for_an_evening_that_is_over(client, monkeypatch):
    today = date(2026, 3, 6)
    shown = restaurant.evening(today, today)

    def looked_at(day):
        monkeypatch.setattr(restaurant, "evening", lambda *_: structs.replace(shown, day=day))
        return client.get("/tonight").text

    for away, may in ((-1, False), (0, True), (1, True)):
        page = looked_at(today + timedelta(days=away))
        assert ('class="noting"' in page) is may
        assert "The son brings the cake at nine" in page
