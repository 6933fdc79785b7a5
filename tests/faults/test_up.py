"""`servery up` when something under it dies: it begins it again, and where that is no use says so and ends.

And when it dies itself: what it began ends too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import pytest

from servery.storage import guardian
from servery.testing.served import free_port
from tests.storage.users import eventually, lives, postmaster, processes


class Up(NamedTuple):
    """A running installation."""

    process: subprocess.Popen[str]
    url: str


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    with running(home, free_port()) as up:
        yield up


@contextlib.contextmanager
def running(home: Path, port: int) -> Iterator[Up]:
    """Everything, until the block ends."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SERVERY_")}
    environ |= {"SERVERY_HOME": str(home), "SERVERY_PORT": str(port)}
    command = [sys.executable, "-m", "servery", "up"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Servery is up" in line:
                break
        try:
            yield Up(process, f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.communicate(timeout=60)


def until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def living(up: Up) -> dict[str, int]:
    """The process ids of what runs, by command."""
    found = {}
    for child in psutil.Process(up.process.pid).children():
        with contextlib.suppress(psutil.Error):
            # One that is just being born or dying has no command.
            command = child.cmdline()
            if command:
                found[command[-1]] = child.pid
    return found


def watched(up: Up) -> list[psutil.Process]:
    """The pages and the reading."""
    found = living(up)
    return [psutil.Process(found[command]) for command in ("web", "worker")]


def serving(home: Path) -> int | None:
    """The process id of the PostgreSQL that serves, if one does."""
    found = guardian.read_postmaster(home / "postgres")
    return found.pid if found else None


def answers(up: Up) -> bool:
    """Whether a page that asks the database is served."""
    try:
        return httpx.get(f"{up.url}/api/v1/venues", trust_env=False, timeout=10).status_code == 401
    except httpx.TransportError:
        return False


def test_a_killed_database_is_started_again_under_those_who_use_it(up: Up, home: Path) -> None:
    before = living(up)
    killed = postmaster(home)
    killed.send_signal(signal.SIGKILL)
    until(lambda: serving(home) not in (None, killed.pid))
    until(lambda: answers(up))
    assert up.process.poll() is None
    assert living(up) == before
    up.process.terminate()
    _, told = up.process.communicate(timeout=60)
    assert f"is started again. Its last words are in {home / 'postgres.log'}." in told
    assert processes(home) == []


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_killed_process_is_begun_again(up: Up, command: str) -> None:
    before = living(up)
    os.kill(before[command], signal.SIGKILL)
    until(lambda: living(up).get(command, before[command]) != before[command])
    until(lambda: answers(up))
    assert living(up).keys() == before.keys()


def test_what_ends_again_and_again_is_told_and_ends_everything(up: Up, home: Path) -> None:
    ended = set()
    while up.process.poll() is None:
        worker = living(up).get("worker") if psutil.pid_exists(up.process.pid) else None
        if worker is not None and worker not in ended:
            ended.add(worker)
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.05)
    _, told = up.process.communicate(timeout=60)
    assert up.process.returncode == 1
    assert "servery worker ended by itself (exit code -9)." in told
    assert "Traceback" not in told
    assert len(ended) == 5
    assert processes(home) == []


@contextlib.contextmanager
def pipes_held_open(children: Iterable[int]) -> Iterator[None]:
    """Keep these processes from seeing that whoever started them is gone."""
    held = [os.open(f"/proc/{child}/fd/0", os.O_WRONLY) for child in children]
    try:
        yield
    finally:
        for pipe in held:
            os.close(pipe)


def test_what_a_killed_one_began_ends_and_another_begins_on_its_port(up: Up, home: Path) -> None:
    before = watched(up)
    with pipes_held_open(one.pid for one in before):
        up.process.kill()
        up.process.wait(60)
        # The control: where they do not see it, they live on with the port and the database.
        assert not eventually(lambda: not all(map(lives, before)), 2)
        assert answers(up) and serving(home)
    assert eventually(lambda: not any(map(lives, before)), 60)
    assert eventually(lambda: processes(home) == [], 60)
    with running(home, httpx.URL(up.url).port or 0) as another:
        assert answers(another)


def test_another_begins_while_what_a_killed_one_began_is_still_ending(up: Up, home: Path) -> None:
    before = watched(up)
    up.process.kill()
    up.process.wait(60)
    with running(home, httpx.URL(up.url).port or 0) as another:
        assert answers(another)
        assert eventually(lambda: not any(map(lives, before)), 60)


def test_a_port_that_somebody_else_answers_on_is_told(up: Up, tmp_path: Path) -> None:
    environ = {**os.environ, "SERVERY_HOME": str(tmp_path / "other"), "SERVERY_PORT": up.url.rpartition(":")[2]}
    command = [sys.executable, "-m", "servery", "up"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "SERVERY_PORT: Another program answers on port" in done.stderr
    assert not (tmp_path / "other").exists()
