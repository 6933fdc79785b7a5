"""The guard against joining those who live together: what a household shares says nothing of which of them it is.

Brothers agree in family name, street, postcode, place of birth and telephone as one person's records do. A training
that knows one person and two strangers only takes a list full of families for one full of people who change their
given names. So pairs are thought to be of three kinds: of one person, of two strangers, and of two people who are
close. Those who are close agree in what is one's own (given name, birthday) only as strangers do, and in all else as
often as the list itself shows. How often each kind agrees, and how many pairs of each there are, is learnt from the
scored pairs without labels, by expectation maximisation. A pair's evidence is against both other kinds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy
from msgspec import Struct
from numpy.typing import NDArray

from servery.guests.matching.cluster import Pair
from servery.guests.matching.comparisons import Comparison
from servery.guests.matching.pairs import PAIRS
from servery.guests.matching.sheet import FEW
from servery.guests.matching.train import assumed
from servery.guests.matching.weights import Weights

OWN = ("given", "birthday")
"""What people of one house do not share."""
OF_A_HOUSE = frozenset("family email phone street house place postcode city state company table".split())
"""What people of one house, or one firm, may all have the same."""
_AVOIDED = 4.0
"""Names are not given twice in one house: those who are close have the same given name so many times more seldom than
two strangers. Assumed, for it cannot be learnt: a father and a son of one name look like one person."""
_ROUNDS = 30
_CLOSE = 0.5
"""Pairs of people who are close for each pair of one person, before anything was seen."""
_THOUGHT = 10.0
"""For how many pairs it counts that those who are close agree half as one person does, half as strangers do."""
_ASSUMED = 0.03
"""How much the assumptions of how one person agrees with oneself count beside what is seen."""
_MOST = 300.0
"""Bits beyond which nothing is more or less sure."""
_ENOUGH = 500_000
"""Pairs from which the kinds are learnt, drawn at random where there are more."""
_SEED = 5

_NOTHING, _LAST = -1, 0
"""The levels of a comparison where there is nothing to compare, and of what remains: of two different values."""
_YES_OR_NO = 2
"""Levels of what is only the same or not, as a sex is: that is said of half the people."""
_OF_NO_WEIGHT = 0.0
"""Evidence by which nobody is joined; a third record may still join the two."""

Numbers = NDArray[numpy.float64]


class _Compared(Struct):
    """One comparison over all pairs: each pair's level (-1: nothing to compare), and how often each level occurs.

    The tables have a 1 at their end, which is what the level -1 finds.
    """

    levels: NDArray[numpy.int8]
    is_own: bool
    assumed: Numbers
    one: Numbers
    """In pairs of one person."""
    close: Numbers
    """In pairs of two who are close."""
    thought: Numbers

    def of(self, chosen: NDArray[numpy.intp]) -> "_Compared":
        """The same over some of the pairs."""
        return _Compared(self.levels[chosen], self.is_own, self.assumed, self.one, self.close, self.thought)


class _Kinds(Struct):
    """How many pairs of one person there are for each of two strangers, and of two who are close for each of one."""

    one: float
    close: float


def weighed(db: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], weights: Weights) -> list[Pair]:
    """The scored pairs (with `own` and levels), their evidence weighed against strangers and against housemates."""
    found = db.execute(f"select * from {PAIRS}").fetchnumpy()
    bits = numpy.asarray(found["bits"], dtype=float)
    if len(bits) and weights.records >= FEW and any(each.name in OWN for each in comparisons):
        compared = [_compared(each, weights, found[f"level_{each.name}"]) for each in comparisons]
        own = numpy.asarray(found["own"], dtype=float)
        if "level_given" in found:
            own = own + numpy.log2(_AVOIDED) * (found["level_given"] == _same_place(comparisons))
        bits = _against_both(bits, own, compared, weights)
        bits = numpy.where(_are_two(found, comparisons), numpy.minimum(bits, _OF_NO_WEIGHT), bits)
    else:
        bits += numpy.log2(weights.prior / (1 - weights.prior))
    return list(zip(found["one"].tolist(), found["other"].tolist(), bits.tolist(), strict=True))


def _are_two(found: Mapping[str, NDArray[Any]], comparisons: Sequence[Comparison]) -> NDArray[numpy.bool_]:
    """Which pairs have two given names, and nothing in common but what a house shares.

    What the list taught does not count here: where strangers of one name are many, it takes them for those who are
    close, and the close for one person.
    """
    two = numpy.asarray(found.get("level_given", numpy.full(len(found["bits"]), _NOTHING)) == _LAST)
    for each in comparisons:
        if each.name == "birthday":
            two &= found["level_birthday"] <= _LAST
        elif each.name not in OF_A_HOUSE and (each.name == "loyalty" or len(each.levels) > _YES_OR_NO):
            two &= found[f"level_{each.name}"] < len(each.levels) - 1
    return two


def _same_place(comparisons: Sequence[Comparison]) -> int:
    return next(len(each.levels) - 1 for each in comparisons if each.name == "given")


def _compared(comparison: Comparison, weights: Weights, levels: NDArray[numpy.int8]) -> _Compared:
    names = [level.name for level in reversed(comparison.levels)]
    odds = weights.odds[comparison.name]
    one, two = (numpy.array([getattr(odds[name], kind) for name in names]) for kind in ("m", "u"))
    first = numpy.array([assumed(comparison)[name] for name in names])
    is_own = comparison.name in OWN
    thought = (one + two) / 2
    return _Compared(numpy.asarray(levels), is_own, first, _ended(one), _ended(thought), thought)


def _ended(shares: Numbers) -> Numbers:
    return numpy.append(shares, 1.0)


def _against_both(bits: Numbers, own: Numbers, compared: Sequence[_Compared], weights: Weights) -> Numbers:
    """Evidence for one person against strangers and against two who are close."""
    # What the score says but for how often one person agrees: the rest stands, chance and term frequencies.
    chance = bits - sum(numpy.log2(each.one)[each.levels] for each in compared)
    chance_own = own - sum(numpy.log2(each.one)[each.levels] for each in compared if each.is_own)
    for each in compared:
        if each.is_own:
            each.one = _ended(each.assumed)
    kinds = _Kinds(weights.prior, _CLOSE)
    some = numpy.arange(len(bits))
    if len(bits) > _ENOUGH:
        some = numpy.random.default_rng(_SEED).choice(len(bits), _ENOUGH, replace=False)
    learnt = [each.of(some) for each in compared]
    every = weights.records * (weights.records - 1) / 2 * len(some) / len(bits)
    for _ in range(_ROUNDS):
        strangers, close = _odds(chance[some], chance_own[some], learnt, kinds)
        _learn(learnt, kinds, strangers, close, every)
    for whole, each in zip(compared, learnt, strict=True):
        whole.one, whole.close = each.one, each.close
    strangers, close = _odds(chance, chance_own, compared, kinds)
    return numpy.asarray(-numpy.log2(strangers + close), dtype=float)


def _odds(chance: Numbers, own: Numbers, compared: Sequence[_Compared], kinds: _Kinds) -> tuple[Numbers, Numbers]:
    """How much likelier than one person two strangers are, and two who are close, for each pair."""
    strangers = chance + numpy.log2(kinds.one / (1 - kinds.one))
    close = own - numpy.log2(kinds.close)
    for each in compared:
        one = numpy.log2(each.one)[each.levels]
        strangers = strangers + one
        close = close + (one if each.is_own else one - numpy.log2(each.close)[each.levels])
    return _against(strangers), _against(close)


def _against(bits: Numbers) -> Numbers:
    return numpy.asarray(numpy.exp2(numpy.clip(-bits, -_MOST, _MOST)), dtype=float)


def _learn(compared: Sequence[_Compared], kinds: _Kinds, strangers: Numbers, close: Numbers, every: float) -> None:
    one = 1 / (1 + strangers + close)
    share = close * one
    kinds.one = min(max(float(one.sum()) / every, 1e-12), 0.5)
    kinds.close = max(float(share.sum()), 1e-9) / max(float(one.sum()), 1e-9)
    for each in compared:
        seen = _counted(each, one)
        if seen.sum() > 0:
            each.one = _ended(_ASSUMED * each.assumed + (1 - _ASSUMED) * seen / seen.sum())
        if not each.is_own:
            seen = _counted(each, share)
            each.close = _ended((seen + _THOUGHT * each.thought) / (seen.sum() + _THOUGHT))


def _counted(each: _Compared, share: Numbers) -> Numbers:
    # The level -1 is counted first, and left out.
    counted = numpy.bincount(each.levels + 1, weights=share, minlength=len(each.one))
    return numpy.asarray(counted[1:], dtype=float)
