"""Where a program that the tests need cannot be installed, make says what to install and fails."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with a shell's tools, without apt and without a browser."""
    for tool in ("sh", "id", "sed", "head", "env"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def provide(root: Path, path: Path) -> subprocess.CompletedProcess[str]:
    command = [root / "make/programs.sh"]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)


def test_a_missing_browser_is_said_not_skipped(root: Path, path: Path):
    outcome = provide(root, path)
    assert outcome.returncode == 1
    assert "none was found. Install it, then try again:\n\n    sudo apt-get install chromium" in outcome.stderr


def test_a_browser_that_only_says_where_to_get_one_does_not_count(root: Path, path: Path):
    (path / "chromium-browser").write_text("#!/bin/sh\necho 'install the snap' >&2\nexit 1\n")
    (path / "chromium-browser").chmod(0o755)
    assert provide(root, path).returncode == 1


def test_nothing_is_done_where_all_is_there(root: Path, path: Path):
    (path / "chromium").write_text("#!/bin/sh\necho 'Chromium 150'\n")
    (path / "chromium").chmod(0o755)
    outcome = provide(root, path)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
