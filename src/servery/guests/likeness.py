"""What a score adds to what the exact keys decided: it joins, it asks a person, or it says nothing. Pure.

A score joins only what the guards let pass: names that can be one person's, something that few others have the same,
no birthday against it, and one guest alone that comes into question. All else that is likely is asked. A birthday is
no such thing by itself: twins have one, and among many of one name some share it by chance.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from servery.guests.born import born
from servery.guests.matching.guard import asked, behind, is_named_so, is_named_whole, may_be_one, telling, within_house
from servery.guests.matching.score import Scored
from servery.guests.matching.weights import Weights
from servery.guests.names import agreement
from servery.guests.resolve import Decision, Index, Known, houses_of, is_born_otherwise, is_stranger, is_torn
from servery.guests.titles import opposed

_ASKED_AT_ONCE = 3
"""Guests that a person is asked about for one record."""


class Like(Struct, frozen=True):
    """Another record that is like the arrived one, and how much."""

    id: int
    scored: Scored
    born_on: str | None = None
    """Month and day of the arrived record, as four digits."""


class Weighed(Struct, frozen=True):
    """What is decided, and which records a person is to be asked about."""

    decision: Decision
    asks: tuple[Like, ...] = ()


def weigh(record: Known, decision: Decision, likes: Sequence[Like], index: Index, weights: Weights) -> Weighed:
    """Let the score speak where the keys said nothing."""
    if record.one_time:
        return Weighed(decision)
    likes = _asked(record, [one for one in likes if not _is_different(one, weights)], index)
    taken = {decision.guest_id, *decision.absorbs}
    likely = {
        guest: like
        for guest, like in _best_by_guest(likes, index).items()
        if guest not in taken
        and not index.are_apart([record, *_home(record, index)], index.of_guest(guest, record.id))
        and not opposed(record.name, _name_of(like, index))
    }
    safe = [guest for guest, like in likely.items() if _is_safe(record, guest, like, index)]
    is_sure = len(safe) == 1 and weights.outcome(likely[safe[0]].scored.probability) == "same"
    if is_sure and decision.by is None and not _home(record, index):
        decision = _joined(record, safe[0], likely.pop(safe[0]))
    asks = sorted(likely.values(), key=lambda one: -one.scored.probability)
    return Weighed(decision, tuple(asks[:_ASKED_AT_ONCE]))


def _is_different(like: Like, weights: Weights) -> bool:
    return weights.outcome(like.scored.probability) == "different"


def _asked(record: Known, likes: Iterable[Like], index: Index) -> list[Like]:
    """What a person is asked of these, the likeliest first: nothing of two people of one house.

    And little of a guest in whom one of them is.
    """
    told = []
    for one in likes:
        other = index.now(one.id)
        name, day = (other.name, other.born) if other else (None, None)
        if (scored := asked(record.name, name, one.scored, born(record.born, day))) is not None:
            told.append((scored, one, other.guest_id if other else None))
    told.sort(key=lambda each: (-each[0].probability, -each[1].scored.probability, each[1].id))
    others = _of_others(record, {guest for *_, guest in told if guest is not None}, index)
    return [structs.replace(one, scored=behind(scored) if guest in others else scored) for scored, one, guest in told]


def _of_others(record: Known, guests: Iterable[int], index: Index) -> set[int]:
    """Guests in whom a record is that is plainly not this one's person, by a given name or a birthday."""
    clusters = {guest: index.of_guest(guest, record.id) for guest in guests}
    return {
        guest
        for guest, cluster in clusters.items()
        if is_born_otherwise(record, cluster)
        or (is_stranger(record, cluster) and any(agreement(record.name, one.name) != "apart" for one in cluster))
    }


def _best_by_guest(likes: Iterable[Like], index: Index) -> dict[int, Like]:
    best: dict[int, Like] = {}
    for like in sorted(likes, key=lambda one: -one.scored.probability):
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


def _is_safe(record: Known, guest: int, like: Like, index: Index) -> bool:
    cluster, name = index.of_guest(guest, record.id), _name_of(like, index)
    shared = _outside(_telling(like), record, name, index)
    if not shared or not is_named_so(record.name, name, shared):
        return False
    if is_stranger(record, cluster) or is_born_otherwise(record, cluster) or is_torn(record, cluster, index):
        return False
    return all(other.settled or _can_be_one(record, other, shared) for other in cluster if not other.said)


def _telling(like: Like) -> set[str]:
    return telling({one.comparison: one.level for one in like.scored.reasons}, like.born_on)


def _outside(shared: set[str], record: Known, name: str | None, index: Index) -> set[str]:
    """What is telling of a name: of one that is not the whole name again, nothing that is several people's."""
    if not shared or is_named_whole(record.name, name):
        return shared
    houses = houses_of(record, index)
    return within_house(shared, {kind for kind in record.keys._fields if getattr(record.keys, kind) in houses})


def _can_be_one(record: Known, other: Known, shared: set[str]) -> bool:
    agreed = agreement(record.name, other.name)
    return agreed != "unknown" and may_be_one(agreed, shared)


def _joined(record: Known, guest: int, like: Like) -> Decision:
    home = record.guest_id
    found = Decision(record.id, guest, "likeness", beside=like.id, scored=like.scored)
    if home is None:
        return found
    oldest, younger = sorted((home, guest))
    return structs.replace(found, guest_id=oldest, absorbs=(younger,))
