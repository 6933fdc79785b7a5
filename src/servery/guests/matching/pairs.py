"""Pairs that are looked at, and their scores: Splink's prediction over the table of features."""

import math
from collections.abc import Sequence

import duckdb

from servery.guests.matching.comparisons import Comparison
from servery.guests.matching.conditions import Engine
from servery.guests.matching.engine import RECORDS, linker
from servery.guests.matching.weights import Weights

PAIRS = "pairs"
"""The table of scored pairs: `one`, `other` (ids, the smaller first), `bits` of evidence without the prior, and
the `probability` that both are one person."""
_WORTH_KEEPING = -6.0
"""Bits from which a pair is kept: below it is nobody's match, nor worth counting."""


def scored_pairs(
    db: duckdb.DuckDBPyConnection,
    comparisons: Sequence[Comparison],
    weights: Weights,
    worth: float = _WORTH_KEEPING,
    engine: Engine = "duckdb",
    own: Sequence[str] | None = None,
) -> None:
    """Score all pairs that have a key in common, into the table `PAIRS`; those `worth` so many bits are kept.

    With `own` (comparisons, on DuckDB) the table has more columns: `own`, the bits of these, and for each comparison
    `level_NAME`, the place of its level, the last being 0 and -1 standing for nothing to compare.
    """
    if engine == "spark":
        from servery.guests.matching.spark import scored_on_spark

        scored_on_spark(db, comparisons, weights, worth)
        return
    splink = linker(db, comparisons, weights, in_detail=own is not None)
    for column, shares in weights.frequencies.items():
        _tell_frequencies(db, splink, column, shares, weights.floors[column])
    found = splink.inference.predict(threshold_match_weight=worth)
    detail = _detail(comparisons, weights, own)
    prior = math.log2(weights.prior / (1 - weights.prior))
    db.execute(
        f"create or replace table {PAIRS} as select least(id_l, id_r) as one, greatest(id_l, id_r) as other, "
        f"match_weight - {prior!r} as bits, match_probability as probability{detail} from {found.physical_name}"
    ).fetchall()
    found.drop_table_from_database_and_remove_from_cache()
    splink.table_management.invalidate_cache()  # type: ignore[no-untyped-call]


def _detail(comparisons: Sequence[Comparison], weights: Weights, own: Sequence[str] | None) -> str:
    if own is None:
        return ""
    told = [each for each in comparisons if each.name in own]
    factors = [f"bf_{each.name}" for each in told]
    factors += [
        f"bf_tf_adj_{each.name}"
        for each in told
        if any(level.frequency in weights.frequencies for level in each.levels)
    ]
    bits = " + ".join(f"log2({factor})" for factor in factors) or "0"
    levels = ", ".join(f"gamma_{each.name}::tinyint as level_{each.name}" for each in comparisons)
    return f", {bits} as own, {levels}"


def _tell_frequencies(
    db: duckdb.DuckDBPyConnection, splink: object, column: str, shares: dict[str, float], floor: float
) -> None:
    """Let Splink weigh values by our frequencies, so that a score there is the score here."""
    import pandas

    shown = pandas.DataFrame({"value": list(shares), "share": list(shares.values())})
    db.register("shares", shown)
    table = f"shares_of_{column}"
    db.execute(
        f"create or replace table {table} as select {column}, coalesce(share, {floor!r})::double as tf_{column} "
        f"from (select distinct {column} from {RECORDS} where {column} is not null) "
        f"left join shares on value = {column}"
    ).fetchall()
    db.unregister("shares")
    splink.table_management.register_term_frequency_lookup(table, column, overwrite=True)  # type: ignore[attr-defined]


def expected(db: duckdb.DuckDBPyConnection, records: int) -> float:
    """How likely two records are one person, by which prior and scores agree."""
    ((every,),) = db.execute(f"select list(bits) from {PAIRS}").fetchall()
    import numpy

    odds = numpy.exp2(numpy.minimum(numpy.array(every or [], dtype=float), 300))
    pairs = records * (records - 1) / 2
    prior = 1 / max(records, 2)
    for _ in range(30):
        each = odds * prior / (1 - prior)
        prior = min(max(float((each / (1 + each)).sum()) / pairs, 1e-12), 0.5)
    return prior
