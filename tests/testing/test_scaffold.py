"""A connector begun from the template is whole at once, and nothing else is touched."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from servery.errors import Invalid
from servery.testing.scaffold import new

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/how-to/first-connector.md"
BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The repository's source in a folder of its own, with the environment of this one."""
    copy = tmp_path / "servery"
    copy.mkdir()
    unneeded = shutil.ignore_patterns("__pycache__", "sandbox", "web", "api")
    shutil.copytree(ROOT / "src", copy / "src", ignore=unneeded)
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    place = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1", "MYPYPATH": ""}
    done = subprocess.run(
        ["/bin/sh", "-ec", command], cwd=folder, env=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
    return done


def contents(folder: Path) -> Mapping[str, bytes]:
    kept = (path for path in folder.rglob("*") if path.is_file() and ".venv" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept if "cache" not in str(path)}


def test_the_guide_leads_to_a_green_suite_and_touches_no_other_file(checkout: Path):
    before = contents(checkout)
    commands = [line for block in BLOCKS.findall(GUIDE.read_text()) for line in block.splitlines()]
    ours = [line for line in commands if "tabledesk" in line and "--package" not in line]
    assert len(ours) >= 3, "the guide begins, tests and asks for the quality"
    said = [run(line, checkout).stdout for line in ours]
    assert any(re.search(r"\d+ passed", one) and "failed" not in one for one in said)
    assert "claims bronze, proven silver" in said[-1]
    after = contents(checkout)
    new_files = set(after) - set(before)
    assert {name: after.get(name) for name in before} == before
    assert new_files
    assert all(name.startswith("src/servery/connectors/tabledesk/") for name in new_files)
    folder = "src/servery/connectors/tabledesk"
    run(f".venv/bin/ruff check --no-cache {folder} && .venv/bin/ruff format --no-cache --check {folder}", checkout)


def test_it_is_also_a_package_of_its_own_found_by_its_entry_point(tmp_path: Path):
    written = new("acme", tmp_path, package=True, taken=())
    package = tmp_path / "servery-acme"
    assert {path.name for path in written} >= {"pyproject.toml", "manifest.toml", "client.py", "simulator.py"}
    site = tmp_path / "site"
    pip = "pip install -q --no-deps --no-build-isolation --disable-pip-version-check"
    run(f"{sys.executable} -m {pip} --target {site} {package}", tmp_path)
    found = (
        "from servery.connectors import registry; assert 'acme' in registry.connectable();"
        "print(registry.connector('acme').manifest.title)"
    )
    place = {**os.environ, "PYTHONPATH": str(site)}
    told = subprocess.run([sys.executable, "-c", found], env=place, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "Acme"


@pytest.mark.parametrize("name", ["Acme", "1st", "a-b", "", "../x", "square"])
def test_a_name_that_cannot_be_is_refused_and_nothing_written(tmp_path: Path, name: str):
    with pytest.raises(Invalid):
        new(name, tmp_path, package=False, taken=("square",))
    assert list(tmp_path.iterdir()) == []


def test_what_stands_there_already_is_not_overwritten(tmp_path: Path):
    (tmp_path / "acme").mkdir()
    with pytest.raises(Invalid, match="is there already"):
        new("acme", tmp_path, package=False, taken=())
