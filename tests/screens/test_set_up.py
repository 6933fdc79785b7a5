"""Joining systems on the pages: over sockets, wrong first, by keyboard, without scripts, and at a vendor's page."""

import re
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from servery.app.set_up import pages, proving
from servery.connectors.resos.simulator import simulator as resos
from servery.connectors.square.simulator import simulator as square
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.model.venue import Table, Venue
from servery.storage.pool import connect
from servery.testing.served import served
from servery.testing.stage import Stage
from tests.app.vendor import Orchid, known
from tests.screens.conftest import DESKTOP, PATIENCE, PHONE
from tests.screens.joined import House, house
from tests.screens.test_access import violations

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def book() -> Iterator[str]:
    tables = tuple(Table(name) for name in ("1", "7A", "Patio 3"))
    stage = Stage(Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK", tables=tables), "R1", "DK")
    guest = SourceGuest(name="Åse Ødegård", email="aase@example.dk")
    booked = Reservation(
        starts_at=NOW + timedelta(hours=2), status="booked", party_size=2, guest=guest, tables=("7A",), created_at=NOW
    )
    stage.reservations.put("b1", booked, NOW)
    with served(resos(stage, "right-key")) as url:
        yield url + "/v1"


@pytest.fixture
def till() -> Iterator[str]:
    stage = Stage(Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"), "L1", "DK")
    stage.menu_modified_at = NOW
    with served(square(stage, "right-token")) as url:
        yield url


@pytest.fixture
def living(database: str, tmp_path, monkeypatch) -> Iterator[House]:
    monkeypatch.setattr(pages, "WAIT", 1)
    monkeypatch.setattr(proving, "LOOK", 0.2)
    with house(database, tmp_path / "home") as one:
        yield one


@pytest.fixture
def owner(browser: Browser, living: House) -> Iterator[Page]:
    yield from _page(browser, living)


def _page(browser: Browser, living: House, *, scripts: bool = True, size=DESKTOP) -> Generator[Page, None, None]:
    context = browser.new_context(
        java_script_enabled=scripts, locale="en", viewport={"width": size[0], "height": size[1]}
    )
    context.add_cookies([{"name": "servery_session", "value": living.sign_in(), "url": living.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def _type(page: Page, label: str, text: str) -> None:
    """Go to a field by Tab alone, and type over what is in it."""
    field = page.get_by_label(label)
    for _ in range(60):
        page.keyboard.press("Tab")
        if field.evaluate("e => e === document.activeElement"):
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(text)
            return
    raise AssertionError(f"{label} is out of the keyboard's reach")


def _press(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name)
    for _ in range(80):
        if button.evaluate("e => e === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is out of the keyboard's reach")


def _well(page: Page) -> None:
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


def test_a_book_is_joined_by_keyboard_alone_with_a_wrong_key_first(owner, living, book):
    owner.goto(living.url + "/tonight")
    owner.get_by_role("link", name="Join a system").focus()
    owner.keyboard.press("Enter")
    owner.wait_for_url("**/connections/new")
    _well(owner)
    _type(owner, "Find a system", "res")
    expect(owner.locator(".system")).to_have_count(1)
    owner.get_by_role("link", name="resOS").focus()
    owner.keyboard.press("Enter")
    owner.wait_for_url("**/connections/new/resos")
    _type(owner, "API key", "wrong-key")
    _type(owner, "Name of the restaurant", "Nord")
    owner.locator("summary", has_text="Seldom").press("Enter")
    _type(owner, "Address of the API", book)
    _press(owner, "Test and go on")
    key = owner.locator("#f-api_key")
    expect(key).to_have_attribute("aria-invalid", "true")
    expect(key).to_be_focused()
    expect(owner.locator("#w-f-api_key")).to_contain_text("does not accept")
    _well(owner)
    assert "wrong-key" not in owner.content(), "a secret never comes back in a page"
    expect(owner.locator("#f-base_url")).to_have_value(book)
    owner.keyboard.press("ControlOrMeta+a")
    owner.keyboard.type("right-key")
    _press(owner, "Test and go on")
    owner.wait_for_url("**/venues")
    _well(owner)
    _press(owner, "Join it")
    expect(owner.locator("#zone-0")).to_be_focused()
    owner.keyboard.type("Europe/Copenhagen")
    _type(owner, "Currency", "dkk")
    _press(owner, "Join it")
    owner.wait_for_url("**/tables")
    _well(owner)
    _go_through_the_rest(owner)


def _go_through_the_rest(owner: Page) -> None:
    here = owner.url
    _press(owner, "Go on")
    owner.wait_for_url("**/directions")
    _well(owner)
    _press(owner, "Leave it so")
    owner.wait_for_url("**/pace")
    _well(owner)
    owner.go_back()
    owner.go_back()
    assert owner.url == here
    owner.goto(here.replace("/tables", "/set-up"))
    owner.wait_for_url("**/pace")
    _press(owner, "Keep and go on")
    owner.wait_for_url("**/verify")
    _press(owner, "Try it now")
    expect(owner.locator("#step-clean")).to_have_class("ok")
    expect(owner.get_by_role("button", name="Try again")).to_be_visible()
    expect(owner.locator("#step-access")).to_contain_text("resOS answers, and opens Nord.")
    expect(owner.locator("#step-arrives")).to_contain_text("Make a booking")
    _well(owner)
    owner.goto(here)
    expect(owner.locator("#set-up")).to_contain_text("names 3 tables")


def test_a_till_is_joined_without_scripts_and_its_tables_are_paired(browser, living, till, book, database):
    page = next(opened := _page(browser, living, scripts=False, size=PHONE))
    page.goto(living.url + "/connections/new/square")
    page.get_by_label("Access token").fill("wrong-token")
    page.locator("summary", has_text="Seldom").click()
    page.locator("#f-base_url").fill(till)
    page.get_by_role("button", name="Test and go on").click()
    expect(page.locator("#w-f-access_token")).to_be_visible()
    expect(page.get_by_label("Access token")).to_have_value("")
    page.get_by_label("Access token").fill("right-token")
    page.get_by_role("button", name="Test and go on").click()
    page.wait_for_url("**/venues")
    page.get_by_role("button", name="Join it").click()
    page.wait_for_url("**/tables")
    number = int(re.findall(r"/connections/(\d+)/", page.url)[0])
    _two_plans(database, number)
    page.reload()
    expect(page.get_by_label("P3")).to_have_value("is patio3")
    expect(page.locator(".missing")).to_contain_text("Bar")
    page.get_by_label("Kitchen").select_option("none")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_label("Kitchen")).to_have_value("none")
    with connect(database) as db:
        rows = db.execute("select their_name, table_key from table_pair order by 1").fetchall()
    assert [(row["their_name"], row["table_key"]) for row in rows] == [("Kitchen", None), ("P3", "patio3")]
    page.goto(living.url + f"/connections/{number}/credentials")
    page.get_by_label("Access token").fill("wrong-token")
    page.get_by_role("button", name="Test and keep").click()
    expect(page.locator("#w-f-access_token")).to_be_visible()
    page.get_by_label("Access token").fill("right-token")
    page.get_by_role("button", name="Test and keep").click()
    expect(page.locator(".well")).to_contain_text("Reading goes on where it stopped")
    opened.close()


def _two_plans(dsn: str, till_id: int) -> None:
    """The tables of the till, and of another system at the same venue."""
    with connect(dsn) as db:
        row = db.execute("insert into connection (name, connector) values ('Book', 'csv') returning id").fetchone()
        assert row is not None
        db.execute("insert into venue_link select %s, 'x', venue_id from venue_link", [row["id"]])
        for whose, names in ((till_id, ("P3", "Kitchen", "T1")), (row["id"], ("Patio 3", "Bar", "1"))):
            for at, name in enumerate(names):
                key = {"P3": "p3", "T1": "1", "Patio 3": "patio3"}.get(name, name.lower())
                db.execute(
                    "insert into venue_table (venue_id, connection_id, revision, position, name, table_key) "
                    "select id, %s, 0, %s, %s, %s from venue",
                    [whose, at, name, key],
                )


def test_a_system_is_authorised_at_its_own_page_and_authorised_again(owner, living, tmp_path, monkeypatch):
    known(tmp_path, monkeypatch)
    orchid = Orchid()
    with served(orchid) as url:
        owner.goto(living.url + "/connections/applications/orchid")
        expect(owner.locator("pre")).to_have_text(living.url + "/connections/authorised")
        owner.get_by_label("Application id").fill("servery")
        owner.get_by_label("Application secret").fill("app-secret")
        owner.get_by_role("button", name="Keep it").click()
        owner.wait_for_url("**/connections/new/orchid")
        owner.locator("#a-base_url").fill(url)
        _well(owner)
        owner.get_by_role("button", name="Authorise").click()
        _well(owner)
        owner.get_by_role("link", name="Go to Orchid").click()
        owner.wait_for_url("**/venues")
        owner.get_by_role("button", name="Join it").click()
        owner.wait_for_url("**/tables")
        orchid.tokens.clear()
        owner.goto(owner.url.replace("/tables", "/credentials"))
        owner.get_by_role("button", name="Authorise again").click()
        owner.get_by_role("link", name="Go to Orchid").click()
        expect(owner.locator(".well")).to_contain_text("Orchid answers")


def test_only_who_may_change_connections_sets_up(browser, living):
    context = browser.new_context()
    context.add_cookies([{"name": "servery_session", "value": living.sign_in("host"), "url": living.url}])
    page = context.new_page()
    for path in ("/connections/new", "/connections/new/square", "/connections/authorised?state=x&code=y"):
        answer = page.goto(living.url + path)
        assert answer is not None
        assert answer.status == 403
    context.close()
