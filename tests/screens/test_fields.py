"""Choosing who owns a field on the pages: what it does is shown before it is kept, and it can be taken back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from servery.app.arrive import arrive
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.venue import Venue
from servery.storage.pool import Pool
from servery.sync import connections
from servery.venues.rows import add_venue
from tests.screens.conftest import DESKTOP, PHONE
from tests.screens.joined import House, house
from tests.screens.test_access import violations

ONLY_OUT = re.compile("^Only to Square")


@pytest.fixture
def living(database: str, tmp_path) -> Iterator[House]:
    with house(database, tmp_path / "home") as one:
        one.does(_people)
        yield one


async def _people(pool: Pool) -> None:
    """Three guests, of whom two have another name at the till than in the book."""
    async with pool.connection() as db:
        venue_id = await add_venue(db, Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"))
        for name, connector, told in (
            ("The book", "resos", ("Ida Holm", "Bo Berg", "Åse Ødegård")),
            ("The till", "square", ("Ida Marie Holm", "Bo Emil Berg", "Åse Ødegård")),
        ):
            one = await connections.add_connection(db, name, connector, {}, None)
            await connections.link_location(db, one, "L1", venue_id)
            await connections.pause(db, one, True)
            seen = [GuestSeen(f"g{n}", 1, SourceGuest(name=who, email=f"g{n}@x.dk")) for n, who in enumerate(told)]
            await arrive(db, one, await connections.places(db, one), seen)


@pytest.fixture
def owner(browser: Browser, living: House) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, locale="en-GB")
    context.add_cookies([{"name": "servery_session", "value": living.sign_in(), "url": living.url}])
    page = context.new_page()
    page.goto(f"{living.url}/connections/2/fields")
    yield page
    context.close()


def row(page: Page, name: str):
    return page.locator("tr", has=page.locator("th", has_text=name))


def test_what_a_choice_does_is_shown_kept_and_taken_back(owner):
    row(owner, "Allergies").get_by_role("radio").first.wait_for()
    assert row(owner, "Allergies").get_by_role("radio").count() == 2
    expect(owner.get_by_text("Square has no field of its own for them")).to_be_visible()
    row(owner, "Name").first.get_by_role("radio", name=ONLY_OUT).check()
    owner.get_by_role("button", name="Show what that changes").click()
    effect = owner.locator("#effect")
    expect(effect).to_contain_text("Both ways")
    expect(effect).to_contain_text("Of 2 guests something else is held to be true.")
    expect(effect).to_contain_text("Ida Marie Holm")
    assert owner.locator("text=Chosen here").count() == 0
    owner.get_by_role("button", name="Keep these choices").click()
    expect(owner.locator("#done")).to_contain_text("The fields go as chosen.")
    expect(owner.get_by_text("Chosen here. Else: Both ways.")).to_be_visible()
    owner.locator("#done").get_by_role("button", name="Undo").click()
    expect(owner.locator("#done")).to_contain_text("The fields go as before.")
    expect(owner.get_by_text("Chosen here")).to_have_count(0)


def test_who_came_from_setting_up_goes_on_there(owner, living):
    owner.goto(f"{living.url}/connections/2/directions")
    owner.get_by_role("link", name="Change field by field").click()
    row(owner, "Name").first.get_by_role("radio", name=ONLY_OUT).check()
    owner.get_by_role("button", name="Show what that changes").click()
    owner.get_by_role("button", name="Keep these choices").click()
    expect(owner.locator("#done")).to_contain_text("The fields go as chosen.")
    expect(owner.get_by_role("link", name="When it crosses")).to_have_count(0)
    owner.get_by_role("link", name="Go on setting up").click()
    owner.wait_for_url("**/connections/2/directions")
    owner.goto(f"{living.url}/connections/2/fields")
    expect(owner.get_by_role("link", name="Go on setting up")).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
def test_the_page_stands_in_nobodys_way(owner, size, scheme):
    owner.emulate_media(color_scheme=scheme)
    owner.set_viewport_size({"width": size[0], "height": size[1]})
    assert violations(owner) == []
    row(owner, "Name").first.get_by_role("radio", name=ONLY_OUT).check()
    owner.get_by_role("button", name="Show what that changes").click()
    owner.locator("#effect").wait_for()
    assert violations(owner) == []
    assert owner.evaluate("document.documentElement.scrollWidth") <= size[0]
