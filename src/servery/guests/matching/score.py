"""The score of two records: prior odds times the odds of each comparison's level, after Fellegi and Sunter. Pure.

The same as Splink's `match_probability`, term frequencies included.
"""

import math

from msgspec import Struct

from servery.guests.matching.comparisons import COMPARISONS, Comparison, Level
from servery.guests.matching.conditions import Columns
from servery.guests.matching.features import Features
from servery.guests.matching.weights import Weights

_CERTAIN = 1e300
"""Odds beyond which a probability is 1 to every digit kept."""


class Reason(Struct, frozen=True):
    """One comparison's part in a score: how the two agree there, and what that says in bits (above 0: one person)."""

    comparison: str
    level: str
    weight: float


class Scored(Struct, frozen=True):
    """How likely two records are one person, and why: the strongest reason first, whichever way it speaks."""

    probability: float
    reasons: tuple[Reason, ...]


def scored(one: Features, other: Features, weights: Weights) -> Scored:
    """Compare two records of guests."""
    return scored_by(one.columns(), other.columns(), weights, COMPARISONS)


def scored_by(one: Columns, other: Columns, weights: Weights, comparisons: tuple[Comparison, ...]) -> Scored:
    """Compare two records by these comparisons."""
    reasons = [
        Reason(each.name, found.name, _weight(each, found, one, other, weights))
        for each in comparisons
        if (found := each.found(one, other)) is not None
    ]
    bits = math.log2(weights.prior / (1 - weights.prior)) + sum(reason.weight for reason in reasons)
    odds = min(2.0 ** min(bits, 1000.0), _CERTAIN)
    return Scored(odds / (1 + odds), tuple(sorted(reasons, key=lambda reason: -abs(reason.weight))))


def _weight(comparison: Comparison, level: Level, one: Columns, other: Columns, weights: Weights) -> float:
    odds = weights.odds[comparison.name][level.name]
    if level.frequency is None:
        return odds.weight
    said = [
        share
        for record in (one, other)
        if (share := weights.frequency(level.frequency, record[level.frequency])) is not None
    ]
    # What is shared by few says more than the level does on the whole, what is shared by many less.
    return odds.weight + (math.log2(odds.u / max(said)) if said else 0.0)
