"""The search at the top of every page: as one types, without flicker, by keyboard, told to who cannot see it."""

import re

import pytest
from playwright.sync_api import expect

from tests.screens.conftest import DESKTOP, PHONE


def option(page, number=0):
    return page.locator("#found [role=option]").nth(number)


def held_back(page, text):
    """Type something; what sends the answer on, which waits for that."""
    held = []

    def hold(route):
        held.append(route)

    with page.expect_request("**/search"):
        page.route("**/search", hold, times=1)
        page.locator("#search").fill(text)
    for _ in range(600):
        if held:
            return held[0].continue_
        page.wait_for_timeout(100)
    raise AssertionError("nothing was asked for")


def test_what_they_were_found_by_is_shown_and_marked(opened):
    page = opened("/tonight")
    page.locator("#search").fill("window")
    expect(option(page).locator(".by")).to_have_text(re.compile("Note: .*prefers the window"))
    expect(option(page).locator("mark")).to_have_text("window")
    expect(page.locator("#found-told")).to_have_text("1 guest found")
    page.locator("#search").fill("wine")
    expect(option(page).locator(".by")).to_have_text("Tag: Wine club")


def test_nothing_flickers_while_one_types_on(opened):
    page = opened("/tonight")
    page.locator("#search").press_sequentially("s")
    expect(page.locator("#found [role=option]")).to_have_count(6)
    page.evaluate(
        """() => { window.emptied = 0; new MutationObserver(() => {
            if (!document.querySelector('#found [role=option]')) window.emptied++;
        }).observe(document.getElementById('found'), { childList: true, subtree: true });
        document.querySelector('#found-13').mine = true; }"""
    )
    page.locator("#search").press_sequentially("ø")
    expect(page.locator("#found [role=option]")).to_have_count(2)
    assert page.evaluate("window.emptied") == 0
    assert page.evaluate("document.querySelector('#found-13').mine"), "whoever stays in the list is the same element"


def test_an_answer_to_what_was_typed_before_is_dropped(opened):
    page = opened("/tonight")
    answer = held_back(page, "mette")
    page.locator("#search").evaluate("e => { e.value = 'wine'; }")
    with page.expect_response("**/search"):
        answer()
    page.locator("#search").dispatch_event("input")
    expect(option(page)).to_contain_text("Wine club")
    expect(page.locator("#found [role=option]")).to_have_count(1)


def test_an_answer_that_comes_after_escape_opens_nothing(opened):
    page = opened("/tonight")
    answer = held_back(page, "mette")
    page.keyboard.press("Escape")
    with page.expect_response("**/search"):
        answer()
    expect(page.locator("#search")).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#found")).to_be_empty()


def test_escape_closes_the_list_then_empties_the_field_and_an_arrow_opens_it_again(opened):
    page = opened("/tonight")
    page.locator("#search").fill("mette")
    expect(page.locator("#found [role=option]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_empty()
    expect(page.locator("#search")).to_have_value("mette")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#found [role=option]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_have_value("")


def test_how_many_is_told_once_and_the_list_itself_is_not_read_out(opened):
    page = opened("/tonight")
    assert page.locator("[aria-live], [role=status]").evaluate_all("all => all.every(e => !e.querySelector('a'))")
    page.locator("#search").fill("nobody at all")
    expect(page.locator("#found-told")).to_have_text(re.compile("^Nobody found"))
    expect(page.locator("#search")).to_have_attribute("aria-expanded", "false")


def nobody_found(page):
    page.locator("#search").fill("nobody at all")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guests?typed=*")
    return page


def test_the_list_says_what_else_can_be_tried(opened):
    page = nobody_found(opened("/tonight"))
    expect(page.locator("#search")).to_have_value("nobody at all")
    expect(page.locator(".tries li")).to_have_count(5)
    server = nobody_found(opened("/guests", role="server"))
    expect(server.locator(".tries li")).to_have_count(3)


def test_it_works_without_javascript(browser, house):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "servery_session", "value": "owner", "url": house.url}])
    page = context.new_page()
    page.goto(house.url + "/tonight")
    page.locator("#search").fill("window")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guests?typed=*")
    expect(page.locator(".person mark")).to_have_text("window")
    context.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_stays_within_the_screen(opened, size, scheme):
    page = opened("/tonight", size=size, scheme=scheme)
    page.locator("#search").fill("s")
    expect(page.locator("#found [role=option]")).to_have_count(6)
    box = page.locator("#found").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    for each in page.locator("#found [role=option]").all():
        assert (each.bounding_box() or {})["height"] >= 44
