"""The Makefile: what it lists, and that the demo ends however make is told to end."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

SECONDS_TO_STOP = 60

DEMO = f"""#!{sys.executable}
import os, signal, sys, time

def stop(number, frame):
    sys.exit(0)

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
with open("started", "w") as started:
    started.write(f"{{os.getpid()}} {{os.environ['SERVERY_HOME']}} {{' '.join(sys.argv[1:])}}")
os.rename("started", "running")
time.sleep(600)
"""


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    """The Makefile, with an environment that is ready and a demo that only waits."""
    shutil.copy(root / "Makefile", tmp_path)
    shutil.copytree(root / "make", tmp_path / "make")
    (tmp_path / "make/environment.sh").write_text("#!/bin/sh\n")
    servery = tmp_path / ".venv/bin/servery"
    servery.parent.mkdir(parents=True)
    servery.write_text(DEMO)
    servery.chmod(0o755)
    return tmp_path


def start(checkout: Path, **settings: str) -> tuple[subprocess.Popen[bytes], psutil.Process, str]:
    """Make, the demo it runs, and what the demo was given: its data folder and its arguments."""
    place = {name: value for name, value in os.environ.items() if not name.startswith(("SERVERY_", "MAKE"))}
    make = subprocess.Popen(["make", "demo"], cwd=checkout, env={**place, **settings}, start_new_session=True)
    running = checkout / "running"
    latest = time.monotonic() + 60
    while not running.exists():
        assert make.poll() is None, "make ended before the demo ran"
        assert time.monotonic() < latest, "the demo did not start"
        time.sleep(0.02)
    pid, given = running.read_text().split(" ", 1)
    return make, psutil.Process(int(pid)), given


def to_group(make: subprocess.Popen[bytes], number: int) -> None:
    os.killpg(make.pid, number)


def to_make_alone(make: subprocess.Popen[bytes], number: int) -> None:
    os.kill(make.pid, number)


@pytest.mark.parametrize(
    ("tell", "number"),
    [
        pytest.param(to_group, signal.SIGINT, id="ctrl-c"),
        pytest.param(to_group, signal.SIGTERM, id="sigterm to all"),
        pytest.param(to_make_alone, signal.SIGTERM, id="sigterm to make"),
        pytest.param(to_make_alone, signal.SIGINT, id="sigint to make"),
        pytest.param(to_make_alone, signal.SIGHUP, id="sighup to make"),
        pytest.param(to_make_alone, signal.SIGKILL, id="sigkill to make"),
    ],
)
def test_the_demo_ends_with_make(
    checkout: Path, tell: Callable[[subprocess.Popen[bytes], int], None], number: signal.Signals
):
    make, demo, _ = start(checkout)
    tell(make, number)
    make.wait(SECONDS_TO_STOP)
    psutil.wait_procs([demo], SECONDS_TO_STOP)
    assert not demo.is_running() or demo.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("chosen", [None, "/srv/servery"])
def test_the_demo_keeps_its_data_in_the_checkout_unless_told_where(checkout: Path, chosen: str | None):
    make, _, given = start(checkout, **({"SERVERY_HOME": chosen} if chosen else {}))
    make.terminate()
    make.wait(SECONDS_TO_STOP)
    assert given == f"{chosen or checkout / '.servery/demo'} demo"


def test_make_alone_lists_every_target_on_one_line(root: Path):
    said = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"^  (\S+)  +\S", said, re.MULTILINE)
    assert {"demo", "test", "check", "bench", "faults", "help", "lock", "clean", ".venv"} == set(listed)
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize(("summary", "code"), [("3 passed in 0.20s", 0), ("1 failed in 71.02s (0:01:11)", 2)])
def test_the_build_server_gets_the_closing_line_and_the_outcome(tmp_path: Path, root: Path, summary: str, code: int):
    shutil.copytree(root / ".ci", tmp_path / ".ci")
    line = f"===== {summary} ====="
    (tmp_path / "Makefile").write_text(f"test:\n\t@echo '{line}'\n\t@echo afterwards\n\t@exit {code}\n")
    command = ["bash", ".ci/run"]
    run = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert run.stdout.splitlines()[-1] == line
