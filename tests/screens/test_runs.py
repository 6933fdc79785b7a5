"""Runs over all guests in the browser: followed live, by keyboard, in four languages, with nothing in anybody's way."""

import re

import pytest
from playwright.sync_api import expect

from servery.guests.matching.history import GuestWeights
from tests.screens.conftest import DESKTOP, PHONE, tell
from tests.screens.test_access import SMALL_TARGETS, violations
from tests.web.running import NOW, RUN, TAKEN_BACK


@pytest.fixture(autouse=True)
def runs(house):
    house.preview.runs.forget()
    yield house.preview.runs
    house.preview.runs.forget()


def test_a_look_is_begun_followed_live_joined_and_taken_back_by_keyboard(opened, house, runs):
    page = opened("/guests/runs")
    page.get_by_role("button", name="Look what would change").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_contain_text("You may leave this page meanwhile")
    expect(page.get_by_role("heading", name="Looking what would change")).to_be_visible()
    runs.at("Scoring pairs")
    tell(house, page, "runs")
    expect(page.get_by_role("status").filter(has_text="Step 3 of 5")).to_be_visible()
    expect(page.locator("progress")).to_have_js_property("value", 2)
    # Another tab, or the same page loaded again, is where the work is.
    expect(opened("/guests/runs").get_by_text("Step 3 of 5")).to_be_visible()
    runs.found()
    tell(house, page, "runs")
    join = page.get_by_role("button", name="Join them")
    expect(join).to_be_visible()
    join.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Joining them")).to_be_visible()
    runs.runs = [RUN]
    runs.done(guests=3, left=0, asks=41)
    tell(house, page, "runs")
    expect(page.locator("#did-2")).to_contain_text("3 guests were joined to others")
    page.get_by_role("button", name="Take it back").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Taking the run back")).to_be_visible()


def test_it_goes_on_where_nobody_hears_the_line(opened, runs):
    page = opened("/guests/runs")
    page.get_by_role("button", name="Look what would change").click()
    expect(page.get_by_text("It waits for its turn.")).to_be_visible()
    runs.found()
    expect(page.get_by_role("button", name="Join them")).to_be_visible()


def with_everything(runs, state):
    runs.versions = [
        GuestWeights(2, NOW, 48_210, True),
        GuestWeights(1, NOW, 12_000, False),
        GuestWeights(0, NOW, 0, False),
    ]
    runs.runs = [RUN, TAKEN_BACK]
    runs.asked = []
    runs._ask("look")
    {"works": lambda: runs.at("Scoring pairs"), "found": runs.found, "failed": runs.failed}[state]()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
@pytest.mark.parametrize("state", ["works", "found", "failed"])
def test_nothing_stands_in_anybodys_way(opened, runs, state, size, scheme):
    with_everything(runs, state)
    page = opened("/guests/runs", size=size, scheme=scheme)
    for each in page.locator("details.old").all():
        each.evaluate("e => e.open = true")
    assert violations(page) == []
    assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize("language", ["en", "da", "de", "es"])
@pytest.mark.parametrize("state", ["works", "found", "failed"])
def test_it_fits_the_narrowest_phone_in_every_language(opened, runs, state, language):
    with_everything(runs, state)
    page = opened("/guests/runs", size=(320, 640), language=language)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    text = page.locator("#runs").inner_text()
    assert not re.search(r"\{\w+\}", text)
    if language != "en":
        for english in ("guests", "weights", "Join", "Look ", "record"):
            assert english not in text
