"""What is installed elsewhere than in a checkout: the wheel, the units of systemd, the container."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROGRAM = """
import servery
from servery.connectors import registry
from servery.storage.migrate import MIGRATIONS

print(servery.__file__)
assert list(MIGRATIONS.glob("*.sql"))
print([registry.connector(one.name).manifest.name for one in registry.manifests() if one.resources])
"""


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_everything_but_the_connectors_tests(wheel: Path, root: Path, files: list[Path]):
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if name.startswith("servery/")}
    ours = {str(path.relative_to(root / "src")) for path in files if path.is_relative_to(root / "src")}
    assert held == {name for name in ours if not re.match(r"servery/connectors/\w+/tests/", name)}


def test_it_works_where_there_is_no_checkout(wheel: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "installed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    command = [sys.executable, str(program)]
    said = subprocess.run(command, env=environ, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert str(tmp_path / "installed") in said.stdout
    assert "square" in said.stdout


UNITS = ("servery.service", "servery-web@.service", "servery-worker@.service", "servery-backup.service")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", [*UNITS, "servery-backup.timer"])
def test_systemd_understands_the_units(root: Path, tmp_path: Path, unit: str):
    for file in (root / "packaging/systemd").iterdir():
        # What it is to run is not installed here.
        (tmp_path / file.name).write_text(file.read_text().replace("/opt/servery/bin/servery", "/bin/true"))
    name = unit.replace("@.", "@1.")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in said.stderr.splitlines() if "servery" in line] == []


@pytest.mark.parametrize("unit", UNITS)
def test_units_run_commands_that_exist(root: Path, unit: str):
    from servery.cli import FILES

    run = re.findall(r"/opt/servery/bin/servery ([\w-]+)", (root / "packaging/systemd" / unit).read_text())
    assert run and set(run) <= set(FILES)


def test_the_container_is_made_of_what_is_here(root: Path):
    text = (root / "Containerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for word in line.split()]
    assert copied and all((root / word).exists() for word in copied)
    assert 'CMD ["up"]' in text and "USER servery" in text
