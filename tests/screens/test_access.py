"""Everybody can use the pages: contrast, names, targets, no sideways scrolling, by keyboard alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.screens.conftest import DESKTOP, PHONE

PAGES = (
    "/tonight", "/tonight?day=2020-01-01", "/guests", "/guests/13", "/suggestions", "/guests/13/same",
    "/hygiene", "/hygiene/lists/1", "/hygiene/ageing", "/hygiene/ageing?preview=true",
    "/connections", "/connections?done=linked-1",
    "/connections/3", "/review", "/alerts", "/tags", "/tags/1", "/guests/values",
    "/guests/999", "/events", "/events/103", "/privacy", "/guests/13/consent", "/guests/13/erase",
    "/privacy/retention/guests", "/guests/runs",
)  # fmt: skip
PAPERS = ("/privacy/notice", "/privacy/register")
"""Without the frame of a page: to be read and printed."""
DOOR = ("/sign-in", "/sign-in/some-token")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Links inside a sentence are as high as their line; everything else is at least 24 px (WCAG 2.2), and what a host
# touches in the rush 44.
SMALL_TARGETS = """() => {
  const seen = (e) => e.checkVisibility({visibilityProperty: true}) && !e.closest('.hidden') && !e.matches('.skip');
  const inSentence = (e) => getComputedStyle(e).display === 'inline';
  const large = '.top *, .filters *, .days *, .door button, .door input, .button, .act button, .rest > summary';
  return [...document.querySelectorAll('a[href], button, summary, input:not([type=hidden])')]
    .filter((e) => seen(e) && !inSentence(e))
    .map((e) => [e, e.getBoundingClientRect(), e.matches(large) ? 44 : 24])
    .filter(([e, box, least]) => box.width < least || box.height < least)
    .map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${Math.round(box.width)}x${Math.round(box.height)}`);
}"""


# Colours do not depend on the size, nor the layout on the colours.
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
@pytest.mark.parametrize("path", [*PAGES, *PAPERS, *DOOR])
def test_nothing_stands_in_anybodys_way(opened, path, size, scheme):
    page = opened(path, role=None if path in DOOR else "owner", size=size, scheme=scheme)
    for each in page.locator("details.visit, details.mend, details.rest").all():
        each.evaluate("e => e.open = true")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_menu_and_search_stand_in_nobodys_way(opened, scheme):
    page = opened("/guests", scheme=scheme)
    page.locator(".menu > summary").click()
    # What the open menu covers is out of reach until it closes.
    assert [each for each in violations(page) if each[0] != "target-size"] == []
    page.keyboard.press("Escape")
    page.locator("#search").fill("m")
    page.locator("#found [role=option]").first.wait_for()
    assert [each for each in violations(page) if each[0] != "target-size"] == []


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds: the rule, and the element with what is wrong."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(each["id"], [node["html"][:200] + node["failureSummary"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize("path", [*PAGES, *DOOR])
def test_no_page_scrolls_sideways_on_the_narrowest_phone(opened, path):
    # German has the longest words.
    page = opened(path, role=None if path in DOOR else "owner", size=(320, 640), language="de")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", [*PAGES, *DOOR])
def test_targets_are_large_enough(opened, path, size):
    page = opened(path, role=None if path in DOOR else "owner", size=size)
    if path not in DOOR:
        page.locator(".menu > summary").click()
    assert page.evaluate(SMALL_TARGETS) == []


def test_allergy_is_loud_without_colour(opened):
    page = opened("/tonight")
    alarm = page.locator("#booking-3 .alarm")
    assert alarm.inner_text().strip() == "Nut allergy."
    assert alarm.locator("svg").count() == 1
    assert alarm.locator("strong").evaluate("e => Number(getComputedStyle(e).fontWeight)") >= 700


def test_skip_link_is_first_and_leads_to_the_page(opened):
    page = opened("/tonight")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_focus_is_seen(opened):
    page = opened("/tonight")
    for _ in range(25):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outline")
        assert "solid" in outline and "3px" in outline


def test_large_text_keeps_its_words(opened):
    page = opened("/tonight", size=(640, 900))
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_paper_shows_the_evening_and_no_buttons(opened):
    page = opened("/tonight")
    page.emulate_media(media="print")
    assert page.locator("#booking-3 .alarm").is_visible()
    assert not page.locator(".top").is_visible()
    assert not page.locator(".filters").is_visible()


def test_first_booking_is_on_a_phones_first_screen(opened):
    page = opened("/tonight", size=PHONE)
    first, tabs = page.locator(".booking").first.bounding_box(), page.locator(".tabs").bounding_box()
    assert first and tabs
    assert first["y"] + first["height"] <= tabs["y"]
    assert page.locator(".booking").first.get_attribute("id") == "booking-3"


@pytest.mark.parametrize("language", ["en", "da", "de", "es"])
def test_no_word_is_cut_on_the_narrowest_phone(opened, language):
    page = opened("/tonight", size=(320, 640), language=language)
    cut = "e => e.filter((x) => x.scrollWidth > x.clientWidth + 1).map((x) => x.textContent)"
    assert (
        page.eval_on_selector_all("#evening .figures dt, #evening h1, .booking .state, .booking .who, .tabs a", cut)
        == []
    )


def test_tabs_keep_their_words_whole_on_the_narrowest_phone(opened):
    page = opened("/tonight", size=(320, 640), language="de")
    lines = "e => e.map((x) => x.getClientRects().length + x.querySelector('span').getBoundingClientRect().height)"
    assert max(page.eval_on_selector_all(".tabs a", lines)) < 25
