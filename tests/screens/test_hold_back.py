"""Nothing is written to a system that was joined on the page until its owner says so there."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from servery.connectors.square.simulator import simulator
from servery.model.venue import Venue
from servery.storage.pool import connect
from servery.testing.served import served
from servery.testing.stage import Stage
from tests.screens.conftest import DESKTOP, PATIENCE
from tests.screens.joined import House, house
from tests.screens.test_access import violations

HELD = "Nothing is written there yet."


@pytest.fixture
def till() -> Iterator[str]:
    stage = Stage(Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"), "L1", "DK")
    stage.menu_modified_at = datetime.now(UTC).replace(microsecond=0)
    with served(simulator(stage, "right-token")) as url:
        yield url


@pytest.fixture
def living(database: str, tmp_path) -> Iterator[House]:
    with house(database, tmp_path / "home") as one:
        yield one


@pytest.fixture
def owner(browser: Browser, living: House) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    context.add_cookies([{"name": "servery_session", "value": living.sign_in(), "url": living.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def _begins(dsn: str) -> datetime | None:
    with connect(dsn) as db:
        (row,) = db.execute("select live_from from connection").fetchall()
    begins: datetime | None = row["live_from"]
    return begins


def test_writing_waits_until_the_owner_says_so(owner, living, till, database):
    owner.goto(living.url + "/connections/new/square")
    owner.get_by_label("Access token").fill("right-token")
    owner.locator("summary", has_text="Seldom").click()
    owner.locator("#f-base_url").fill(till)
    owner.get_by_role("button", name="Test and go on").click()
    owner.wait_for_url("**/venues")
    owner.get_by_role("button", name="Join it").click()
    owner.wait_for_url("**/tables")
    assert str(_begins(database)).startswith("9999")
    here = owner.url.removesuffix("/tables")
    owner.goto(here)
    expect(owner.get_by_text(HELD)).to_be_visible()
    expect(owner.locator(".crosses")).to_contain_text("E-mail and phone")
    assert violations(owner) == []
    _choose(owner, "Not before I say so here")
    assert str(_begins(database)).startswith("9999")
    owner.goto(here + "/pace")
    expect(owner.get_by_role("radio", name="Not before I say so here")).to_be_checked()
    _choose(owner, "Later", "2199-07-01T06:00")
    assert _begins(database) == datetime(2199, 7, 1, 4, tzinfo=UTC), "on the venue's clock"
    owner.goto(here)
    expect(owner.get_by_text("Nothing is written there before 1 Jul 2199")).to_be_visible()
    _choose(owner, "Now")
    assert _begins(database) is None
    owner.goto(here)
    expect(owner.get_by_text("As it happens.")).to_be_visible()
    expect(owner.get_by_text("Nothing is written there")).to_have_count(0)


def _choose(owner: Page, when: str, moment: str = "") -> None:
    """Say on the page when writing begins."""
    owner.goto(owner.url.split("/pace")[0].split("/verify")[0] + "/pace")
    owner.locator(".option", has=owner.locator("input[name=live]")).filter(has_text=re.compile(f"^{when}")).get_by_role(
        "radio"
    ).check()
    if moment:
        owner.locator("#live_from").fill(moment)
    owner.get_by_role("button", name="Keep and go on").click()
    owner.wait_for_url("**/verify")
