"""A list of people resolved by itself: nothing stored, no labels, no settings. Loaded only where a run needs it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import prod

import duckdb
import pandas
from msgspec import Struct

from servery.guests.matching.cluster import ALWAYS, Pair, clusters
from servery.guests.matching.engine import RECORDS, duck
from servery.guests.matching.few import guarded
from servery.guests.matching.households import OWN, weighed
from servery.guests.matching.pairs import scored_pairs
from servery.guests.matching.relatives import Relatives
from servery.guests.matching.sheet import FEW, Sheet
from servery.guests.matching.train import train
from servery.guests.matching.weights import Weights

Step = Callable[[str], None]

_LARGEST_BLOCK = 60
"""Records that may share a key and still be looked at pair by pair: what more than these share tells little."""
_PRECISION = 0.997
"""How many of the pairs made are right by their own evidence. Fewer false ones than a list is allowed (5 in 1,000),
because evidence takes the columns to be independent, and they never quite are."""
_OWN = ("email", "phone", "loyalty", "birthday")
"""What somebody has to themselves, or nearly."""
_MOST_KEYS = 30_000_000
"""Keys of all records together."""


class Resolved(Struct, frozen=True):
    """For each row the number of its person, counted from 1 in the order of the rows; and the weights learnt."""

    people: list[int]
    weights: Weights | None


def resolve(sheet: Sheet, step: Step = lambda _: None) -> Resolved:
    """Say which rows are one person. `step` is told in English what is being done."""
    pairs, weights = _weighed(sheet, step) if len(sheet.rows) > 1 and sheet.comparisons else ([], None)
    if weights is None or weights.records < FEW:
        pairs = list(guarded([*pairs, *_equal(sheet)], sheet))
    return Resolved(_numbered(len(sheet.rows), clusters(pairs, _PRECISION, Relatives(sheet))), weights)


def _weighed(sheet: Sheet, step: Step) -> tuple[list[Pair], Weights]:
    with duck() as db:
        step("Preparing")
        _tabled(db, sheet)
        step("Learning the weights")
        weights = train(db, sheet.comparisons)
        step("Scoring pairs")
        scored_pairs(db, sheet.comparisons, weights, own=OWN)
        step("Putting people together")
        return list(weighed(db, sheet.comparisons, weights)), weights


def _equal(sheet: Sheet) -> Iterator[Pair]:
    """Rows of which one says to the letter what the other does, and more than a name: what all say teaches nothing."""
    first: dict[tuple[str | None, ...], int] = {}
    for number, row in enumerate(sheet.rows):
        before = first.setdefault(tuple(row.values()), number)
        if before != number and any(row[column] for column in _OWN):
            yield before, number, ALWAYS


def _numbered(rows: int, groups: object) -> list[int]:
    first: dict[int, int] = {}
    for group in groups:  # type: ignore[attr-defined]
        first |= dict.fromkeys(group, min(group))
    numbers: dict[int, int] = {}
    return [numbers.setdefault(first.get(row, row), len(numbers) + 1) for row in range(rows)]


def _tabled(db: duckdb.DuckDBPyConnection, sheet: Sheet) -> None:
    columns = list(sheet.rows[0])
    db.register("given", pandas.DataFrame(sheet.rows, columns=columns, dtype=object).reset_index(names="id"))
    said = ", ".join(f"{column}::varchar as {column}" for column in columns)
    db.execute(f"create table told as select id::bigint as id, {said} from given").fetchall()
    db.unregister("given")
    db.execute(
        f"create table keyed as select id, unnest([{', '.join(map(_key, _rules(sheet)))}]) as key from told"
    ).fetchall()
    db.execute(
        "create table shared as select id, list(distinct key) as keys from (select id, key from keyed "
        "where key is not null qualify count(*) over (partition by key) between 2 and "
        f"{_LARGEST_BLOCK}) group by id"
    ).fetchall()
    db.execute(
        f"create table {RECORDS} as select told.*, coalesce(keys, []) as keys from told left join shared using (id)"
    ).fetchall()
    for table in ("told", "keyed", "shared"):
        db.execute(f"drop table {table}").fetchall()


def _key(rule: Sequence[str]) -> str:
    said = " and ".join(f"{column} is not null" for column in rule)
    return f"case when {said} then hash('{' '.join(rule)}', {', '.join(rule)}) end"


def _rules(sheet: Sheet) -> list[tuple[str, ...]]:
    """Each column by itself and each two together, those that tell people apart best first."""
    kinds = {column: len({row[column] for row in sheet.rows}) for column in sheet.keys}
    pairs = sorted(combinations(sheet.keys, 2), key=lambda pair: -prod(kinds[column] for column in pair))
    rules: list[tuple[str, ...]] = [*((column,) for column in sheet.keys), *pairs]
    return rules[: max(len(sheet.keys), _MOST_KEYS // len(sheet.rows))]
