"""`.venv` is made where it is missing or stale. A stand-in for Python records what it is asked to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

STAND_IN = r"""#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    -V | -VV) echo "Python 3.11.9 $BUILD" ;;
    *ensurepip*) [ "$VENV" = yes ] ;;
    *"version_info[:2]"*) echo 3.11 ;;
    *version_info*) [ "$RECENT" = yes ] ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"$KILLED_AT"*) kill -9 $PPID ;;
esac
"""


class Checkout:
    """A folder with the scripts and the locks, and a Python that only pretends."""

    def __init__(self, place: Path, root: Path) -> None:
        self.place = place
        shutil.copytree(root / "make", place / "make")
        for name in ("requirements.lock", "requirements-test.lock", "requirements-spark.lock", "pyproject.toml"):
            (place / name).write_text(f"{name}\n")
        self.python = place / "stand-in"
        self.python.write_text(STAND_IN)
        self.python.chmod(0o755)

    def make(self, *options: str, **pretence: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        """What the script said, and what it installed or made, step by step."""
        calls = self.place / "calls"
        calls.unlink(missing_ok=True)
        settings = {
            "VENV": "yes",
            "RECENT": "yes",
            "BUILD": "",
            "KILLED_AT": "never",
            "PYTHON": str(self.python),
            "JAVA": "no-java-here",
        }
        place = {**os.environ, **settings, "CALLS": str(calls), **pretence}
        script = self.place / "make/environment.sh"
        outcome = subprocess.run([script, *options], env=place, capture_output=True, text=True, check=False)
        done = calls.read_text().splitlines() if calls.exists() else []
        return outcome, [call.split()[-1] for call in done if call.startswith("-m")]


RUNNING = [".venv", "requirements.lock", "."]
TESTING = [".venv", "requirements.lock", "requirements-test.lock", "."]


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Checkout:
    place = tmp_path / "a checkout"
    place.mkdir()
    return Checkout(place, root)


def test_it_is_made_once(checkout: Checkout):
    assert checkout.make()[1] == RUNNING
    assert checkout.make()[1] == []


def test_what_tests_need_is_added_to_what_runs(checkout: Checkout):
    checkout.make()
    assert checkout.make("--testing")[1] == ["requirements-test.lock"]
    assert checkout.make("--testing")[1] == []
    assert checkout.make()[1] == []


def test_where_java_is_spark_is_added(checkout: Checkout):
    assert checkout.make("--testing", JAVA="sh")[1] == [*TESTING[:-1], "requirements-spark.lock", "."]
    assert checkout.make("--testing", JAVA="sh")[1] == []


def test_tests_alone_make_both(checkout: Checkout):
    assert checkout.make("--testing")[1] == TESTING


@pytest.mark.parametrize(
    ("changed", "done_again"),
    [
        ("requirements.lock", TESTING),
        ("requirements-test.lock", ["requirements-test.lock"]),
        ("pyproject.toml", ["."]),
    ],
)
def test_a_change_remakes_what_depends_on_it(checkout: Checkout, changed: str, done_again: list[str]):
    checkout.make("--testing")
    (checkout.place / changed).write_text("changed\n")
    assert checkout.make("--testing")[1] == done_again


@pytest.mark.parametrize("step", ["venv", "requirements.lock", "requirements-test.lock", "editable"])
def test_a_step_that_was_killed_is_done_again(checkout: Checkout, step: str):
    if step == "venv":
        (checkout.place / ".venv/bin").mkdir(parents=True)
    else:
        outcome, _ = checkout.make("--testing", KILLED_AT=step)
        assert outcome.returncode == -9
    again = {"editable": ["."], "requirements-test.lock": ["requirements-test.lock", "."]}.get(step, TESTING)
    assert checkout.make("--testing")[1] == again


def test_a_checkout_that_was_moved_or_copied_makes_its_own(checkout: Checkout, root: Path):
    checkout.make()
    copy = checkout.place.with_name("elsewhere")
    shutil.copytree(checkout.place, copy)
    script = [copy / "make/environment.sh"]
    settings = {
        "VENV": "yes",
        "RECENT": "yes",
        "BUILD": "",
        "KILLED_AT": "never",
        "CALLS": str(copy / "calls"),
    }
    place = {**os.environ, **settings, "PYTHON": str(checkout.python)}
    said = subprocess.run(script, env=place, capture_output=True, text=True, check=True).stderr
    assert "Making .venv" in said


def test_another_python_makes_another_environment(checkout: Checkout):
    checkout.make()
    assert checkout.make(BUILD="rebuilt")[1] == RUNNING


def test_a_python_that_vanished_is_replaced(checkout: Checkout):
    checkout.make()
    (checkout.place / ".venv/bin/python").unlink()
    assert checkout.make()[1] == RUNNING


@pytest.mark.parametrize(("user", "line"), [("0", "    apt-get install "), ("1000", "    sudo apt-get install ")])
def test_a_python_without_venv_gets_the_line_that_installs_it(checkout: Checkout, user: str, line: str):
    pretend = checkout.place / "bin/id"
    pretend.parent.mkdir()
    pretend.write_text(f"#!/bin/sh\necho {user}\n")
    pretend.chmod(0o755)
    outcome, done = checkout.make(VENV="no", PATH=f"{pretend.parent}:{os.environ['PATH']}")
    assert (outcome.returncode, done) == (1, [])
    [install] = [said for said in outcome.stderr.splitlines() if "apt-get" in said]
    assert install in {f"{line}python3-venv", f"{line}python3.11-venv"}
    assert not (checkout.place / ".venv").exists()


def test_an_old_python_is_refused_by_name(checkout: Checkout):
    outcome, _ = checkout.make(RECENT="no")
    assert outcome.returncode == 1
    assert outcome.stderr == f"PYTHON={checkout.python} is not a Python from 3.11 to 3.14.\n"


def test_no_python_is_said_plainly(checkout: Checkout):
    tools = checkout.place / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "flock", "cat", "sha256sum", "id", "readlink"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    outcome, _ = checkout.make(PYTHON="", PATH=str(tools))
    assert outcome.returncode == 1
    assert "Servery needs Python 3.11 or later, and none was found." in outcome.stderr
