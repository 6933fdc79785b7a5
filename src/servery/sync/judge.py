"""Deciding what a record's newly seen state means beside the one already held. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple, TypeVar

from servery.model.changes import Applied, Change, StateKey, state_key

Verdict = Literal["created", "updated", "refreshed", "unchanged"]
Seen = TypeVar("Seen", bound=Change)


class Held(NamedTuple):
    """The state a row holds."""

    id: int
    revision: int
    digest: bytes


class State(NamedTuple):
    """One seen state: who, how new, and what it says as stored JSON."""

    external_id: str
    revision: int
    digest: bytes
    body: bytes


def state(external_id: str, revision: int, body: bytes) -> State:
    """A seen state with the digest by which equal content is known."""
    return State(external_id, revision, blake2b(body, digest_size=16).digest(), body)


def judge(held: Held | None, seen: State) -> Verdict:
    """What to do with a seen state; an older one than held is as good as unchanged.

    Two states of one revision with different content are ordered by their digest: any rule serves, as long as it does
    not depend on which came first.
    """
    if held is None:
        return "created"
    if seen.digest == held.digest:
        return "refreshed" if seen.revision > held.revision else "unchanged"
    return "updated" if (seen.revision, seen.digest) > (held.revision, held.digest) else "unchanged"


def newest(states: Iterable[tuple[State, Seen]]) -> list[tuple[State, Seen]]:
    """Of several states of one record in one set, the one that would be left after applying all of them."""
    last: dict[str, tuple[State, Seen]] = {}
    for seen, change in states:
        before = last.get(seen.external_id)
        if before is None or (seen.revision, seen.digest) >= (before[0].revision, before[0].digest):
            last[seen.external_id] = (seen, change)
    return list(last.values())


def judged(held: Mapping[str, Held], states: Iterable[tuple[State, Seen]]) -> dict[Verdict, list[tuple[State, Seen]]]:
    """Sort seen states by verdict, each record once."""
    sorted_: dict[Verdict, list[tuple[State, Seen]]] = {"created": [], "updated": [], "refreshed": [], "unchanged": []}
    for seen, change in newest(states):
        sorted_[judge(held.get(seen.external_id), seen)].append((seen, change))
    return sorted_


def revisions(states: Iterable[tuple[State, object]], held: Mapping[str, Held]) -> list[tuple[int, int]]:
    """The revisions of seen states, each with the id of the row that is held."""
    return [(held[seen.external_id].id, seen.revision) for seen, _ in states]


def count(applied: Applied, verdict: Verdict, records: int = 1) -> None:
    """Count what became of so many records."""
    if verdict == "created":
        applied.created += records
    elif verdict == "updated":
        applied.updated += records
    else:
        applied.unchanged += records


def note_all(
    applied: Applied,
    held: Mapping[str, Held],
    states: Sequence[tuple[State, Seen]],
    sorted_: Mapping[Verdict, Sequence[tuple[State, Seen]]],
) -> None:
    """Note what became of records sorted by verdict, and which of the states told of them had a part in it."""
    for verdict, found in sorted_.items():
        count(applied, verdict, len(found))
    changed = {seen.external_id for seen, _ in (*sorted_["created"], *sorted_["updated"])}
    applied.effects |= _effects(held, [each for each in states if each[0].external_id in changed])


def _effects(held: Mapping[str, Held], states: Iterable[tuple[State, Seen]]) -> set[StateKey]:
    """The states that would have changed something, had each been applied by itself in this order."""
    last, found = dict(held), set()
    for seen, change in states:
        before = last.get(seen.external_id)
        verdict = judge(before, seen)
        if verdict != "unchanged":
            last[seen.external_id] = Held(before.id if before else 0, seen.revision, seen.digest)
        if verdict in ("created", "updated"):
            found.add(state_key(change))
    return found
