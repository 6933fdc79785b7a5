"""The long forms can be run, each tells its verdict, and a run goes on where it was interrupted."""

import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from tests.faults.long import __main__ as long


@pytest.mark.parametrize("name", long.names())
def test_each_says_what_it_does_and_can_be_run(name: str):
    module = import_module(f"tests.faults.long.{name}")
    assert module.__doc__
    assert callable(module.run)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with two faults of its own: one counts how often it ran, one fails."""
    folder = tmp_path / "tests" / "faults" / "long"
    folder.mkdir(parents=True)
    (tmp_path / "src").mkdir()
    count = f"open({str(tmp_path / 'ran')!r}, 'a').write('x'); print('2 kills, 9 acknowledged, 0 lost, 0 duplicated')"
    (folder / "well.py").write_text(count)
    (folder / "ill.py").write_text("print('1 kills, 9 acknowledged, 1 lost, 0 duplicated'); raise SystemExit(1)")
    monkeypatch.setattr(long, "ROOT", tmp_path)
    monkeypatch.setattr(long, "PASSED", tmp_path / "passed")
    monkeypatch.setattr(long, "names", lambda: ["ill", "well"])
    return tmp_path


def ran(bench: Path) -> int:
    return len((bench / "ran").read_text())


def test_what_passed_is_not_run_again_until_the_code_changes(bench: Path, capfd: pytest.CaptureFixture[str]):
    assert long.main([]) == 1
    assert long.main([]) == 1
    said = capfd.readouterr().out
    assert ran(bench) == 1
    assert said.count("2 kills, 9 acknowledged, 0 lost, 0 duplicated") == 2
    assert "1 failed: ill" in said
    assert long.main(["well"]) == 0
    assert ran(bench) == 2
    (bench / "src" / "new.py").write_text("")
    assert long.main([]) == 1
    assert ran(bench) == 3


def test_an_unknown_name_is_told(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        long.main(["nonsense"])
    assert "there is no fault nonsense" in capsys.readouterr().err


def test_make_runs_them():
    shown = subprocess.run(["make", "--dry-run", "faults"], cwd=long.ROOT, capture_output=True, text=True, check=True)
    assert ".venv/bin/python -m tests.faults.long" in shown.stdout
