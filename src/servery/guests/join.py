"""Resolving a set of arrived records: each becomes some guest's, new or known, and golden fields follow."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from msgspec import Struct, structs

from servery.guests import log, rows
from servery.guests.apart import are_apart, pairs_of
from servery.guests.candidates import candidates, keep_features, weights
from servery.guests.edits import NOTHING
from servery.guests.golden import golden
from servery.guests.keys import Keys, keys
from servery.guests.likeness import Like, weigh
from servery.guests.matching.features import Features, features_of
from servery.guests.matching.score import scored
from servery.guests.matching.weights import Weights
from servery.guests.resolve import Decision, Index, Known, decide
from servery.guests.rows import Db
from servery.guests.say import said
from servery.guests.suggest import suggest
from servery.storage.names import fold

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
    arrived = await _arrived(db, source_guest_ids)
    by = await weights(db)
    likes = await _likes(db, arrived, by)
    known = [one.known for one in arrived]
    related = await rows.related(db, known, {like.id for found in likes.values() for like in found})
    apart = await pairs_of(db, [one.id for one in (*known, *related)])
    plan = _decided(known, Index(related, apart), likes, by)
    touched, moved = await _carry_out(db, known, plan)
    merged, followed = await _follow_source_merges(db, [one.id for one in known])
    await suggest(db, plan.asks, [one.id for one in known if one.guest_id is not None])
    touched = (touched - set(merged)) | set(merged.values())
    await refresh(db, touched, locale)
    return Resolved(sorted(touched), sorted(moved | followed))


class _Arrived(Struct, frozen=True):
    """A record as it arrived: what the keys go by, and what the score goes by."""

    known: Known
    features: Features


async def _arrived(db: Db, source_guest_ids: Sequence[int]) -> list[_Arrived]:
    countries = await rows.countries(db)
    found = []
    for row in await rows.source_guests(db, source_guest_ids):
        guest, country = row["guest"], countries.get(row["connection_id"])
        contact = keys(guest.email, guest.phone, guest.country or country)
        known = Known(row["id"], guest.name, contact, row["guest_id"], guest.one_time, row["settled"])
        found.append(_Arrived(known, features_of(guest, country)))
    await rows.keep_keys(db, {one.known.id: one.known.keys for one in found})
    await keep_features(db, {one.known.id: one.features for one in found})
    crowd = await _crowd(db, [one.known for one in found])
    return [_Arrived(_without(one.known, crowd), _unsaid(one.features, crowd)) for one in found]


async def _likes(db: Db, arrived: Sequence[_Arrived], by: Weights) -> dict[int, list[Like]]:
    """The records that each of these is compared with, and how alike they are."""
    features = {one.known.id: one.features for one in arrived if not one.known.one_time}
    return {
        record_id: [Like(one.id, scored(features[record_id], one.features, by)) for one in found]
        for record_id, found in (await candidates(db, features)).items()
    }


_MOST_GUESTS = 12
"""People who may share an e-mail or a phone: with more of them it is a company's, and tells nobody from anybody."""


async def _crowd(db: Db, arrived: Sequence[Known]) -> frozenset[str]:
    """Contacts that are shared by too many, among those known already and among those that arrive; remembered."""
    names: dict[str, set[str]] = defaultdict(set)
    for one in arrived:
        for key in filter(None, one.keys):
            names[key].add(fold(one.name or ""))
    found = frozenset(key for key, sharing in names.items() if len(sharing) > _MOST_GUESTS)
    found |= await rows.crowded(db, (one.keys for one in arrived), _MOST_GUESTS)
    if found:
        await rows.keep_crowded(db, found)
    return found


def _without(record: Known, crowd: frozenset[str]) -> Known:
    if not crowd.isdisjoint(filter(None, record.keys)):
        left = Keys(*(None if key in crowd else key for key in record.keys))
        return structs.replace(record, keys=left)
    return record


def _unsaid(features: Features, crowd: frozenset[str]) -> Features:
    phone = None if features.phone in crowd else features.phone
    if features.email in crowd:
        return structs.replace(features, phone=phone, email=None, email_local=None)
    return structs.replace(features, phone=phone)


def _decided(known: Sequence[Known], index: Index, likes: Mapping[int, Sequence[Like]], by: Weights) -> _Plan:
    """Decide in order of arrival, so that records of one set find one another too."""
    plan = _Plan({}, [], {}, {})
    fresh = count(_NOT_YET)
    for arrived in known:
        # An earlier decision of this set may have absorbed the guest that the record was in.
        at = plan.survivor(arrived.guest_id) if arrived.guest_id is not None else None
        record = structs.replace(arrived, guest_id=at)
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


async def _carry_out(db: Db, known: Sequence[Known], plan: _Plan) -> tuple[set[int], set[int]]:
    """Write a plan; the guests it touched and the records it moved."""
    before = {one.id: one.guest_id for one in known}
    moved: set[int] = set()
    # Before any record is put elsewhere: the log is to tell all that the absorbed guests had.
    for other, (_, reason) in plan.absorbed.items():
        if other < _NOT_YET:
            moved |= set((await log.absorb(db, plan.survivor(other), other, reason, "rules")).moved)
    final = {record_id: plan.survivor(guest_id) for record_id, guest_id in plan.guest_of.items()}
    thought_of = sorted({guest_id for guest_id in final.values() if guest_id >= _NOT_YET})
    real = dict(zip(thought_of, await rows.new_guests(db, len(thought_of)), strict=True))
    final = {record_id: real.get(guest_id, guest_id) for record_id, guest_id in final.items()}
    moved |= {record_id for record_id, guest_id in final.items() if before[record_id] != guest_id}
    await rows.join(db, [(one, final[one.record_id]) for one in plan.decisions])
    left = {
        one: guest for one, guest in before.items() if one in moved and guest is not None and guest not in plan.absorbed
    }
    await rows.note_leaving(db, left)
    return {*final.values(), *left.values()}, moved


async def _follow_source_merges(db: Db, record_ids: Collection[int]) -> tuple[Mapping[int, int], set[int]]:
    """Where a source merged two of its own records, their guests are one too: the source knows its people.

    Returns the survivors by absorbed guest, and the records that moved.
    """
    absorbed: dict[int, int] = {}
    moved: set[int] = set()
    for old, kept in await rows.merged_at_source(db, record_ids):
        one, other = (_last(absorbed, guest) for guest in (old, kept))
        # Where a person said that they are two, that holds against the source too.
        if one != other and not await are_apart(db, one, other):
            oldest, younger = sorted((one, other))
            moved |= set((await log.absorb(db, oldest, younger, "merged at the source", "source")).moved)
            absorbed[younger] = oldest
    return {guest: _last(absorbed, guest) for guest in absorbed}, moved


def _last(absorbed: Mapping[int, int], guest_id: int) -> int:
    while guest_id in absorbed:
        guest_id = absorbed[guest_id]
    return guest_id


async def refresh(db: Db, guest_ids: Iterable[int], locale: str) -> None:
    """Make the golden fields of these guests anew from their records, what staff say of them, and their tags by rule.

    `locale` is how the organisation sorts names.
    """
    ids = list(guest_ids)
    records, words = await rows.records_of(db, ids), await said(db, ids)
    tags = await rows.tags_by_rule(db, ids)
    made = {one: golden(records.get(one, ()), words.get(one, NOTHING), tags.get(one, ())) for one in ids}
    await rows.keep_golden(db, made, locale)
