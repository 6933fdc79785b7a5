"""From scored pairs to people: records are put together while the evidence between the two sides, on the mean, says so.

Plain connected components let one wrong pair join two people and all that is theirs. Here every pair between two
groups has a say: a wrong pair between two groups of ten stands against ninety-nine that say no. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import combinations, product
from typing import Protocol

from msgspec import Struct

Pair = tuple[int, int, float]
"""Two records and the evidence in bits, prior and all: above 0 they are more likely one person than two."""

UNSEEN = -5.0
"""What a pair counts that shares nothing worth looking at: about one in thirty."""
_MOST_SAID = 10.0
"""No pair counts for more than this, either way: one cannot shout down all others."""
NEVER = -1e9
"""The evidence of a pair that somebody said are two people."""
ALWAYS = 1e6
"""The evidence of a pair that somebody said are one."""
_TORN = 8.0
"""By so many bits a record must be likelier of one than of another where those are two people: 255 in 256."""


class Guard(Protocol):
    """What holds against joining, whatever the evidence."""

    def are_two(self, ones: Sequence[int], others: Sequence[int]) -> bool:
        """Whether records of one person and records of one are two people's."""

    def is_vague(self, record: int) -> bool:
        """Whether a record lacks something by which two people may be told apart."""

    def cannot_tell(self, record: int, one: int, other: int) -> bool:
        """Whether a record lacks all by which two others are two people."""


class _Between(Struct):
    """The evidence between two groups: its sum, of how many pairs, and what the surest of them says."""

    bits: float
    pairs: int
    best: float


class _Join(Struct, frozen=True):
    """Two groups put together, each by one of its records: how sure that is, and how many pairs it makes."""

    bits: float
    one: int
    other: int
    pairs: int


def clusters(pairs: Iterable[Pair], precision: float | None = None, guard: Guard | None = None) -> Iterator[list[int]]:
    """Groups of two and more records that are one person, by their ids; what is in no group stands alone.

    With a `precision` the joins stop, the least sure first, where by their own evidence more than the rest of all
    pairs made would be false. No group has two records that by the `guard` are two people, through a third no more than
    by themselves; and what may as well be of one of them as of the other is left alone.
    """
    listed = list(pairs)
    leader = _components(listed)
    inside: dict[int, list[Pair]] = defaultdict(list)
    for one, other, bits in listed:
        if one in leader and other in leader and (group := _lead(leader, one)) == _lead(leader, other):
            inside[group].append((one, other, bits))
    joins = [join for together in inside.values() for join in _joined(together, guard)]
    yield from _grouped(joins if precision is None else _sure(joins, precision))


def _sure(joins: Iterable[_Join], precision: float) -> Sequence[_Join]:
    """The surest joins, as many as keep the share of false pairs to be expected within what is allowed."""
    surest = sorted(joins, key=lambda join: -join.bits)
    made, false, kept = 0, 0.0, 0
    for number, join in enumerate(surest, start=1):
        made += join.pairs
        false += join.pairs / (1 + 2.0 ** min(join.bits, 1000.0))
        if false <= (1 - precision) * made:
            kept = number
    return surest[:kept]


def _grouped(joins: Iterable[_Join]) -> Iterator[list[int]]:
    leader: dict[int, int] = {}
    for join in joins:
        leader[_lead(leader, join.one)] = _lead(leader, join.other)
    groups: dict[int, list[int]] = defaultdict(list)
    for record in leader:
        groups[_lead(leader, record)].append(record)
    yield from groups.values()


def _heard(bits: float) -> float:
    return bits if bits in (NEVER, ALWAYS) else max(min(bits, _MOST_SAID), -_MOST_SAID)


def _components(pairs: Iterable[Pair]) -> dict[int, int]:
    leader: dict[int, int] = {}
    for one, other, bits in pairs:
        if bits > 0:
            leader[_lead(leader, one)] = _lead(leader, other)
    return leader


def _lead(leader: dict[int, int], record: int) -> int:
    while (above := leader.setdefault(record, record)) != record:
        leader[record] = leader[above]
        record = above
    return record


def _joined(pairs: list[Pair], guard: Guard | None) -> Iterator[_Join]:
    if len(pairs) == 1:
        one, other, bits = pairs[0]
        if guard is None or not guard.are_two((one,), (other,)):
            yield _Join(bits, one, other, 1)
        return
    groups = _Groups(pairs, guard)
    while (closest := groups.closest()) is not None:
        yield groups.join(*closest)


class _Group(Struct, frozen=True):
    """Records put together, and the least evidence on which they were."""

    records: tuple[int, ...]
    bits: float


class _Groups:
    """Records in groups, with the evidence between each two groups that any evidence is seen between."""

    def __init__(self, pairs: Iterable[Pair], guard: Guard | None) -> None:
        self._guard = guard
        self._groups: dict[int, _Group] = {}
        self._between: dict[int, dict[int, _Between]] = defaultdict(dict)
        for one, other, bits in pairs:
            self._groups[one], self._groups[other] = _Group((one,), ALWAYS), _Group((other,), ALWAYS)
            before = self._between[one].get(other)
            sum_before, best_before = (before.bits, before.best) if before else (0.0, bits)
            between = _Between(_heard(bits) + sum_before, 1, max(bits, best_before))
            self._between[one][other] = self._between[other][one] = between
        self._next = max(self._groups) + 1
        self._heap = [
            (-between.bits, one, other)
            for one, others in self._between.items()
            for other, between in others.items()
            if one < other and between.bits > 0
        ]
        heapify(self._heap)

    def closest(self) -> tuple[int, int] | None:
        """The two groups with the strongest evidence for being one that may be; None when none is left."""
        while self._heap:
            _, one, other = heappop(self._heap)
            if one in self._groups and other in self._groups and self._may_be_one(one, other):
                return one, other
        return None

    def join(self, one: int, other: int) -> _Join:
        """Make one group of two: as sure as the surest pair between them, and no surer than what they are made of."""
        new, self._next = self._next, self._next + 1
        left, right = self._groups.pop(one), self._groups.pop(other)
        least = min(self._between[one][other].best, left.bits, right.bits)
        self._groups[new] = _Group(left.records + right.records, least)
        self._weigh(one, other, new)
        return _Join(least, left.records[0], right.records[0], len(left.records) * len(right.records))

    def _may_be_one(self, one: int, other: int) -> bool:
        if self._guard is None:
            return True
        guard = self._guard
        return not (
            self._are_two(one, other, guard) or self._is_torn(one, other, guard) or self._is_torn(other, one, guard)
        )

    def _are_two(self, one: int, other: int, guard: Guard) -> bool:
        return guard.are_two(self._groups[one].records, self._groups[other].records)

    def _is_torn(self, one: int, other: int, guard: Guard) -> bool:
        """Whether `one` may be of `other` or of a third alike, and lacks that by which two of those are not one."""
        torn = self._groups[one].records
        if not all(map(guard.is_vague, torn)):
            return False
        least = max(self._between[one][other].best - _TORN, 0.0)
        likely = [group for group, between in self._between[one].items() if between.best > least]
        mine = [self._groups[group].records for group in likely if not self._are_two(one, group, guard)]
        return any(
            guard.are_two((left,), (right,)) and all(guard.cannot_tell(record, left, right) for record in torn)
            for some, others in combinations(mine, 2)
            for left, right in product(some, others)
        )

    def _weigh(self, one: int, other: int, new: int) -> None:
        left, right = self._between.pop(one), self._between.pop(other)
        for group in {*left, *right} - {one, other}:
            both = [each for side in (left, right) if (each := side.get(group)) is not None]
            between = _Between(
                sum(each.bits for each in both), sum(each.pairs for each in both), max(each.best for each in both)
            )
            for side in (one, other):
                self._between[group].pop(side, None)
            self._between[group][new] = self._between[new][group] = between
            mean = self._mean(between, len(self._groups[new].records) * len(self._groups[group].records))
            if mean > 0:
                heappush(self._heap, (-mean, new, group))

    @staticmethod
    def _mean(between: _Between, every: int) -> float:
        return (between.bits + UNSEEN * (every - between.pairs)) / every
