"""The benchmarks can be run, say what they show, and score rightly. None of them is run here."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from benchmarks.__main__ import names
from benchmarks.import_takeaway import _made_up
from benchmarks.matching import Found, score
from benchmarks.money import _Drawing, _sums
from benchmarks.stand.report import Figure, Report
from servery.sandbox.record import CheckTruth

ROOT = Path(__file__).parents[2]
WANTED = {"import_takeaway", "backfill_square", "guest_by_id", "matching", "money", "start"}


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_list_names_each_with_what_it_shows():
    outcome = benchmarks("--list")
    assert outcome.returncode == 0, outcome.stderr
    lines = dict(line.split(maxsplit=1) for line in outcome.stdout.splitlines())
    assert set(lines) >= WANTED
    assert set(lines) == set(names())


def test_an_unknown_name_is_told():
    outcome = benchmarks("nonsense")
    assert outcome.returncode == 2
    assert "there is no benchmark nonsense" in outcome.stderr


@pytest.mark.parametrize("name", names())
def test_each_says_what_it_shows_and_why_it_matters(name: str):
    module = import_module(f"benchmarks.{name}")
    assert callable(module.run)
    assert "Why it matters: " in (module.__doc__ or "")


@pytest.mark.parametrize(
    ("rounds", "limits", "keeps"),
    [
        ([1, 10, 11], {"at_least": 10}, True),
        ([1, 9, 11], {"at_least": 10}, False),
        ([9, 9, 99], {"below": 10}, True),
        ([10], {"below": 10}, False),
        ([10], {}, True),
    ],
)
def test_a_figure_is_held_to_its_limit_by_its_median(
    rounds: list[float], limits: dict[str, float], keeps: bool, capsys: pytest.CaptureFixture[str]
):
    report = Report()
    report.begin("speed", "How quickly")
    report.figure(Figure(name="pace", unit="m/s", rounds=rounds, **limits))
    assert report.missed == ([] if keeps else ["speed: pace"])
    assert ("MISSED" in capsys.readouterr().out) is not keeps


def test_a_wrong_fact_is_a_miss(capsys: pytest.CaptureFixture[str]):
    report = Report()
    report.fact("checks", 3, 3)
    report.fact("checks", 3)
    assert report.missed == []
    report.fact("checks", 2, 3)
    assert report.missed == [": checks"]
    assert "WRONG: must be 3" in capsys.readouterr().out


def check(check_id: str, reservation: str | None) -> CheckTruth:
    return CheckTruth(check_id, "dinner", reservation, "person", 2, ("1",), True)


def test_matches_are_scored_by_the_truth():
    truth = {one.id: one for one in (check("a", "R"), check("b", "S"), check("c", "T"), check("d", None))}
    made = [Found("a", "R", False), Found("b", "R", False), Found("c", None, True), Found("d", "S", False)]
    scored = score(made, truth)
    assert (scored.right, scored.wrong, scored.missed) == (1, 2, 2)
    assert scored.precision == pytest.approx(1 / 3)
    assert scored.recall == pytest.approx(1 / 3)


@pytest.mark.parametrize("seed", range(20))
def test_the_oracle_of_money_agrees_and_notices_one_minor_unit(seed: int):
    drawing = _Drawing(Random(seed))
    check = drawing.check()
    assert _sums(check) == drawing.sums()
    if check.status == "closed":
        assert _sums(structs.replace(check, tip=check.tip + 1)) != drawing.sums()


def test_a_made_up_file_has_the_lines_and_checks_of_the_real_one(tmp_path: Path):
    path, known = _made_up(tmp_path / "orders.csv")
    lines = path.read_text().splitlines()[1:]
    assert len(lines) == known["read"] == 74_818
    assert len({line.partition(",")[0] for line in lines}) == known["checks"] == 13_397
