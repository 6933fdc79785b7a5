"""What scores a pair on arrival and what Splink scores a whole base by are one and the same."""

from random import Random

import duckdb
import pandas
import pytest
from msgspec import structs

from servery.guests.habits import Usual, at_usual
from servery.guests.matching.comparisons import COMPARISONS
from servery.guests.matching.engine import RECORDS, duck
from servery.guests.matching.features import COLUMNS, Features, features_of
from servery.guests.matching.pairs import PAIRS, scored_pairs
from servery.guests.matching.score import scored
from servery.guests.matching.train import train
from servery.guests.matching.weights import Weights, shipped
from tests.guests.matching.crowd import crowd

PAIRS_COMPARED = 10_000
CLOSE = 1e-6


@pytest.fixture(scope="module")
def features() -> list[Features]:
    random = Random(2)
    tables = [None, Usual(card="B"), *(Usual(f"1/{table}", visits, "A") for table in range(5) for visits in (2, 3))]
    return [at_usual(features_of(guest), random.choice(tables)) for _, guest in crowd(400)]


def keep(db: duckdb.DuckDBPyConnection, features: list[Features]) -> None:
    """Records in blocks of a hundred: pairs of one person and of two, near and far."""
    rows = pandas.DataFrame([structs.asdict(each) for each in features], columns=list(COLUMNS), dtype=object)
    db.register("given", rows.reset_index(names="id"))
    said = ", ".join(f"{column}::varchar as {column}" for column in COLUMNS)
    db.execute(f"create table {RECORDS} as select id::bigint as id, {said}, [id % 6] as keys from given").fetchall()


def compared(db: duckdb.DuckDBPyConnection, features: list[Features], weights: Weights) -> list[tuple[float, float]]:
    """For many pairs Splink's probability beside ours."""
    scored_pairs(db, COMPARISONS, weights, worth=-1000.0)
    found = db.execute(f"select one, other, probability from {PAIRS} order by one, other").fetchall()
    # Those likely to be one person are few, and all among them.
    found.sort(key=lambda pair: -pair[2])
    chosen = found[:500] + Random(1).sample(found[500:], PAIRS_COMPARED - 500)
    return [(p, scored(features[one], features[other], weights).probability) for one, other, p in chosen]


def test_the_trained_score_is_splinks_to_a_millionth(features: list[Features]):
    with duck() as db:
        keep(db, features)
        weights = train(db, COMPARISONS)
        assert weights.frequencies["family"]
        pairs = compared(db, features, weights)
    assert max(abs(theirs - ours) for theirs, ours in pairs) <= CLOSE


def test_the_shipped_score_is_splinks_to_a_millionth(features: list[Features]):
    with duck() as db:
        keep(db, features)
        pairs = compared(db, features, shipped())
    assert max(abs(theirs - ours) for theirs, ours in pairs) <= CLOSE
