"""What a guest's page says: each value once with its sources, records to judge by, consent by channel, one clock."""

import html
import re
from typing import Any

import pytest
from litestar.testing import TestClient
from msgspec import structs

from servery.language.notation import notation
from servery.language.words import words
from servery.model.consent import Channel
from servery.model.guest import Consent
from servery.web.guests.agreed import agreed
from tests.web import regulars


def read(client: TestClient[Any], path: str) -> str:
    """A page's words, one space apart."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(client.get(path).text)).split())


NEVER: dict[Channel, Consent] = {"email": "unknown", "sms": "unknown", "phone": "unknown", "post": "unknown"}


@pytest.mark.parametrize(
    ("marketing", "told"),
    [
        ({}, "never asked, so no"),
        ({"any": "granted"} | dict.fromkeys(NEVER, "granted"), "agreed"),
        (dict.fromkeys(NEVER, "denied"), "refused"),
        (NEVER | {"email": "granted"}, "agreed by e-mail; by text message, by phone and by post never asked, so no"),
        (
            NEVER | {"email": "granted", "phone": "denied"},
            "agreed by e-mail; refused by phone; by text message and by post never asked, so no",
        ),
    ],
)
def test_consent_is_told_by_channel(marketing, told):
    assert agreed(marketing, words("en"), notation("en", "Europe/Copenhagen")).replace(", and", " and") == told


@pytest.mark.parametrize("language", ["da", "de", "es"])
def test_consent_by_channel_is_told_in_each_language(language):
    told = agreed(NEVER | {"email": "granted"}, words(language), notation(language, "Europe/Copenhagen"))
    assert "never asked" not in told
    assert "{" not in told


def test_the_page_says_by_which_channel(client):
    told = read(client, "/guests/13")
    assert "agreed by e-mail; refused by phone; by text message and by post never asked, so no" in told


def test_a_value_stands_once_with_all_that_say_it(client):
    contact = read(client, "/guests/13").partition("Phone +45")[2].partition("Written by the house")[0]
    assert contact.count("Birthday") == 1
    assert contact.count("Apr 1984") + contact.count("April 1984") == 1
    assert "Square, Files · 4 records" in contact
    assert all(f"Files · Record {number}" in contact for number in range(3))


def test_a_record_shows_what_a_person_judges_by(client):
    joined = read(client, "/guests/13").partition("Joined from these records")[2]
    assert "Mette Sørensen mette.soerensen@example.com · 12 Apr 1984" in joined
    assert "M. Soerensen +45 20 00 00 03" in joined


@pytest.mark.parametrize("visits", [True, False])
def test_one_clock_on_all_pages(client, preview, monkeypatch, visits):
    """The venue's that is looked at, by default the house's first, also where the guest never came."""
    known = regulars.profile(13)
    bare = structs.replace(known, visits=(), upcoming=(), time_zone=None)
    abroad = structs.replace(known, time_zone="America/New_York")

    async def guest(viewer, guest_id):
        return abroad if visits else bare

    monkeypatch.setattr(preview.sources, "guest", guest)
    told = read(client, "/guests/13")
    # Said at 16:02 UTC on 3 October, merged at 9:00 UTC on 8 November, as a clock in Copenhagen shows it.
    assert "3 Oct 2025, 18.02" in told
    assert "8 Nov 2025, 10.00" in told
