"""The first thing a newcomer does: one command, a page with tonight's guests, and nothing left when it is stopped."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from servery.testing.served import free_port
from tests.calm import Calm
from tests.storage.users import eventually, lives

_STOPPED_WITHIN = 5.0
_LIVE_PAGES = 50


class Demo:
    """A running demo with a short history."""

    def __init__(self, home: Path, days: int) -> None:
        port = free_port()
        environ = {**os.environ, "SERVERY_HOME": str(home), "SERVERY_PORT": str(port)}
        environ.pop("SERVERY_DATABASE_URL", None)
        command = [sys.executable, "-m", "servery", "demo", "--days", str(days)]
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout is not None
        said = [self.process.stdout.readline() for _ in range(2)]
        assert said[0].strip() == f"Servery is ready: http://127.0.0.1:{port}"
        found = re.search(r"http\S+/sign-in/\S+", said[1])
        assert found, said
        self.link = found.group(0)
        self.url = f"http://127.0.0.1:{port}"
        self.family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]

    def signed_in(self) -> httpx.Client:
        client = httpx.Client(base_url=self.url, follow_redirects=True, trust_env=False)
        page = client.get(self.link)
        token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
        assert token, page.text
        entered = client.post(self.link, data={"_csrf_token": token.group(1)})
        assert entered.is_success, entered.text
        return client


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with started(tmp_path / "home", days=20) as running:
        yield running


@contextmanager
def started(home: Path, days: int) -> Iterator[Demo]:
    running = Demo(home, days)
    with running.process:
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGTERM)
            running.process.wait(60)


def test_the_evening_has_guests_with_their_stories(demo: Demo) -> None:
    with closing(demo.signed_in()) as client:
        page = client.get("/tonight").text
        guests = re.findall(r'href="(/guests/\d+)"', page)
        assert len(guests) >= 10
        assert re.search(r"\d(nd|rd|th) visit", page), "nobody of tonight was here before"
        story = client.get(guests[0])
        assert story.is_success
        assert client.get("/connections").text.count("In step") + client.get("/connections").text.count("Reading") >= 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_everything_stops_at_once_even_with_live_pages_open(tmp_path: Path, number: signal.Signals) -> None:
    with ExitStack() as open_pages:
        demo = open_pages.enter_context(started(tmp_path / "home", days=1))
        client = open_pages.enter_context(closing(demo.signed_in()))
        limits = httpx.Limits(max_connections=None)
        pages = httpx.Client(base_url=demo.url, cookies=client.cookies, trust_env=False, timeout=None, limits=limits)
        open_pages.callback(pages.close)
        for _ in range(_LIVE_PAGES):
            stream = open_pages.enter_context(pages.stream("GET", "/live"))
            assert stream.status_code == 200
        demo.process.send_signal(number)
        since = Calm()
        _, alive = psutil.wait_procs(demo.family, timeout=60)
        assert alive == []
        assert since.seconds < _STOPPED_WITHIN
        assert demo.process.wait(60) == 0


def test_a_killed_one_leaves_nothing_running_and_another_begins_in_its_home(tmp_path: Path) -> None:
    with started(tmp_path / "home", days=1) as killed:
        killed.process.kill()
        killed.process.wait(60)
        with started(tmp_path / "home", days=1) as another, closing(another.signed_in()) as client:
            assert client.get("/tonight").is_success
        assert eventually(lambda: not any(map(lives, killed.family)), 60)


def test_a_home_of_somebody_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    environ = {**os.environ, "SERVERY_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "servery", "demo"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "holds an installation, and a demo would mix with it" in done.stderr
    assert (tmp_path / "kept").read_text() == "mine"
