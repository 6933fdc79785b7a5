"""The locks say what pyproject.toml asks for, each package with its hashes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PINNED.findall(path.read_text())}


def unmet(wanted: list[str], locked: dict[str, str]) -> list[str]:
    asked = map(Requirement, wanted)
    return [str(r) for r in asked if locked.get(canonicalize_name(r.name), "") not in r.specifier]


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def test_all_that_runs_is_locked(root: Path, project: dict[str, Any]):
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["build"]
    assert unmet(wanted, pins(root / "requirements.lock")) == []


def test_all_that_tests_is_locked(root: Path, project: dict[str, Any]):
    assert unmet(project["project"]["optional-dependencies"]["test"], pins(root / "requirements-test.lock")) == []


def test_a_package_that_the_lock_lacks_or_holds_too_old_is_found():
    assert unmet(["granian>=2.5", "httpx>=0.28"], {"granian": "2.4"}) == ["granian>=2.5", "httpx>=0.28"]


def test_tests_run_on_the_versions_that_run(root: Path):
    running, testing = pins(root / "requirements.lock"), pins(root / "requirements-test.lock")
    assert running.items() <= testing.items()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_package_has_its_hashes(root: Path, name: str):
    entries = re.split(r"\n(?=[a-z0-9])", (root / name).read_text().strip())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
