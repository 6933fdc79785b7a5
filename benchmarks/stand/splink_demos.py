"""Splink with the settings that its own documentation shows for a list: a peer, run as a program of its own.

From the repository moj-analytical-services/splink, its notebooks' comparisons, blocking rules, training and the
threshold at which they cluster, all as they stand there: at v4.0.16, but for historical_50k.

- febrl3: docs/demos/examples/duckdb/febrl3. It predicts from 0.2 and does not cluster; here at 0.95, as the demo of
  50,000 people does. Also taken for febrl1 and febrl2, which have no demo and the same columns.
- febrl4: docs/demos/examples/duckdb/febrl4, its detailed model: links dataset A with B, clusters at 0.99.
- fake_1000: docs/demos/examples/duckdb/accuracy_analysis_from_labels_column, with which it finds more than with
  those of its tutorial (docs/demos/tutorials/04, 05); predicts from 0.2 and clusters at 0.5, as the tutorial does.
- historical_50k: docs/demos/examples/duckdb/deduplicate_50k_synthetic: clusters at 0.95. Its settings are those of the
  repository's newest documentation, Splink 5's, and run on the Splink that is installed.

A seed is set where random pairs are drawn, so that a run can be repeated.
"""

import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pandas
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

_SEED = 2


def main(arguments: Sequence[str]) -> None:
    """`DEMO IN OUT`: cluster a list with an `id`; prints seconds and megabytes as JSON."""
    logging.disable(logging.CRITICAL)
    demo, path, output = arguments
    began = time.monotonic()
    found = DEMOS[demo](pandas.read_csv(path, dtype=str)).as_pandas_dataframe()
    found[["id", "cluster_id"]].rename(columns={"cluster_id": "cluster"}).to_csv(output, index=False)
    print(json.dumps([time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def _linker(
    people: Any,
    comparisons: Sequence[Any],
    rules: Sequence[Any],
    link: Literal["dedupe_only", "link_only"] = "dedupe_only",
) -> Linker:
    settings = SettingsCreator(
        link_type=link,
        unique_id_column_name="id",
        comparisons=list(comparisons),
        blocking_rules_to_generate_predictions=list(rules),
    )
    return Linker(people, settings, db_api=DuckDBAPI(), set_up_basic_logging=False)


def _learn(linker: Linker, sure: Sequence[Any], recall: float, pairs: float) -> None:
    linker.training.estimate_probability_two_random_records_match(list(sure), recall=recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=_SEED)


def febrl3(people: pandas.DataFrame) -> Any:
    """FEBRL's dataset 3."""
    comparisons = [
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
    ]
    rules = [block_on(column) for column in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")]
    linker = _linker(people, comparisons, rules)
    crossed = "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth"
    sure = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth"), crossed]
    _learn(linker, sure, recall=0.9, pairs=1e6)
    for column in ("date_of_birth", "postcode"):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
    pairs = linker.inference.predict(threshold_match_probability=0.2)
    return linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95)


def febrl4(people: pandas.DataFrame) -> Any:
    """FEBRL's dataset 4, whose part B holds one duplicate of each in part A."""
    comparisons = [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison(
            "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
        ),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
    ]
    rules = [
        block_on("given_name", "surname"),
        "l.given_name = r.surname and l.surname = r.given_name",
        block_on("date_of_birth"),
        block_on("soc_sec_id"),
        block_on("state", "address_1"),
        block_on("street_number", "address_1"),
        block_on("postcode"),
    ]
    is_copy = people["id"].str.contains("dup")
    linker = _linker([people[~is_copy], people[is_copy]], comparisons, rules, link="link_only")
    _learn(linker, [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")], recall=0.8, pairs=1e6)
    for column in ("date_of_birth", "postcode"):
        _maximise(linker, block_on(column))
    pairs = linker.inference.predict(threshold_match_probability=0.2)
    return linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.99)


def fake_1000(people: pandas.DataFrame) -> Any:
    """The list of its tutorial."""
    comparisons = [
        cl.ForenameSurnameComparison("first_name", "surname"),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.EmailComparison("email"),
    ]
    linker = _linker(people, comparisons, [block_on(column) for column in ("first_name", "surname", "dob", "email")])
    sure = [
        "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
        "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
        "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
        "l.email = r.email",
    ]
    _learn(linker, sure, recall=0.7, pairs=1e6)
    for rule in (block_on("dob"), block_on("email"), block_on("first_name", "surname")):
        _maximise(linker, rule)
    pairs = linker.inference.predict(threshold_match_probability=0.2)
    return linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.5)


def historical_50k(people: pandas.DataFrame) -> Any:
    """Records of historical persons with errors."""
    people = people.assign(first_name_surname_concat=people["first_name"] + " " + people["surname"])
    area = "substr(postcode_fake,1,3)"
    rules = [
        block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
        block_on("surname", "dob"),
        block_on("first_name", "dob"),
        block_on("postcode_fake", "first_name"),
        block_on("postcode_fake", "surname"),
        block_on("dob", "birth_place"),
        block_on(area, "dob"),
        block_on(area, "first_name"),
        block_on(area, "surname"),
        block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
    ]
    comparisons = [
        cl.ForenameSurnameComparison(
            "first_name", "surname", forename_surname_concat_col_name="first_name_surname_concat"
        ),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.PostcodeComparison("postcode_fake"),
        cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
        cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
    ]
    linker = _linker(people, comparisons, rules)
    sure = [
        block_on("first_name", "surname", "dob"),
        block_on("substr(first_name,1,2)", "surname", "substr(postcode_fake,1,2)"),
        block_on("dob", "postcode_fake"),
    ]
    _learn(linker, sure, recall=0.6, pairs=1e7)
    for rule in (block_on("first_name", "surname"), block_on("dob")):
        _maximise(linker, rule)
    return linker.clustering.cluster_pairwise_predictions_at_threshold(linker.inference.predict(), 0.95)


def _maximise(linker: Linker, rule: Any) -> None:
    linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)


DEMOS: dict[str, Callable[[pandas.DataFrame], Any]] = {
    "febrl1": febrl3,
    "febrl2": febrl3,
    "febrl3": febrl3,
    "febrl4": febrl4,
    "fake_1000": fake_1000,
    "historical_50k": historical_50k,
}
"""The settings for each list that Splink's documentation knows, or one with the same columns."""

if __name__ == "__main__":
    main(sys.argv[1:])
