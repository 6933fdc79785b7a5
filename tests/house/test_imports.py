"""Imports go one way. The rules stand in pyproject.toml; here each is shown to catch what it is for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

STANDING = (
    "__init__ app errors settings"
    " model.__init__ model.guest"
    " storage.__init__ storage.pool"
    " testing.__init__ testing.clock"
    " guests.__init__ guests.rows visits.__init__ visits.rows"
    " connectors.__init__ connectors.contract connectors.registry"
    " connectors.resos.__init__ connectors.resos.client"
    " connectors.square.__init__ connectors.square.simulator"
    " api.__init__ web.__init__ web.stand cli.__init__ cli.guests sandbox.__init__ sandbox.truth"
).split()

RIGHT = [
    ("storage.pool", "model.guest"),
    ("storage.pool", "settings"),
    ("guests.rows", "model.guest"),
    ("guests.rows", "storage.pool"),
    ("guests.rows", "errors"),
    ("guests.rows", "connectors.contract"),
    ("connectors.square.simulator", "testing.clock"),
    ("connectors.square.simulator", "connectors.contract"),
    ("testing.clock", "connectors.contract"),
    ("web.stand", "guests"),
    ("app", "connectors.registry"),
    ("app", "visits"),
    ("cli.guests", "app"),
    ("cli.guests", "sandbox"),
    ("sandbox.truth", "connectors.square.simulator"),
    ("sandbox.truth", "testing.clock"),
]

WRONG = [
    ("model.guest", "errors"),
    ("model.guest", "storage"),
    ("errors", "model"),
    ("storage.pool", "guests"),
    ("storage.pool", "connectors.square"),
    ("guests.rows", "visits.rows"),
    ("visits", "guests"),
    ("guests.rows", "web.stand"),
    ("guests.rows", "api"),
    ("guests.rows", "cli"),
    ("guests.rows", "app"),
    ("guests.rows", "connectors.square"),
    ("guests.rows", "connectors.registry"),
    ("guests.rows", "testing.clock"),
    ("connectors.square.simulator", "connectors.resos.client"),
    ("connectors.square.simulator", "connectors.registry"),
    ("connectors.square.simulator", "storage"),
    ("connectors.square.simulator", "settings"),
    ("connectors.square.simulator", "guests"),
    ("connectors.contract", "connectors.square"),
    ("testing.clock", "storage"),
    ("app", "sandbox"),
    ("web.stand", "sandbox.truth"),
    ("web.stand", "api"),
    ("web.stand", "app"),
    ("app", "cli"),
]


def lint(package: Path, rules: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the rules of this house on the `servery` that lies in `package`."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-logo", "--no-cache", "--config", str(rules)]
    place = {**os.environ, "PYTHONPATH": str(package)}
    return subprocess.run(command, env=place, cwd=package, capture_output=True, text=True, check=False)


@pytest.fixture
def planted(tmp_path: Path, root: Path):
    """Lint a small copy of the house in which `importer` imports `imported`."""

    def plant(*imports: tuple[str, str]) -> subprocess.CompletedProcess[str]:
        for name in STANDING:
            file = tmp_path / "servery" / f"{name.replace('.', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        for importer, imported in imports:
            path = tmp_path / "servery" / importer.replace(".", "/")
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            file.write_text(file.read_text() + f"import servery.{imported}\n")
        return lint(tmp_path, root / "pyproject.toml")

    return plant


def test_the_house_stands(root: Path):
    outcome = lint(root / "src", root / "pyproject.toml")
    assert outcome.returncode == 0, outcome.stdout


def test_what_may_be_imported_is_let_through(planted):
    outcome = planted(*RIGHT)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(("importer", "imported"), WRONG, ids=lambda name: name)
def test_a_wrong_import_is_caught(planted, importer: str, imported: str):
    outcome = planted((importer, imported))
    assert outcome.returncode == 1, outcome.stdout
    assert f"servery.{importer} -> servery.{imported}" in " ".join(outcome.stdout.split())


def test_a_new_connector_needs_no_line_and_a_room_without_a_storey_is_told(planted, tmp_path: Path):
    new = tmp_path / "servery/connectors/odoo/__init__.py"
    new.parent.mkdir(parents=True)
    new.touch()
    assert planted().returncode == 0
    (tmp_path / "servery/cellar.py").touch()
    outcome = planted()
    assert outcome.returncode == 1
    assert "cellar" in outcome.stdout
