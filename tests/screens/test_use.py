"""The pages in use: search and keyboard, filters, live changes, choices, the way in."""

import re

import pytest
from playwright.sync_api import expect

from tests.screens.conftest import PHONE, tell, wait_for_line
from tests.web.preview import PASSWORD


def test_guest_is_found_by_keyboard_alone(opened):
    page = opened("/tonight")
    page.keyboard.press("/")
    page.keyboard.type("s")
    expect(page.locator("#found [role=option]")).to_have_count(6)
    page.keyboard.type("ør")
    expect(page.locator("#found [role=option]")).to_have_count(2)
    expect(page.locator("#search")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.locator("#found [role=option]").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(page.locator("#search")).to_have_attribute("aria-activedescendant", second.get_attribute("id"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guests/13")


def test_escape_closes_what_was_found(opened):
    page = opened("/tonight")
    page.locator("#search").fill("mette")
    expect(page.locator("#found [role=option]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_empty()


def test_enter_without_a_choice_shows_the_list(opened):
    page = opened("/tonight")
    page.locator("#search").fill("mette")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guests?typed=*")
    expect(page.locator(".person")).to_have_count(1)
    page.locator(".person a").click()
    page.wait_for_url("**/guests/13")
    page.go_back()
    expect(page.locator(".person")).to_have_count(1)
    page.reload()
    expect(page.locator("#search")).to_have_value("mette")
    expect(page.locator(".person")).to_have_count(1)


def test_a_key_that_is_held_down_answers_one_pair(opened):
    page = opened("/suggestions")
    page.locator("#pair-13-21").focus()
    page.keyboard.down("s")
    expect(page.locator("#pair-13-21")).to_have_count(0)
    expect(page.locator("#pair-14-22")).to_be_focused()
    for _ in range(5):
        page.keyboard.down("s")
    page.keyboard.up("s")
    # Had it gone on, the undo would be of the second pair, and the first one stay away.
    page.locator("#done button").click()
    expect(page.locator("#pair-13-21")).to_have_count(1)
    expect(page.locator("#pair-14-22")).to_have_count(1)


def test_filters_change_the_list_and_the_address(opened):
    page = opened("/tonight")
    page.locator(".chip", has_text="Expected").click()
    page.wait_for_url("**standing=expected")
    expect(page.locator(".booking")).to_have_count(5)
    expect(page.locator(".chip[aria-current]")).to_have_text(re.compile("Expected"))
    page.locator(".chip", has_text="Window").click()
    expect(page.locator(".booking")).to_have_count(2)
    page.go_back()
    expect(page.locator(".booking")).to_have_count(5)


def test_change_arrives_by_itself_and_moves_nothing(opened, house):
    page = opened("/tonight", size=PHONE)
    link = page.locator("#guest-of-9")
    link.scroll_into_view_if_needed()
    link.focus()
    before = link.bounding_box() or {}
    row = page.locator("#booking-9")
    row.evaluate("e => e.mine = true")
    house.preview.sources.arrived.add(5)
    tell(house, page, "bookings")
    expect(page.locator("#booking-5 .status")).to_have_text("Seated")
    assert (link.bounding_box() or {})["y"] == pytest.approx(before["y"], abs=1)
    assert page.evaluate("document.activeElement.id") == "guest-of-9"
    assert row.evaluate("e => e.mine")
    expect(page.locator("#booking-5")).to_have_class(re.compile("changed"))


def test_change_keeps_the_filter(opened, house):
    page = opened("/tonight")
    page.locator(".chip", has_text="Expected").click()
    expect(page.locator(".booking")).to_have_count(5)
    house.preview.sources.arrived.add(5)
    tell(house, page, "bookings")
    expect(page.locator(".booking")).to_have_count(4)


def test_what_is_folded_open_stays_open(opened, house):
    page = opened("/guests/13")
    page.locator("#visit-2 > summary").click()
    with page.expect_response("**/guests/13"):
        tell(house, page, "guests")
    page.wait_for_timeout(200)
    assert page.locator("#visit-2").evaluate("e => e.open")
    assert page.locator("#visit-3").evaluate("e => e.open")


def test_lost_line_is_told_and_found_again(opened):
    page = opened("/tonight")
    wait_for_line(page)
    page.evaluate("setLost(true)")
    expect(page.locator("#line")).to_be_visible()
    expect(page.locator("#line")).to_contain_text("Reconnecting")
    with page.expect_response("**/tonight"):
        page.evaluate("heard()")
    expect(page.locator("#line")).to_be_hidden()


def test_more_guests_join_the_list(opened):
    page = opened("/guests")
    expect(page.locator(".person")).to_have_count(6)
    page.locator("#more a").click()
    expect(page.locator(".person")).to_have_count(10)


def test_a_note_for_tonight_is_written_in_two_taps(opened, house):
    page = opened("/tonight", role="host", size=PHONE)
    page.locator("#noting-b9 > summary").click()
    expect(page.locator("#text-b9")).to_be_focused()
    page.keyboard.type("Window table, please")
    with page.expect_response("**/guests/19/entries"):
        page.locator("#noting-b9 button").click()
    expect(page.locator("#done")).to_contain_text("It is written down.")
    expect(page.locator("#text-b9")).to_be_hidden()
    expect(page.locator("#text-b9")).to_have_value("")
    assert house.preview.saying.said[-1] == ("tonight", "Window table, please")


def test_choices_hold(opened):
    page = opened("/tonight")
    page.locator(".menu > summary").click()
    page.locator("button", has_text="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 20, 16)"
    page.locator(".menu > summary").click()
    page.locator("button", has_text="Dansk").click()
    expect(page.locator("h1")).to_have_text("I aften")
    page.locator(".menu > summary").click()
    page.locator("button", has_text="Torvet 4").click()
    expect(page.locator(".over")).to_have_text("Torvet 4")


def test_menu_closes_by_escape_and_by_a_click_beside_it(opened):
    page = opened("/tonight")
    menu = page.locator("details.menu")
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    assert not menu.evaluate("e => e.open")
    menu.locator("summary").click()
    page.locator("h1").click()
    assert not menu.evaluate("e => e.open")


def test_way_in_by_password(opened):
    page = opened("/guests?cursor=6", role=None)
    page.wait_for_url("**/sign-in?next=**")
    page.locator("#email").fill("rosa@example.com")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/guests?cursor=6")


def test_way_in_by_link(opened, house):
    page = opened("/sign-in/once", role=None)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/password")
    page.locator("#password").fill("several words in a row")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tonight")


def test_tabs_stay_under_the_thumb(opened):
    page = opened("/tonight", size=PHONE)
    box = page.locator(".tabs").bounding_box()
    assert box is not None and box["y"] + box["height"] == PHONE[1]


def test_who_has_left_is_folded_on_a_phone_and_open_on_a_desk(opened):
    phone = opened("/tonight", size=PHONE)
    gone = phone.locator("#rest-gone")
    expect(gone.locator("summary")).to_have_text(re.compile(r"Left\s*2"))
    expect(phone.locator("#booking-1")).to_be_hidden()
    gone.locator("summary").click()
    expect(phone.locator("#booking-1")).to_be_visible()
    expect(opened("/tonight").locator("#booking-1")).to_be_visible()
    expect(opened("/tonight#booking-1", size=PHONE).locator("#booking-1")).to_be_visible()
    expect(opened("/tonight?standing=gone", size=PHONE).locator("#booking-1")).to_be_visible()


def test_what_is_unfolded_stays_so_when_the_evening_goes_on(opened, house):
    page = opened("/tonight", size=PHONE)
    page.locator("#rest-gone summary").click()
    house.preview.sources.arrived.add(5)
    tell(house, page, "bookings")
    expect(page.locator("#booking-5 .status")).to_have_text("Seated")
    expect(page.locator("#booking-1")).to_be_visible()
    expect(page.locator("#booking-6")).to_be_hidden()


def test_check_is_placed_and_taken_back_by_keyboard(opened, house):
    page = opened("/connections", role="host")
    page.get_by_role("button", name="This one José Ángel Ibáñez").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#placed-1")).to_contain_text("José Ángel Ibáñez")
    expect(page.locator("#loose-1")).to_have_count(0)
    assert house.preview.sources.placed == {1: 5}
    undo = page.locator("#done button")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#loose-1")).to_be_visible()
    expect(page.locator("#placed-1")).to_have_count(0)
    expect(page).to_have_url(re.compile("/connections$"))


def test_what_was_done_is_told_for_ten_seconds(opened):
    page = opened("/guests")
    page.clock.install()
    page.goto(page.url.replace("/guests", "/connections"))
    page.locator("#connection-1").get_by_role("button", name="Pause").click()
    expect(page.locator("#done")).to_contain_text("until somebody resumes it")
    expect(page.locator("#connection-1 .condition")).to_have_text("Paused")
    page.mouse.move(0, 0)
    page.clock.run_for(9_000)
    expect(page.locator("#done button")).to_be_visible()
    page.clock.run_for(2_000)
    expect(page.locator("#done")).to_be_hidden()
    page.locator("#connection-1").get_by_role("button", name="Resume").click()
    expect(page.locator("#connection-1 .condition")).to_have_text("In step")


def test_check_is_taken_off_a_visit(opened, house):
    page = opened("/guests/13")
    page.locator("#mend-3 summary").click()
    page.get_by_role("button", name="Wrong booking: take check 103 off").click()
    expect(page.locator("#done")).to_contain_text("walk-in")
    assert house.preview.sources.placed == {503: None}


def test_failure_of_a_deed_is_told(opened):
    page = opened("/connections")
    page.route("**/checks/2/link", lambda route: route.fulfill(status=404))
    page.locator("#loose-2").get_by_role("button").click()
    expect(page.locator("#done")).to_contain_text("did not work")


def test_a_queue_is_answered_by_letters_and_the_next_pair_has_the_focus(opened, house):
    house.preview.who.steps.clear()
    house.preview.who.undone.clear()
    page = opened("/suggestions")
    first = page.locator("#pair-13-21")
    first.focus()
    page.keyboard.press("s")
    expect(first).to_have_count(0)
    expect(page.locator("#done")).to_contain_text("They are one guest now.")
    expect(page.locator("#pair-14-22")).to_be_focused()
    page.keyboard.press("d")
    expect(page.locator(".empty")).to_be_visible()
    assert [same for _, _, same, _ in house.preview.who.steps] == [True, False]
    page.locator("#done button").click()
    expect(page.locator("#pair-14-22")).to_have_count(1)
