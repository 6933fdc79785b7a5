"""Weights learnt from the records themselves, without labels: Splink's expectation maximisation, and what guards it.

Splink takes pairs drawn at random for pairs of two people. In a list full of duplicates they are not, and what one
person says twice would pass for chance. So the share of matches is estimated from the scores, taken out of what the
random pairs agree on and out of the term frequencies, and the training goes once more.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import duckdb
from msgspec import Struct, structs

from servery.guests.matching.comparisons import Comparison
from servery.guests.matching.engine import RECORDS, linker, whole
from servery.guests.matching.pairs import expected, scored_pairs
from servery.guests.matching.sheet import FEW
from servery.guests.matching.weights import Odds, Weights, shipped

Shares = dict[str, dict[str, float]]
"""By comparison and level."""

_SAMPLE = 1_000_000
"""Pairs drawn at random to see how often two people agree by chance."""
_SEED = 11
_LEAST, _MOST = 30, 2_000_000
"""Pairs from which expectation maximisation learns in one session."""
_SESSIONS = 3
_ROUNDS = 2
_THOUGHT = 0.03
"""How much the first assumptions count beside what is seen."""
_UNSEEN = 1e-9
"""Stands where Splink saw no example."""
_FIRST = {"same": 0.8, "slip": 0.06, "other": 0.06}
_ELSE = 0.02
_CHANCE = 0.01
_THOUGHT_PAIRS = 300
"""For how many pairs the first assumptions of what happens by chance count."""
_HALF = 0.5
"""What was never seen among the pairs drawn is taken to be seen half a time, after Jeffreys: it may yet happen."""
_RAREST = 1e-5
"""No value counts as rarer than this share of the records."""


class Count(Struct, frozen=True):
    """How many records say one value of a column."""

    value: str
    records: int


def train(
    db: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], version: int = 0, least: int = 1
) -> Weights:
    """Learn weights from the table of features, whose `keys` tell which pairs to score.

    Values that fewer than `least` records say count as rare ones, and are not in the weights.
    """
    records = whole(db, f"select count(*) from {RECORDS}")
    first = {each.name: assumed(each) for each in comparisons}
    weights = Weights(
        version=version,
        trained_at=datetime.now(UTC),
        records=records,
        prior=min(0.1, 1 / max(records, 2)),
        odds={name: {level: Odds(m, _UNSEEN) for level, m in levels.items()} for name, levels in first.items()},
        frequencies={},
        floors={},
    )
    if records < FEW:
        return untrained(weights, comparisons)
    chance, weights = _by_chance(db, comparisons, weights)
    counts = {column: list(_counts(db, column)) for column in frequent(comparisons)}
    rules = training_rules(db, comparisons)
    for _ in range(_ROUNDS):
        weights = structs.replace(weights, odds=_maximised(db, comparisons, weights, rules))
        scored_pairs(db, comparisons, weights)
        weights = bounded(without_matches(weights, chance, counts, expected(db, records), least), comparisons)
    return weights


def bounded(weights: Weights, comparisons: Sequence[Comparison]) -> Weights:
    """The same weights, with no comparison saying more for one person than it may."""
    least = {each.name: 2.0**-each.most for each in comparisons if each.most is not None}
    odds = {
        name: {level: Odds(each.m, max(each.u, each.m * least.get(name, 0.0))) for level, each in levels.items()}
        for name, levels in weights.odds.items()
    }
    return structs.replace(weights, odds=odds)


def untrained(weights: Weights, comparisons: Sequence[Comparison]) -> Weights:
    """The first assumptions, where there is nothing to learn from."""
    odds = {
        each.name: {name: Odds(m, _thought(each)[name]) for name, m in assumed(each).items()} for each in comparisons
    }
    return structs.replace(weights, odds=odds)


def assumed(comparison: Comparison) -> dict[str, float]:
    """How matched pairs are spread over the levels before anything was seen."""
    known = {name: odds.m for name, odds in shipped().odds.get(comparison.name, {}).items()}
    return _spread({level.name: known.get(level.name, _FIRST.get(level.name, _ELSE)) for level in comparison.levels})


def _thought(comparison: Comparison) -> dict[str, float]:
    """How pairs of two people are spread over the levels before anything was seen."""
    known = {name: odds.u for name, odds in shipped().odds.get(comparison.name, {}).items()}
    rest = 1 - _CHANCE * (len(comparison.levels) - 1)
    return _spread(
        {level.name: known.get(level.name, rest if level.condition is None else _CHANCE) for level in comparison.levels}
    )


def _spread(raw: Mapping[str, float]) -> dict[str, float]:
    return {name: each / sum(raw.values()) for name, each in raw.items()}


def frequent(comparisons: Sequence[Comparison]) -> list[str]:
    """The columns whose term frequencies count."""
    return list(dict.fromkeys(level.frequency for each in comparisons for level in each.levels if level.frequency))


def _by_chance(
    db: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], weights: Weights
) -> tuple[Shares, Weights]:
    splink = linker(db, comparisons, weights)
    splink.training.estimate_u_using_random_sampling(max_pairs=_SAMPLE, seed=_SEED)
    drawn = _drawn(weights.records)
    model = _model(splink)
    chance = {each.name: _chance(model[each.name], _thought(each), drawn) for each in comparisons}
    odds = {
        name: {level: Odds(each.m, chance[name][level]) for level, each in levels.items()}
        for name, levels in weights.odds.items()
    }
    return chance, structs.replace(weights, odds=odds)


def _chance(model: Mapping[str, Mapping[str, object]], thought: Mapping[str, float], drawn: float) -> dict[str, float]:
    seen = {name: _number(model[name].get("u_probability")) for name in thought}
    share = _THOUGHT_PAIRS / (_THOUGHT_PAIRS + drawn) if sum(seen.values()) > 0 else 1.0
    return _spread({name: share * thought[name] + (1 - share) * seen[name] + _HALF / drawn for name in thought})


def _drawn(records: int) -> float:
    return min(_SAMPLE, records * (records - 1) / 2)


def _maximised(
    db: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], weights: Weights, rules: Sequence[str]
) -> dict[str, dict[str, Odds]]:
    first = {each.name: assumed(each) for each in comparisons}
    start = {
        name: {level: Odds(first[name][level], each.u) for level, each in levels.items()}
        for name, levels in weights.odds.items()
    }
    splink = linker(db, comparisons, structs.replace(weights, odds=start, frequencies={}))
    for rule in rules:
        splink.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)
    model = _model(splink)
    return {name: _blended(levels, first[name], model[name]) for name, levels in weights.odds.items()}


def _blended(
    levels: Mapping[str, Odds], first: Mapping[str, float], model: Mapping[str, Mapping[str, object]]
) -> dict[str, Odds]:
    found = {name: _number(model[name].get("m_probability")) for name in first}
    # What stands exactly as it was assumed was not seen; where nothing was, the assumption has to do.
    seen = {name: 0.0 if m == first[name] else m for name, m in found.items()}
    share = _THOUGHT if sum(seen.values()) > 0 else 1.0
    ms = {name: share * first[name] + (1 - share) * seen[name] for name in first}
    return {name: Odds(ms[name] / sum(ms.values()), each.u) for name, each in levels.items()}


def _model(splink: Any) -> dict[str, dict[str, dict[str, object]]]:
    return {
        each["output_column_name"]: {
            level["label_for_charts"]: level for level in each["comparison_levels"] if not level.get("is_null_level")
        }
        for each in splink.misc.save_model_to_json()["comparisons"]
    }


def _number(seen: object) -> float:
    return seen if isinstance(seen, float) and seen != _UNSEEN else 0.0


def without_matches(
    weights: Weights, chance: Shares, counts: Mapping[str, Sequence[Count]], prior: float, bearers: int = 1
) -> Weights:
    """The same weights with the matches taken out of what was seen among all pairs and all records."""
    least = _HALF / _drawn(weights.records)
    odds = {
        name: {
            level: Odds(each.m, max(_rest(chance[name][level], each.m * prior), least))
            for level, each in levels.items()
        }
        for name, levels in weights.odds.items()
    }
    again = prior * (weights.records - 1)
    floors, frequencies = {}, {}
    for column, each in counts.items():
        total = sum(count.records for count in each)
        floors[column] = floor = max(min(bearers / max(total, 1), _chance_of(odds, column)), _RAREST)
        shares = {count.value: (count.records - 1 - again) / total for count in each if count.records >= bearers}
        frequencies[column] = {value: share for value, share in shares.items() if share > floor}
    return structs.replace(weights, prior=prior, odds=odds, floors=floors, frequencies=frequencies)


def _rest(seen: float, matches: float) -> float:
    # What is left of a difference of two guesses is never taken to be nothing.
    return max(seen - matches, seen / 50)


def _chance_of(odds: Mapping[str, Mapping[str, Odds]], column: str) -> float:
    return odds[column]["same"].u if column in odds else 1.0


def _counts(db: duckdb.DuckDBPyConnection, column: str) -> Iterator[Count]:
    rows = db.execute(f"select {column}, count(*) from {RECORDS} where {column} is not null group by 1").fetchall()
    return (Count(value, records) for value, records in rows)


def training_rules(db: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison]) -> list[str]:
    """Some ways to find pairs of which a good share are one person, so that each comparison is left free by one."""
    # Who shares a mere habit is seldom one person.
    telling = [each for each in comparisons if each.most is None]
    columns = ["birthday" if each.name == "birthday" else each.column for each in telling]
    rules = [(column,) for column in columns] + list(combinations(columns, 2))
    sized = [(pairs, rule) for rule in rules if _LEAST <= (pairs := _pairs(db, rule)) <= _MOST]
    chosen: list[tuple[str, ...]] = []
    for _, rule in sorted(sized, key=lambda each: (len(each[1]), each[0])):
        new = not any({*rule} & {*before} for before in chosen)
        if len(chosen) < _SESSIONS and new and any(_is_free(each, rule) for each in comparisons):
            chosen.append(rule)
    return [" AND ".join(f"l.{column} = r.{column}" for column in rule) for rule in chosen]


def _is_free(comparison: Comparison, rule: Sequence[str]) -> bool:
    """Whether pairs found by a rule can teach anything about a comparison: not where it looks at the same columns."""
    looked = " ".join(level.condition.sql for level in comparison.levels if level.condition)
    return not any(re.search(rf"\b{column}_l\b", looked) for column in rule)


def _pairs(db: duckdb.DuckDBPyConnection, rule: Sequence[str]) -> int:
    said = " and ".join(f"{column} is not null" for column in rule)
    groups = f"select count(*) as n from {RECORDS} where {said} group by {', '.join(rule)}"
    return whole(db, f"select coalesce(sum(n * (n - 1) // 2), 0) from ({groups})")
