"""Resolving a set of arrived records: each becomes some guest's, new or known, and golden fields follow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from msgspec import Struct, structs
from psycopg.rows import DictRow

from servery.guests import log, rows
from servery.guests.apart import are_apart, pairs_of
from servery.guests.golden import golden
from servery.guests.keys import keys
from servery.guests.resolve import Decision, Index, Known, decide
from servery.guests.rows import Db

_NOT_YET = 1 << 62
"""Guests from here on are only thought of: they come after every real one, and get an id if they are still there
when all is decided."""


class Resolved(Struct, frozen=True):
    """What resolving did: the guests that changed, and the source records that are another guest's than before."""

    guests: list[int]
    moved: list[int]


class _Plan(Struct):
    """Decisions of one set: the guest of each record, and by whom guests are absorbed, for which reason."""

    guest_of: dict[int, int]
    decisions: list[Decision]
    absorbed: dict[int, tuple[int, str]]

    def survivor(self, guest_id: int) -> int:
        while guest_id in self.absorbed:
            guest_id = self.absorbed[guest_id][0]
        return guest_id


async def resolve(db: Db, source_guest_ids: Sequence[int], locale: str) -> Resolved:
    """Decide who each of these source guests is. `locale` is how the organisation sorts names."""
    if not source_guest_ids:
        return Resolved([], [])
    await rows.lock(db)
    arrived = await rows.source_guests(db, source_guest_ids)
    known = await _known(db, arrived)
    related = await rows.related(db, known)
    apart = await pairs_of(db, [one.id for one in (*known, *related)])
    plan = _decided(known, Index(related, apart))
    touched, moved = await _carry_out(db, known, plan)
    merged, followed = await _follow_source_merges(db, [one.id for one in known])
    touched = (touched - set(merged)) | set(merged.values())
    await refresh(db, touched, locale)
    return Resolved(sorted(touched), sorted(moved | followed))


async def _known(db: Db, arrived: Iterable[DictRow]) -> list[Known]:
    countries = await rows.countries(db)
    known = []
    for row in arrived:
        guest = row["guest"]
        found = keys(guest.email, guest.phone, guest.country or countries.get(row["connection_id"]))
        known.append(Known(row["id"], guest.name, found, row["guest_id"], guest.one_time, row["settled"]))
    await rows.keep_keys(db, {one.id: one.keys for one in known})
    return known


def _decided(known: Sequence[Known], index: Index) -> _Plan:
    """Decide in order of arrival, so that records of one set find one another too."""
    plan = _Plan({}, [], {})
    fresh = count(_NOT_YET)
    for arrived in known:
        # An earlier decision of this set may have absorbed the guest that the record was in.
        at = plan.survivor(arrived.guest_id) if arrived.guest_id is not None else None
        record = structs.replace(arrived, guest_id=at)
        decision = decide(record, index)
        guest_id = decision.guest_id if decision.guest_id is not None else next(fresh)
        plan.decisions.append(decision)
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
    """Make the golden fields of these guests anew from their records; `locale` is how the organisation sorts names."""
    records = await rows.records_of(db, list(guest_ids))
    await rows.keep_golden(db, {guest_id: golden(found) for guest_id, found in records.items()}, locale)
