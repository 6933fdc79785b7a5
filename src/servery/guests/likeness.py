"""What a score adds to what the exact keys decided: it joins, it asks a person, or it says nothing. Pure.

A score joins only what the guards let pass: names that can be one person's, something that few others have the same,
no birthday against it, and one guest alone that comes into question. All else that is likely is asked. A birthday is
no such thing by itself: twins have one, and among many of one name some share it by chance.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from servery.guests.matching.guard import is_named_so, may_be_one, telling
from servery.guests.matching.score import Scored
from servery.guests.matching.weights import Weights
from servery.guests.names import agreement
from servery.guests.resolve import Decision, Index, Known, is_stranger
from servery.guests.titles import opposed

_ASKED_AT_ONCE = 3
"""Guests that a person is asked about for one record."""


class Like(Struct, frozen=True):
    """Another record that is like the arrived one, and how much."""

    id: int
    scored: Scored
    born_on: str | None = None
    """Month and day of the arrived record, as four digits."""

    def level(self, comparison: str) -> str | None:
        """How the two agree in one comparison; None where either says nothing."""
        return next((one.level for one in self.scored.reasons if one.comparison == comparison), None)


class Weighed(Struct, frozen=True):
    """What is decided, and which records a person is to be asked about."""

    decision: Decision
    asks: tuple[Like, ...] = ()


def weigh(record: Known, decision: Decision, likes: Sequence[Like], index: Index, weights: Weights) -> Weighed:
    """Let the score speak where the keys said nothing, and object where they were too quick."""
    if record.one_time:
        return Weighed(decision)
    if _objected(decision, record, likes):
        decision = Decision(record.id, record.guest_id)
    taken = {decision.guest_id, *decision.absorbs}
    likely = {
        guest: like
        for guest, like in _best_by_guest(likes, index).items()
        if guest not in taken
        and not index.are_apart([record, *_home(record, index)], index.of_guest(guest, record.id))
        and not opposed(record.name, _name_of(like, index))
    }
    same = [
        guest
        for guest, like in likely.items()
        if weights.outcome(like.scored.probability) == "same" and _is_safe(record, guest, like, likes, index)
    ]
    if decision.by is None and len(same) == 1 and not _home(record, index):
        decision = _joined(record, same[0], likely.pop(same[0]))
    asks = [one for one in likely.values() if weights.outcome(one.scored.probability) != "different"]
    asks.sort(key=lambda one: -one.scored.probability)
    return Weighed(decision, tuple(asks[:_ASKED_AT_ONCE]))


def _objected(decision: Decision, record: Known, likes: Iterable[Like]) -> bool:
    """Whether a record would join by a contact of somebody who was born on another day: father and son."""
    joins = decision.guest_id is not None and decision.guest_id != record.guest_id
    beside = next((one for one in likes if one.id == decision.beside), None)
    return joins and beside is not None and beside.level("birthday") == "other"


def _best_by_guest(likes: Iterable[Like], index: Index) -> dict[int, Like]:
    best: dict[int, Like] = {}
    for like in sorted(likes, key=lambda one: (-one.scored.probability, one.id)):
        other = index.now(like.id)
        if other is not None and other.guest_id is not None and not other.one_time:
            best.setdefault(other.guest_id, like)
    return best


def _home(record: Known, index: Index) -> list[Known]:
    """The other records of the guest that a record is in already."""
    found = index.of_guest(record.guest_id, record.id) if record.guest_id is not None else []
    return [one for one in found if not one.said]


def _name_of(like: Like, index: Index) -> str | None:
    other = index.now(like.id)
    return other.name if other is not None else None


def _is_safe(record: Known, guest: int, like: Like, likes: Iterable[Like], index: Index) -> bool:
    cluster = index.of_guest(guest, record.id)
    shared = _telling(like)
    if not shared or not is_named_so(record.name, _name_of(like, index), shared) or is_stranger(record, cluster):
        return False
    by_id = {one.id: one for one in likes}
    return all(_can_be_one(record, other, by_id.get(other.id), shared) for other in cluster if not other.said)


def _telling(like: Like) -> set[str]:
    return telling({one.comparison: one.level for one in like.scored.reasons}, like.born_on)


def _can_be_one(record: Known, other: Known, like: Like | None, shared: set[str]) -> bool:
    if like is not None and like.level("birthday") == "other":
        return False
    agreed = agreement(record.name, other.name)
    return other.settled or (agreed != "unknown" and may_be_one(agreed, shared))


def _joined(record: Known, guest: int, like: Like) -> Decision:
    home = record.guest_id
    found = Decision(record.id, guest, "likeness", beside=like.id, scored=like.scored)
    if home is None:
        return found
    oldest, younger = sorted((home, guest))
    return structs.replace(found, guest_id=oldest, absorbs=(younger,))
