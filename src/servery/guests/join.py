"""Resolving a set of arrived records: each becomes some guest's, new or known, and golden fields follow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from msgspec import Struct, structs

from servery.guests import log, rows
from servery.guests.apart import are_apart, back_doors, extend, hold_again
from servery.guests.arrived import Arrival, Arrived, arrival
from servery.guests.candidates import Candidate, Found, look, weights
from servery.guests.edits import NOTHING
from servery.guests.found_by import words_of
from servery.guests.golden import golden
from servery.guests.likeness import Like, weigh
from servery.guests.matching.score import scored
from servery.guests.matching.weights import Weights
from servery.guests.outcome import write
from servery.guests.resolve import Decision, Index, decide
from servery.guests.rows import Db
from servery.guests.say import heard
from servery.guests.suggest import suggest
from servery.guests.vocabulary import learn

_NOT_YET = 1 << 62
"""Guests from here on are only thought of: they come after every real one, and get an id if they are still there
when all is decided."""


class Resolved(Struct, frozen=True):
    """What resolving did: the guests that changed, and the source records that are another guest's than before."""

    guests: list[int]
    moved: list[int]


class _Plan(Struct):
    """Decisions of one set: the guest of each record, by whom guests are absorbed and why, and what is to be asked."""

    guest_of: dict[int, int]
    decisions: list[Decision]
    absorbed: dict[int, tuple[int, str]]
    asks: dict[int, Sequence[Like]]

    def survivor(self, guest_id: int) -> int:
        while guest_id in self.absorbed:
            guest_id = self.absorbed[guest_id][0]
        return guest_id


async def resolve(db: Db, source_guest_ids: Sequence[int], locale: str) -> Resolved:
    """Decide who each of these source guests is. `locale` is how the organisation sorts names."""
    if not source_guest_ids:
        return Resolved([], [])
    await rows.lock(db)
    arrived = await arrival(db, source_guest_ids)
    parted = await _follow_source_partings(db, arrived.records)
    if parted:
        arrived = await arrival(db, source_guest_ids)
    by = await weights(db, arrived.trained_at)
    near = await look(db, arrived.records)
    plan = _decided(arrived, near, by)
    known = [one.known for one in arrived.records]
    fresh, touched, moved = await _carry_out(db, arrived.records, plan, locale)
    if near.apart or arrived.apart:
        await extend(db, touched)
    # What is parted may have been one for another source merge, too.
    again = [record for one in parted for record in (*one.moved, *await log.records_in(db, one.guest_id))]
    following = [one.known.id for one in arrived.records if one.merged]
    merged, followed = await _follow_source_merges(db, [*following, *again])
    await suggest(db, plan.asks, [one.id for one in known if one.guest_id is not None])
    touched |= {guest for one in parted for guest in (one.guest_id, one.other_id)}
    moved |= {record for one in parted for record in one.moved}
    # Those that are new were told of when they were made, unless they are more by now.
    await refresh(db, (touched - fresh - set(merged)) | set(merged.values()), locale)
    touched = (touched - set(merged)) | set(merged.values())
    return Resolved(sorted(touched), sorted(moved | followed))


def _likes(records: Iterable[Arrived], found: Mapping[int, Sequence[Candidate]], by: Weights) -> dict[int, list[Like]]:
    """The records that each of these is compared with, and how alike they are."""
    return {
        one.known.id: [
            Like(other.id, scored(one.compared, other.features, by), one.compared.birth_month_day)
            for other in found.get(one.known.id, ())
        ]
        for one in records
    }


def _decided(arrived: Arrival, found: Found, by: Weights) -> _Plan:
    """Decide in order of arrival, so that records of one set find one another too."""
    known = [one.known for one in arrived.records]
    ids = {one.id for one in known}
    before = [one for one in found.related if one.id not in ids]
    # Those of the set that are nobody's yet are there as well: they may show that a contact is several people's.
    index = Index([*before, *known], found.apart | arrived.apart)
    likes = _likes(arrived.records, found.candidates, by)
    plan = _Plan({}, [], {}, {})
    fresh = count(_NOT_YET)
    for one in known:
        # An earlier decision of this set may have absorbed the guest that the record was in.
        at = plan.survivor(one.guest_id) if one.guest_id is not None else None
        record = structs.replace(one, guest_id=at)
        weighed = weigh(record, decide(record, index), likes.get(record.id, ()), index, by)
        decision = weighed.decision
        guest_id = decision.guest_id if decision.guest_id is not None else next(fresh)
        plan.decisions.append(decision)
        plan.asks[record.id] = weighed.asks
        plan.guest_of[record.id] = guest_id
        plan.absorbed |= dict.fromkeys(decision.absorbs, (guest_id, f"same {decision.by or 'person'}"))
        index.add(structs.replace(record, guest_id=guest_id))
        index.move(decision.absorbs, guest_id)
    return plan


async def _carry_out(
    db: Db, arrived: Sequence[Arrived], plan: _Plan, locale: str
) -> tuple[set[int], set[int], set[int]]:
    """Write a plan; the guests it made, all that it touched, and the records it moved."""
    before = {one.known.id: one.known.guest_id for one in arrived}
    real = {other: plan.survivor(other) for other in plan.absorbed if other < _NOT_YET}
    for other in await back_doors(db, real) if real else ():
        del plan.absorbed[other]
    moved: set[int] = set()
    # Before any record is put elsewhere: the log is to tell all that the absorbed guests had.
    for other, (_, reason) in plan.absorbed.items():
        if other < _NOT_YET:
            moved |= set((await log.absorb(db, plan.survivor(other), other, reason, "rules")).moved)
    thought = {record_id: plan.survivor(guest_id) for record_id, guest_id in plan.guest_of.items()}
    thought_of = sorted({guest_id for guest_id in thought.values() if guest_id >= _NOT_YET})
    final = await write(db, arrived, plan.decisions, thought, thought_of, locale)
    moved |= {record_id for record_id, guest_id in final.items() if before[record_id] != guest_id}
    left = {
        one: guest for one, guest in before.items() if one in moved and guest is not None and guest not in plan.absorbed
    }
    await rows.note_leaving(db, left)
    fresh = {final[one] for one, guest in thought.items() if guest >= _NOT_YET}
    return fresh, {*final.values(), *left.values()}, moved


async def _follow_source_merges(db: Db, record_ids: Collection[int]) -> tuple[Mapping[int, int], set[int]]:
    """Where a source merged two of its own records, their guests are one too: the source knows its people.

    Returns the survivors by absorbed guest, and the records that moved.
    """
    absorbed: dict[int, int] = {}
    moved: set[int] = set()
    for record, old, kept in await rows.merged_at_source(db, record_ids) if record_ids else ():
        one, other = (_last(absorbed, guest) for guest in (old, kept))
        # Where a person said that they are two, that holds against the source too.
        if one != other and not await are_apart(db, one, other):
            oldest, younger = sorted((one, other))
            done = await log.absorb(db, oldest, younger, "merged at the source", "source", {"record": record})
            moved |= set(done.moved)
            absorbed[younger] = oldest
    return {guest: _last(absorbed, guest) for guest in absorbed}, moved


async def _follow_source_partings(db: Db, arrived: Sequence[Arrived]) -> list[log.Step]:
    """Where a record that its source had merged into another is alive there again, their guests are two again."""
    alive = [one.known.id for one in arrived if one.known.settled and not one.removed]
    parted = []
    for step in await log.merged_at_source(db, alive) if alive else ():
        going = await log.going_along(db, step)
        if going and set(await log.records_in(db, await log.living(db, step.other_id))) - set(going):
            parted.append(await log.restore(db, step, going, "parted at the source", "source"))
            await hold_again(db, going)
    return parted


def _last(absorbed: Mapping[int, int], guest_id: int) -> int:
    while guest_id in absorbed:
        guest_id = absorbed[guest_id]
    return guest_id


async def refresh(db: Db, guest_ids: Iterable[int], locale: str) -> None:
    """Make the golden fields of these guests anew from their records, what staff say of them, and their tags by rule.

    `locale` is how the organisation sorts names.
    """
    ids = list(guest_ids)
    if not ids:
        return
    records, words = await rows.records_of(db, ids), await heard(db, ids)
    tags = await rows.tags_by_rule(db, ids)
    made = {one: golden(records.get(one, ()), words.get(one, NOTHING), tags.get(one, ())) for one in ids}
    await rows.keep_golden(db, made, records, locale)
    await learn(db, {word for guest_id, one in made.items() for word in words_of(one, records.get(guest_id, ()))})
