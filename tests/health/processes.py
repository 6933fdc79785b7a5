"""An installation in real processes, reading a till that can be switched off."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from servery.connectors.square.simulator import simulator
from servery.model.guest import SourceGuest
from servery.model.venue import Venue
from servery.testing.served import free_port, served
from servery.testing.stage import Stage

Found = TypeVar("Found")
TOKEN = "planted-token-81f3"
NAME = "Zacharias Plantedsen"
PHONE = "+4531557799"


class Installation:
    """`servery web` and `servery worker` with a till, and what they write to their logs."""

    def __init__(self, database: str, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = home
        self._environ = {
            **os.environ,
            "SERVERY_HOME": str(home),
            "SERVERY_DATABASE_URL": database,
            "SERVERY_PORT": str(self.port),
            "SERVERY_LOG": "json",
            **(environ or {}),
        }
        self._logs: list[Path] = []
        self._running: list[subprocess.Popen[bytes]] = []

    def servery(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "servery", *arguments]
        return subprocess.run(command, env=self._environ, capture_output=True, text=True, check=False, input=typed)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command that runs on."""
        with tempfile.NamedTemporaryFile(dir=self.home.parent, suffix=".log", delete=False) as log:
            command = [sys.executable, "-m", "servery", *arguments]
            process = subprocess.Popen(command, env=self._environ, stderr=log, stdout=log, start_new_session=True)
        self._logs.append(Path(log.name))
        self._running.append(process)
        return process

    def stop(self) -> None:
        """End all that runs."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(60)

    @property
    def log(self) -> str:
        """All that was written."""
        return "".join(path.read_text() for path in self._logs)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log's entries; a last line that is still being written is not told yet."""
        whole = [line for path in self._logs for line in path.read_text().split("\n")[:-1]]
        return [json.loads(line) for line in whole if line.startswith("{")]


@contextmanager
def installation(database: str, folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """An installation of which nothing runs yet; what is started ends with the block."""
    home = folder / "home"
    home.mkdir()
    made = Installation(database, home, environ)
    try:
        yield made
    finally:
        made.stop()


class Till:
    """A till on a socket of this machine. Switched off, nothing listens there."""

    def __init__(self) -> None:
        self._stage = Stage(Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"), "L1", "DK")
        self._stage.menu_modified_at = datetime.now(UTC)
        long_ago = datetime.now(UTC) - timedelta(days=3)
        self._stage.guests.put("C1", SourceGuest(name=NAME, phone=PHONE), long_ago)
        self._simulator = simulator(self._stage, TOKEN)
        self._serving = ExitStack()
        self.url = self._serving.enter_context(served(self._simulator))

    def off(self) -> None:
        """Let nothing answer any more."""
        self._serving.close()


def until(found: Callable[[], Found], seconds: float = 60) -> Found:
    """Ask until there is something; the last answer when time is up."""
    deadline = time.monotonic() + seconds
    while not (answer := found()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def answers(client: httpx.Client, path: str) -> bool:
    """Whether an address answers well by now."""
    try:
        return client.get(path).is_success
    except httpx.TransportError:
        return False
