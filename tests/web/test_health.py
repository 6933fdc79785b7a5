"""The pages of health: who may see them, what they say, and what leaves as a file."""

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from litestar.testing import TestClient

from servery.language.notation import notation
from servery.language.words import LANGUAGES, words
from servery.web.connections.health import Alarm
from tests.web.preview import Preview

NOW = datetime(2026, 3, 13, 19, 30, tzinfo=UTC)
KEEPERS = {"manager", "owner"}


@pytest.fixture
def client():
    with TestClient(Preview().app, base_url="http://servery.test") as client:
        yield client


def signed_in(client, role="owner"):
    client.cookies.set("servery_session", role)
    return client


def plain(answer):
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split()))


@pytest.mark.parametrize("role", ["host", "server", "manager", "marketer", "owner", "integrator"])
def test_who_may_see_what(client, role):
    signed_in(client, role)
    assert (client.get("/review").status_code == 200) == (role in KEEPERS)
    assert (client.get("/review.csv").status_code == 200) == (role in KEEPERS)
    assert (client.get("/alerts").status_code == 200) == (role in {*KEEPERS, "integrator"})
    assert (client.get("/connections/1").status_code == 200) == (role != "server")


def test_the_review_says_how_well_we_know_our_guests(client):
    page = plain(signed_in(client).get("/review?month=2025-10"))
    assert "Complete 74 %" in page
    assert "Nobody for a month" in page
    rows = list(csv.reader(io.StringIO(client.get("/review.csv?month=2025-10").content.decode("utf-8-sig"))))
    assert ["Guests", "share of complete profiles", "0.7424"] in rows
    assert client.get("/review?month=soon").status_code == 422


def test_a_connection_tells_its_last_day_and_what_crosses(client):
    page = signed_in(client).get("/connections/3")
    assert 'role="img"' in page.text
    assert "it did not work for 8 hours" in plain(page) or "9 hours" in plain(page)
    assert "Voided lines are not in Square's answers." in plain(page)
    assert client.get("/connections/99").status_code == 404


def test_a_webhooks_secret_is_shown_once(client):
    signed_in(client)
    wrong = _sent(client, "/alerts", address="nonsense", least="critical")
    assert wrong.status_code == 422
    assert "neither an e-mail address" in plain(wrong)
    made = _sent(client, "/alerts", address="https://example.com/x", least="warning")
    assert "whsec_" in made.text
    assert "whsec_" not in client.get("/alerts").text
    assert "The test could not be sent." in plain(_sent(client, "/alerts/2/test"))
    assert "A test was sent." in plain(_sent(client, "/alerts/1/test"))
    assert _sent(client, "/alerts/2/remove").status_code == 200
    assert "https://example.com/x" not in client.get("/alerts").text
    assert _sent(client, "/alerts/1", least="everything").status_code == 422


def _sent(client, path, **fields):
    token = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', client.get("/guests").text)
    assert token
    return client.post(path, data={"_csrf_token": token[1], **fields})


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alarm_in_every_language(language):
    spoken = words(language)
    figures = notation(language, "Europe/Copenhagen")
    alarm = Alarm(id=1, name="Till", kind="pos", since=NOW - timedelta(minutes=86), needs_person=False, waiting=212)
    told = alarm.told(spoken, figures, NOW)
    assert told.startswith("Till")
    assert "19.04" in told
    assert "212" in told
    assert alarm.advice(spoken)
    if language == "en":
        assert told == "Till unreachable since 19.04. 212 updates waiting."
    yesterday = Alarm(id=1, name="Book", kind="reservations", since=NOW - timedelta(days=1), needs_person=True)
    assert "2026" in yesterday.told(spoken, figures, NOW)
