"""From scored pairs to people: records are put together while the evidence between the two sides, on the mean, says so.

Plain connected components let one wrong pair join two people and all that is theirs. Here every pair between two
groups has a say: a wrong pair between two groups of ten stands against ninety-nine that say no. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

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


class _Between(Struct):
    """The evidence between two groups: its sum, and of how many pairs."""

    bits: float
    pairs: int


def clusters(pairs: Iterable[Pair]) -> Iterator[list[int]]:
    """Groups of two and more records that are one person, by their ids; what is in no group stands alone."""
    listed = [(one, other, _heard(bits)) for one, other, bits in pairs]
    leader = _components(listed)
    inside: dict[int, list[Pair]] = defaultdict(list)
    for one, other, bits in listed:
        if one in leader and other in leader and (group := _lead(leader, one)) == _lead(leader, other):
            inside[group].append((one, other, bits))
    for together in inside.values():
        yield from _joined(together)


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


def _joined(pairs: list[Pair]) -> Iterator[list[int]]:
    if len(pairs) == 1:
        one, other, _ = pairs[0]
        yield [one, other]
        return
    groups = _Groups(pairs)
    while (closest := groups.closest()) is not None:
        groups.join(*closest)
    yield from (members for members in groups.members.values() if len(members) > 1)


class _Groups:
    """Records in groups, with the evidence between each two groups that any evidence is seen between."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.members: dict[int, list[int]] = {}
        self._between: dict[int, dict[int, _Between]] = defaultdict(dict)
        for one, other, bits in pairs:
            self.members[one], self.members[other] = [one], [other]
            before = self._between[one].get(other)
            between = _Between(bits + (before.bits if before else 0.0), 1)
            self._between[one][other] = self._between[other][one] = between
        self._next = max(self.members) + 1
        self._heap = [
            (-between.bits, one, other)
            for one, others in self._between.items()
            for other, between in others.items()
            if one < other and between.bits > 0
        ]
        heapify(self._heap)

    def closest(self) -> tuple[int, int] | None:
        """The two groups with the strongest evidence for being one; None when none is left."""
        while self._heap:
            _, one, other = heappop(self._heap)
            if one in self.members and other in self.members:
                return one, other
        return None

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        new, self._next = self._next, self._next + 1
        self.members[new] = self.members.pop(one) + self.members.pop(other)
        left, right = self._between.pop(one), self._between.pop(other)
        for group in {*left, *right} - {one, other}:
            both = [each for side in (left, right) if (each := side.get(group)) is not None]
            between = _Between(sum(each.bits for each in both), sum(each.pairs for each in both))
            for side in (one, other):
                self._between[group].pop(side, None)
            self._between[group][new] = self._between[new][group] = between
            mean = self._mean(between, len(self.members[group]) * len(self.members[new]))
            if mean > 0:
                heappush(self._heap, (-mean, new, group))

    @staticmethod
    def _mean(between: _Between, every: int) -> float:
        return (between.bits + UNSEEN * (every - between.pairs)) / every
