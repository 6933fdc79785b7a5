"""Running `servery` as a person does, on a database of the test's own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def servery(database: str, tmp_path: Path) -> Run:
    """Run `servery`, without a terminal."""
    environ = {**os.environ, "SERVERY_HOME": str(tmp_path / "home"), "SERVERY_DATABASE_URL": database}
    (tmp_path / "home").mkdir()

    def run(*arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "servery", *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, input=typed or "")

    return run
