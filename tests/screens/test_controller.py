"""Who answers for guests' data is written down by keyboard alone, on any screen, and mended beside the field."""

import pytest

from tests.screens.conftest import DESKTOP, PATIENCE, PHONE
from tests.screens.test_access import SMALL_TARGETS, violations

SCREENS = [(PHONE, "dark"), (PHONE, "light"), (DESKTOP, "light"), (DESKTOP, "dark")]
TYPED = ("Havnen ApS", "Havnegade 1", "privat@havnen.example", "+45 33 12 34 56", "havnen.example", "", "", "")


@pytest.fixture
def nobody(house):
    """Nobody is written down yet."""
    stood = list(house.preview.privacy.answering)
    house.preview.privacy.answering[:] = [None]
    yield house.preview.privacy
    house.preview.privacy.answering[:] = stood


@pytest.fixture
def looked_at(browser, house):
    """Opens the page of privacy. That the browser notes on its console what a form is refused is no fault."""
    contexts = []

    def open_page(size=DESKTOP, scheme="light"):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        contexts.append(context)
        context.add_cookies([{"name": "servery_session", "value": "owner", "url": house.url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{house.url}/privacy")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=["phone-dark", "phone", "desktop", "desktop-dark"])
def test_form_and_fault_stand_in_nobodys_way(nobody, looked_at, size, scheme):
    page = looked_at(size, scheme)
    assert page.locator("#controller-name").is_visible() and violations(page) == []
    page.locator("#controller-name").fill("Havnen ApS")
    page.locator("#controller-name").press("Enter")
    page.locator("#w-address").wait_for()
    assert violations(page) == [] and page.evaluate(SMALL_TARGETS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("path", ["/privacy/notice", "/privacy/register"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_papers_without_contact_can_be_read(nobody, opened, path, scheme):
    page = opened(path, size=PHONE, scheme=scheme)
    assert page.locator(".staff").is_visible() and violations(page) == []
    page.emulate_media(media="print")
    assert not page.locator(".staff").is_visible()


def test_it_is_written_down_and_undone_by_keyboard(nobody, looked_at):
    page = looked_at()
    page.get_by_role("link", name="Write it down").press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    for text in TYPED:
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#w-website").wait_for()
    assert page.evaluate("document.activeElement.id") == "controller-website"
    assert page.locator("#controller-address").input_value() == "Havnegade 1"
    page.locator("#controller-website").fill("https://havnen.example")
    page.keyboard.press("Enter")
    page.get_by_text("It is written down").wait_for()
    assert nobody.answering[-1].website == "https://havnen.example" and nobody.answering[-1].officer is None
    page.get_by_role("button", name="Undo").press("Enter")
    page.get_by_text("It stands as it did before.").wait_for()
    assert nobody.answering[-1] is None


def test_a_closed_request_is_opened_again_in_one_tap(house, opened):
    page = opened("/privacy")
    page.get_by_role("button", name="Close 3").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("The request is open again").wait_for()
    assert house.preview.privacy.done[-2:] == ["closed 3 done", "reopened 3"]
