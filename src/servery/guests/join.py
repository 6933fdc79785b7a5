"""Resolving a set of arrived records: each becomes some guest's, new or known, and golden fields follow."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from psycopg.rows import DictRow

from servery.guests import rows
from servery.guests.golden import golden
from servery.guests.keys import keys
from servery.guests.resolve import Decision, Index, Known, decide
from servery.guests.rows import Db


class Resolved(Struct, frozen=True):
    """What resolving did: the guests that changed, and the source records that are another guest's than before."""

    guests: list[int]
    moved: list[int]


async def resolve(db: Db, source_guest_ids: Sequence[int], locale: str) -> Resolved:
    """Decide who each of these source guests is. `locale` is how the organisation sorts names."""
    if not source_guest_ids:
        return Resolved([], [])
    await rows.lock(db)
    arrived = await rows.source_guests(db, source_guest_ids)
    known = await _known(db, arrived)
    index = Index(await rows.sharing(db, (one.keys for one in known)))
    touched, moved = await _decide_all(db, known, index)
    touched |= await _follow_source_merges(db, [row for row in arrived if row["merged_into"]])
    await _refresh_golden(db, touched, locale)
    return Resolved(sorted(touched), sorted(moved))


async def _known(db: Db, arrived: Iterable[DictRow]) -> list[Known]:
    countries = await rows.countries(db)
    known = []
    for row in arrived:
        guest = row["guest"]
        found = keys(guest.email, guest.phone, guest.country or countries.get(row["connection_id"]))
        known.append(Known(row["id"], guest.name, found, row["guest_id"], guest.one_time))
    await rows.keep_keys(db, {one.id: one.keys for one in known})
    return known


async def _decide_all(db: Db, known: Sequence[Known], index: Index) -> tuple[set[int], set[int]]:
    """Decide in order of arrival, so that records of one set find one another too."""
    unused = await rows.new_guests(db, sum(one.guest_id is None for one in known))
    made: list[tuple[Decision, int]] = []
    absorbed: dict[int, tuple[int, str | None]] = {}
    for record in known:
        decision = decide(record, index)
        guest_id = decision.guest_id if decision.guest_id is not None else unused.pop(0)
        made.append((decision, guest_id))
        absorbed |= dict.fromkeys(decision.absorbs, (guest_id, decision.by))
        _index_again(index, record, guest_id, decision.absorbs)
    final = [(decision, _survivor(guest_id, absorbed)) for decision, guest_id in made]
    await rows.join(db, final)
    moved = {decision.record_id for decision, _ in final} - {one.id for one in known if one.guest_id is not None}
    for other, (_, by) in absorbed.items():
        moved |= set(await rows.absorb(db, _survivor(other, absorbed), [other], f"same {by or 'person'}"))
    await db.execute("delete from guest where id = any(%s)", [unused])
    return {guest_id for _, guest_id in final}, moved


def _survivor(guest_id: int, absorbed: dict[int, tuple[int, str | None]]) -> int:
    while guest_id in absorbed:
        guest_id = absorbed[guest_id][0]
    return guest_id


def _index_again(index: Index, record: Known, guest_id: int, absorbs: Sequence[int]) -> None:
    index.add(Known(record.id, record.name, record.keys, guest_id, record.one_time))
    index.move(absorbs, guest_id)


async def _follow_source_merges(db: Db, merged: Sequence[DictRow]) -> set[int]:
    """Where a source merged two of its own records, their guests are one too: the source knows its people."""
    touched = set()
    for row in merged:
        cursor = await db.execute(
            "select old.guest_id as old, kept.guest_id as kept from source_guest old join source_guest kept "
            "on kept.connection_id = old.connection_id and kept.external_id = old.merged_into where old.id = %s",
            [row["id"]],
        )
        pair = await cursor.fetchone()
        if pair and pair["old"] and pair["kept"] and pair["old"] != pair["kept"]:
            oldest, other = sorted((pair["old"], pair["kept"]))
            await rows.absorb(db, oldest, [other], "merged at the source")
            touched.add(oldest)
    return touched


async def _refresh_golden(db: Db, guest_ids: Iterable[int], locale: str) -> None:
    records = await rows.records_of(db, list(guest_ids))
    await rows.keep_golden(db, {guest_id: golden(found) for guest_id, found in records.items()}, locale)
