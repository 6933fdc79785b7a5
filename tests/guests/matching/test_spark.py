"""On Spark the same scores as on DuckDB."""

import shutil

import duckdb
import pandas
import pytest
from msgspec import structs

from servery.guests.matching.comparisons import COMPARISONS
from servery.guests.matching.conditions import Engine
from servery.guests.matching.engine import RECORDS, duck
from servery.guests.matching.features import COLUMNS, features_of
from servery.guests.matching.pairs import PAIRS, scored_pairs
from servery.guests.matching.train import train
from servery.guests.matching.weights import Weights
from tests.guests.matching.crowd import crowd

pytest.importorskip("pyspark", reason="PySpark is not installed")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is none"),
    pytest.mark.filterwarnings("ignore"),
]


def scores(db: duckdb.DuckDBPyConnection, weights: Weights, engine: Engine) -> dict[tuple[int, int], float]:
    scored_pairs(db, COMPARISONS, weights, engine=engine)
    return {(one, other): p for one, other, p in db.execute(f"select one, other, probability from {PAIRS}").fetchall()}


def test_spark_scores_as_duckdb_does():
    made = [structs.asdict(features_of(guest)) for _, guest in crowd(60)]
    with duck() as db:
        db.register("given", pandas.DataFrame(made, columns=list(COLUMNS), dtype=object).reset_index(names="id"))
        said = ", ".join(f"{column}::varchar as {column}" for column in COLUMNS)
        db.execute(f"create table {RECORDS} as select id::bigint as id, {said}, [id % 2] as keys from given").fetchall()
        weights = train(db, COMPARISONS)
        here, there = scores(db, weights, "duckdb"), scores(db, weights, "spark")
    likely = {pair for pair, p in here.items() if p > 0.001}
    assert len(likely) > 10
    assert likely <= set(there)
    assert max(abs(here[pair] - there[pair]) for pair in here if pair in there) <= 1e-6
