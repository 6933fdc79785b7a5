"""What a score adds to what the exact keys decided: it joins, it asks a person, or it says nothing. Pure.

A score joins only what the guards let pass: names that can be one person's, something that few others have the same,
no birthday against it, and one guest alone that comes into question. All else that is likely is asked.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from servery.guests.matching.score import Scored
from servery.guests.matching.weights import Weights
from servery.guests.names import agreement
from servery.guests.resolve import Decision, Index, Known, bound

_ASKED_AT_ONCE = 3
"""Guests that a person is asked about for one record."""
_TELLING = {("email", "same"), ("phone", "same"), ("loyalty", "same"), ("birthday", "same")}
"""What few others have: without one of these the same, two records are never joined unasked."""
_GIVEN = {"same", "crossed", "first", "nickname"}
_FAMILY = {"same", "crossed", "part"}


class Like(Struct, frozen=True):
    """Another record that is like the arrived one, and how much."""

    id: int
    scored: Scored

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
        if guest not in taken and not index.are_apart([record, *_home(record, index)], index.of_guest(guest, record.id))
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
    return index.of_guest(record.guest_id, record.id) if record.guest_id is not None else []


def _is_safe(record: Known, guest: int, like: Like, likes: Iterable[Like], index: Index) -> bool:
    if not any((one.comparison, one.level) in _TELLING for one in like.scored.reasons):
        return False
    by_id = {one.id: one for one in likes}
    cluster = bound(index.of_guest(guest, record.id))
    return all(_can_be_one(record, other, by_id.get(other.id)) for other in cluster)


def _can_be_one(record: Known, other: Known, like: Like | None) -> bool:
    if like is not None:
        if like.level("birthday") == "other":
            return False
        if like.level("given") in _GIVEN and like.level("family") in _FAMILY:
            return True
    return agreement(record.name, other.name) not in ("apart", "unknown")


def _joined(record: Known, guest: int, like: Like) -> Decision:
    home = record.guest_id
    found = Decision(record.id, guest, "likeness", beside=like.id, scored=like.scored)
    if home is None:
        return found
    oldest, younger = sorted((home, guest))
    return structs.replace(found, guest_id=oldest, absorbs=(younger,))
