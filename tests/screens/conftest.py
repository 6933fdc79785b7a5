import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.web.conftest import Served

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30_000
"""Milliseconds in which a page must have done what it is asked for."""
PHONE = (390, 844)
DESKTOP = (1280, 900)


# Not for the session: Playwright keeps an event loop running on this thread, and the tests after these want their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    # Never skipped in silence: pages nobody looked at are not tested pages.
    assert path, "These tests need Chromium: apt-get install --no-install-recommends chromium"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def house() -> Iterator[Served]:
    served = Served()
    yield served
    served.stop()


def wait_for_line(page: Page) -> None:
    """Wait until a page hears what changes: of what is told before, it learns nothing."""
    page.wait_for_function("() => watch !== undefined")


def tell(house: Served, page: Page, *topics: str) -> None:
    """Tell an open page what changed."""
    wait_for_line(page)
    house.tell(*topics)


@pytest.fixture
def opened(browser: Browser, house: Served) -> Iterator[Callable[..., Page]]:
    """Opens a page as somebody, and at the end wants no error or warning on the console."""
    contexts: list[BrowserContext] = []
    words: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            words.append(f"{said.type}: {said.text}")

    def open_page(
        path: str,
        role: str | None = "owner",
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        language: str = "en",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=language,
            has_touch=size == PHONE,
        )
        contexts.append(context)
        if role:
            context.add_cookies([{"name": "servery_session", "value": role, "url": house.url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", note)
        page.on("pageerror", lambda error: words.append(str(error)))
        page.goto(house.url + path)
        return page

    house.preview.sources.arrived.clear()
    house.preview.sources.placed.clear()
    house.preview.sources.paused.clear()
    house.preview.sources.empty = False
    house.preview.house.away = False
    house.preview.house.quiet.clear()
    yield open_page
    for context in contexts:
        context.close()
    # A page that says 404 is one of ours; that the browser notes it is no fault.
    assert [each for each in words if "404 (Not Found)" not in each and "Code 404" not in each] == []
