"""`servery up` when something under it dies: it says what, and ends with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from servery.testing.served import free_port
from tests.storage.users import postmaster, processes


@pytest.fixture
def up(home: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A running installation."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SERVERY_")}
    environ |= {"SERVERY_HOME": str(home), "SERVERY_PORT": str(free_port())}
    command = [sys.executable, "-m", "servery", "up"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Servery is up" in line:
                break
        try:
            yield process
        finally:
            process.kill()


def ending(up: subprocess.Popen[str]) -> tuple[int, str]:
    assert up.stderr is not None
    told = up.stderr.read()
    return up.wait(10), told


def test_a_killed_database_is_told_and_ends_everything(up: subprocess.Popen[str], home: Path) -> None:
    children = psutil.Process(up.pid).children()
    postmaster(home).send_signal(signal.SIGKILL)
    status, told = ending(up)
    assert status == 1
    assert f"PostgreSQL ended by itself. Its last words are in {home / 'postgres.log'}." in told
    assert "Nobody may sign in yet. In another terminal: servery invite" in told
    assert "Traceback" not in told
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def test_a_killed_worker_is_told_and_ends_everything(up: subprocess.Popen[str], home: Path) -> None:
    (worker,) = [child for child in psutil.Process(up.pid).children() if child.cmdline()[-1] == "worker"]
    worker.kill()
    status, told = ending(up)
    assert status == 1
    assert "servery worker ended by itself (exit code -9)." in told
    assert processes(home) == []
