"""Conditions on two records, each written once and read twice: as SQL where a base is run, in Python for one pair.

Columns hold ASCII text or nothing, so that every engine measures the same letters. A condition on a column that one
of the two lacks does not hold, in either reading.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

Columns = Mapping[str, str | None]
"""One record's text by column."""

Engine = Literal["duckdb", "spark"]
_JARO_WINKLER: dict[Engine, str] = {"duckdb": "jaro_winkler_similarity", "spark": "jaro_winkler"}


class Condition(Struct, frozen=True):
    """One condition: its SQL (over `column_l` and `column_r`, in DuckDB's words) and the same as a predicate."""

    sql: str
    holds: Callable[[Columns, Columns], bool]

    def sql_for(self, engine: Engine) -> str:
        """The SQL in an engine's own words."""
        return self.sql.replace(_JARO_WINKLER["duckdb"], _JARO_WINKLER[engine])


def missing(*columns: str) -> Condition:
    """Either record lacks one of these columns."""
    sql = " OR ".join(f"{column}_{side} IS NULL" for column in columns for side in "lr")
    return Condition(sql, lambda one, other: any(one[name] is None or other[name] is None for name in columns))


def same(column: str) -> Condition:
    """Both say the same."""
    return Condition(
        f"{column}_l = {column}_r", lambda one, other: one[column] is not None and one[column] == other[column]
    )


def crossed(column: str, second: str) -> Condition:
    """What one record says in a column the other says in the second, and the other way round."""
    return Condition(
        f"({column}_l = {second}_r AND {second}_l = {column}_r)",
        lambda one, other: (
            None not in (one[column], one[second]) and one[column] == other[second] and one[second] == other[column]
        ),
    )


def strayed(column: str, second: str) -> Condition:
    """One record has nothing in the second column, and in the first what the other says in the second."""
    return Condition(
        f"(({column}_l = {second}_r AND {second}_l IS NULL) OR ({column}_r = {second}_l AND {second}_r IS NULL))",
        lambda one, other: _strayed(one, other, column, second) or _strayed(other, one, column, second),
    )


def _strayed(one: Columns, other: Columns, column: str, second: str) -> bool:
    return one[column] is not None and one[column] == other[second] and one[second] is None


def slips(column: str, most: int, *, least: int) -> Condition:
    """At most so many slips of the pen apart (letter wrong, lost, added, or two exchanged), both at least so long."""
    # The measure is dear, so cheaper ones that it implies come first: lengths, then edits without exchanges.
    return Condition(
        f"(length({column}_l) >= {least} AND length({column}_r) >= {least}"
        f" AND abs(length({column}_l) - length({column}_r)) <= {most}{_ends(column) if most == 1 else ''}"
        f" AND levenshtein({column}_l, {column}_r) <= {2 * most}"
        f" AND damerau_levenshtein({column}_l, {column}_r) <= {most})",
        lambda one, other: _slips(one[column], other[column], most, least),
    )


def _ends(column: str) -> str:
    """One slip leaves the first letter or the last where it was, in words of three letters or more."""
    return (
        f" AND (substr({column}_l, 1, 1) = substr({column}_r, 1, 1)"
        f" OR substr({column}_l, length({column}_l), 1) = substr({column}_r, length({column}_r), 1))"
    )


def _slips(one: str | None, other: str | None, most: int, least: int) -> bool:
    if one is None or other is None or min(len(one), len(other)) < least:
        return False
    return DamerauLevenshtein.distance(one, other, score_cutoff=most) <= most


def alike(column: str, similarity: float) -> Condition:
    """At least so similar by Jaro and Winkler, from 0 to 1."""
    return Condition(
        f"jaro_winkler_similarity({column}_l, {column}_r) >= {similarity}",
        lambda one, other: _alike(one[column], other[column], similarity),
    )


def _alike(one: str | None, other: str | None, similarity: float) -> bool:
    return one is not None and other is not None and JaroWinkler.similarity(one, other) >= similarity


def initial(column: str) -> Condition:
    """One says no more than the other's first letter."""
    return Condition(
        f"((length({column}_l) = 1 OR length({column}_r) = 1) AND substr({column}_l, 1, 1) = substr({column}_r, 1, 1))",
        lambda one, other: _initial(one[column], other[column]),
    )


def _initial(one: str | None, other: str | None) -> bool:
    return bool(one and other) and 1 in (len(one), len(other)) and one[0] == other[0]  # type: ignore[arg-type,index]


def lacks(column: str) -> Condition:
    """At least one of the two says nothing here."""
    return Condition(f"({column}_l IS NULL OR {column}_r IS NULL)", missing(column).holds)


def told(column: str) -> Condition:
    """Both say something here."""
    return Condition(
        f"({column}_l IS NOT NULL AND {column}_r IS NOT NULL)",
        lambda one, other: one[column] is not None and other[column] is not None,
    )


def either(*conditions: Condition) -> Condition:
    """At least one of them holds."""
    return Condition(
        "(" + " OR ".join(each.sql for each in conditions) + ")",
        lambda one, other: any(each.holds(one, other) for each in conditions),
    )


def both(*conditions: Condition) -> Condition:
    """All of them hold."""
    return Condition(
        "(" + " AND ".join(each.sql for each in conditions) + ")",
        lambda one, other: all(each.holds(one, other) for each in conditions),
    )


def without(*conditions: Condition) -> Condition:
    """None of them holds."""
    return Condition(
        "(" + " AND ".join(f"coalesce(NOT {each.sql}, true)" for each in conditions) + ")",
        lambda one, other: not any(each.holds(one, other) for each in conditions),
    )
