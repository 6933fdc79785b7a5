"""What a host sees when a system goes away, and what a manager does about it, in Chromium."""

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.screens.conftest import DESKTOP, PHONE
from tests.screens.test_access import violations
from tests.web.conftest import Served


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
def test_a_host_is_told_on_the_open_page_and_told_when_it_is_over(opened, house, size, scheme):
    page = opened("/tonight", role="host", size=size, scheme=scheme)
    alarms = page.locator("#alarms")
    expect(alarms).to_be_empty()
    house.preview.house.away = True
    tell_until(house, page, "() => document.querySelector('#alarms').textContent.includes('unreachable')")
    expect(alarms).to_contain_text("Torvet till unreachable since")
    expect(alarms).to_contain_text("212 updates waiting.")
    expect(alarms).to_contain_text("tell a manager")
    expect(alarms.get_by_role("link")).to_have_count(0)
    assert violations(page) == []
    house.preview.house.away = False
    tell_until(house, page, "() => !document.querySelector('#alarms').textContent.trim()")
    expect(alarms).to_be_empty()


def tell_until(house: Served, page: Page, seen: str) -> None:
    """Say that something changed until the page has heard it: its line may not have stood at the first time."""
    for _ in range(60):
        house.tell("connections")
        try:
            page.wait_for_function(seen, timeout=1000)
        except TimeoutError:
            continue
        return


def test_the_alarm_leads_whoever_may_act_to_the_repair(opened, house):
    house.preview.house.away = True
    page = opened("/guests", role="manager")
    page.get_by_role("link", name="What to do").click()
    expect(page.locator("#repair-1")).to_contain_text("Square does not accept the access token.")
    expect(page.locator("#repair-1").get_by_role("link", name="Enter it again")).to_have_attribute(
        "href", "/connections/3/credentials"
    )


def test_a_repair_is_put_off_and_taken_back(opened, house):
    page = opened("/connections", role="manager")
    one = page.locator("#repair-3")
    one.locator("summary").click()
    one.get_by_role("button", name="Tomorrow").click()
    expect(page.locator("#done")).to_contain_text("Nothing is said of it")
    expect(page.locator("section.repairs #repair-3")).to_have_count(0)
    assert house.preview.house.quiet == {3}
    page.locator("#done button").click()
    expect(page.locator("section.repairs #repair-3")).to_be_visible()
    assert house.preview.house.quiet == set()
