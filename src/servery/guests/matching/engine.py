"""Splink on DuckDB or Spark, set up with our comparisons and weights. Loaded only where a run needs it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from servery.guests.matching.comparisons import Comparison, Level
from servery.guests.matching.conditions import Engine
from servery.guests.matching.weights import Odds, Weights

RECORDS = "records"
"""The table of features: `id` (whole number), `keys` (whole numbers), and a column of text for each feature."""

SHARED_KEY = {"blocking_rule": "l.keys = r.keys", "arrays_to_explode": ["keys"]}
"""Pairs that have a key in common are scored."""

for _name in ("splink", "sqlglot", "py4j"):
    logging.getLogger(_name).setLevel(logging.ERROR)


@contextmanager
def duck(memory: str = "2GB", threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in this process for one run, which keeps to so much memory and puts the rest on disk."""
    with TemporaryDirectory(prefix="servery-matching-") as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": folder,
            "preserve_insertion_order": False,
        }
        if threads:
            settings["threads"] = threads
        with duckdb.connect(config=settings) as db:
            db.execute("set enable_progress_bar = false")
            yield db


def whole(db: duckdb.DuckDBPyConnection, query: str) -> int:
    """The one whole number that a query gives."""
    ((number,),) = db.execute(query).fetchall()
    return int(number)


def linker(db: Any, comparisons: Sequence[Comparison], weights: Weights | None, *, in_detail: bool = False) -> Linker:
    """Splink over the table of features."""
    made = settings(comparisons, weights, "duckdb", in_detail=in_detail)
    return Linker(RECORDS, made, db_api=DuckDBAPI(db), set_up_basic_logging=False)


def settings(
    comparisons: Sequence[Comparison], weights: Weights | None, engine: Engine, *, in_detail: bool = False
) -> dict[str, Any]:
    """Our comparisons as Splink's settings; `in_detail` keeps what each comparison said of a pair."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "id",
        "probability_two_random_records_match": weights.prior if weights else 1e-4,
        "retain_matching_columns": in_detail,
        "retain_intermediate_calculation_columns": in_detail,
        "max_iterations": 40,
        "em_convergence": 0.0005,
        "blocking_rules_to_generate_predictions": [SHARED_KEY],
        "comparisons": [_comparison(each, weights, engine) for each in comparisons],
    }


def _comparison(comparison: Comparison, weights: Weights | None, engine: Engine) -> dict[str, Any]:
    odds = weights.odds[comparison.name] if weights else {}
    lacking = {
        "sql_condition": comparison.lacking.sql_for(engine),
        "label_for_charts": "lacking",
        "is_null_level": True,
    }
    return {
        "output_column_name": comparison.name,
        "comparison_levels": [
            lacking,
            *(_level(each, odds.get(each.name), weights, engine) for each in comparison.levels),
        ],
    }


def _level(level: Level, odds: Odds | None, weights: Weights | None, engine: Engine) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sql_condition": level.condition.sql_for(engine) if level.condition else "ELSE",
        "label_for_charts": level.name,
    }
    if odds:
        made |= {"m_probability": odds.m, "u_probability": odds.u}
    if level.frequency and weights and level.frequency in weights.frequencies:
        made |= {
            "tf_adjustment_column": level.frequency,
            "tf_minimum_u_value": weights.floors[level.frequency],
            # Each level by its own `u`, not by that of the comparison's exact match.
            "disable_tf_exact_match_detection": True,
        }
    return made
