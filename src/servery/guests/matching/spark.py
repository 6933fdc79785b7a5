"""The same scores on Spark, for bases that one machine does not hold. Loaded only where the setting says so."""

import math
from collections.abc import Sequence
from typing import Any

import duckdb
from pyspark.sql import SparkSession
from splink import Linker, SparkAPI
from splink.backends.spark import similarity_jar_location

from servery.guests.matching.comparisons import Comparison
from servery.guests.matching.engine import RECORDS, settings
from servery.guests.matching.weights import Weights


def session() -> SparkSession:
    """The Spark that its own environment names, else one in this process; with Splink's measures of likeness."""
    found = SparkSession.builder.appName("servery").config("spark.jars", similarity_jar_location())
    return found.config("spark.ui.enabled", "false").config("spark.sql.ansi.enabled", "false").getOrCreate()


def scored_on_spark(
    db: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], weights: Weights, worth: float
) -> None:
    """Score as `scored_pairs` does, with the table of features sent to Spark and the pairs fetched back."""
    spark = session()
    columns = _texts(db)
    shape = ", ".join(["id long", "keys array<long>", *(f"{column} string" for column in columns)])
    rows = db.execute(f"select id, keys, {', '.join(columns)} from {RECORDS}").fetchall()
    spark.createDataFrame(rows, shape).createOrReplaceTempView(RECORDS)
    api = SparkAPI(spark_session=spark, break_lineage_method="persist")  # type: ignore[no-untyped-call]
    linker: Any = Linker(RECORDS, settings(comparisons, weights, "spark"), db_api=api, set_up_basic_logging=False)
    for column, shares in weights.frequencies.items():
        told = [(value, float(shares.get(value, weights.floors[column]))) for value in _values(db, column)]
        frame = spark.createDataFrame(told, f"{column} string, tf_{column} double")
        linker.table_management.register_term_frequency_lookup(frame, column, overwrite=True)
    found = linker.inference.predict(threshold_match_weight=worth).as_pandas_dataframe()
    prior = math.log2(weights.prior / (1 - weights.prior))
    db.register("found", found[["id_l", "id_r", "match_weight", "match_probability"]])
    db.execute(
        "create or replace table pairs as select least(id_l, id_r) as one, greatest(id_l, id_r) as other, "
        f"match_weight - {prior!r} as bits, match_probability as probability from found"
    ).fetchall()
    db.unregister("found")


def _texts(db: duckdb.DuckDBPyConnection) -> list[str]:
    rows = db.execute(f"select column_name from (describe {RECORDS}) where column_type = 'VARCHAR'").fetchall()
    return [name for (name,) in rows]


def _values(db: duckdb.DuckDBPyConnection, column: str) -> list[str]:
    rows = db.execute(f"select distinct {column} from {RECORDS} where {column} is not null").fetchall()
    return [value for (value,) in rows]
