"""Telling what a system says of its own from what we wrote there, before it is applied.

A webhook may be quicker than the end of the sending that caused it. What comes in that moment is applied as it is and
remembered as unsure; when the sending has ended, what it wrote is taken away (`settle`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from servery.app.echo import own_booking, own_words
from servery.guests.join import Resolved, resolve
from servery.guests.rows import pin
from servery.model.changes import Change, CheckSeen, GuestSeen, Removed, ReservationSeen
from servery.model.guest import SourceGuest
from servery.outbox.echoes import echoes, parties
from servery.outbox.records import Ours, follow, ours
from servery.storage.pool import Connection as Db
from servery.sync import unsure
from servery.sync.rows import guest_bodies, reservation_names

_NOBODY = Ours({}, frozenset(), False)
_NOTHING = SourceGuest()


class Known(Struct, frozen=True):
    """Changes in the system's own words, and what of them is ours: guests by record, records that are unsure."""

    changes: Sequence[Change]
    ours: Ours = _NOBODY
    unsure: Mapping[str, SourceGuest] = {}


async def known_again(db: Db, connection_id: int, changes: Sequence[Change]) -> Known:
    """Take away from changes what we wrote, and say of checks that we opened whose they are."""
    people = {one.external_id for one in changes if isinstance(one, GuestSeen)}
    held = await guest_bodies(db, connection_id, people) if people else {}
    mine = await ours(db, connection_id, people) if people else _NOBODY
    written = await echoes(db, connection_id, "guest", people) if mine.guests else {}
    told = [_person(one, written, held) if isinstance(one, GuestSeen) else one for one in changes]
    told = await _checks(db, connection_id, await _bookings(db, connection_id, told))
    unclear = mine.trying | (people - mine.guests.keys() - held.keys() if mine.making else set())
    return Known(told, mine, {one: held.get(one, _NOTHING) for one in unclear})


def _person(seen: GuestSeen, written: Mapping[str, Any], held: Mapping[str, SourceGuest]) -> GuestSeen:
    if seen.external_id not in written:
        return seen
    own = own_words(seen.guest, written[seen.external_id], held.get(seen.external_id, _NOTHING))
    return structs.replace(seen, guest=own)


async def _bookings(db: Db, connection_id: int, changes: Sequence[Change]) -> list[Change]:
    ids = [one.external_id for one in changes if isinstance(one, ReservationSeen)]
    written = await echoes(db, connection_id, "visit", ids) if ids else {}
    return [
        structs.replace(one, reservation=own_booking(one.reservation, written[one.external_id]))
        if isinstance(one, ReservationSeen) and one.external_id in written
        else one
        for one in changes
    ]


async def _checks(db: Db, connection_id: int, changes: Sequence[Change]) -> list[Change]:
    """A check that we opened for a party is that party's: we told the till so ourselves."""
    ids = [one.external_id for one in changes if isinstance(one, CheckSeen)]
    opened = await parties(db, connection_id, ids) if ids else {}
    names = await reservation_names(db, opened.values()) if opened else {}
    return [
        structs.replace(one, check=structs.replace(one.check, reservation_id=names[opened[one.external_id]]))
        if isinstance(one, CheckSeen) and opened.get(one.external_id) in names and one.check.reservation_id is None
        else one
        for one in changes
    ]


async def after(db: Db, connection_id: int, known: Known, changes: Sequence[Change]) -> None:
    """What is to be noted of changes once they are applied, and before it is decided who is who."""
    if known.ours.guests:
        await pin(db, connection_id, known.ours.guests)
    if known.unsure:
        await unsure.remember(db, connection_id, known.unsure)
    merged = {
        one.external_id: one.merged_into
        for one in changes
        if isinstance(one, Removed) and one.kind == "guest" and one.merged_into
    }
    if merged:
        await follow(db, connection_id, merged)


async def settle(db: Db, locale: str, connection_ids: Collection[int]) -> Resolved:
    """Take what we wrote away from records that came while it was being written, now that it is known."""
    moved: list[int] = []
    for connection_id in connection_ids:
        waiting = await unsure.remembered(db, connection_id)
        written = await echoes(db, connection_id, "guest", waiting) if waiting else {}
        known = await ours(db, connection_id, waiting) if waiting else _NOBODY
        clear = [one for one in waiting if one in written and one not in known.trying]
        bodies = await guest_bodies(db, connection_id, clear) if clear else {}
        own = {one: own_words(body, written[one], waiting[one]) for one, body in bodies.items()}
        moved += await unsure.correct(db, connection_id, {one: msgspec.json.encode(own[one]) for one in own})
        await unsure.forget(db, connection_id, clear, all_old=not known.making)
        await pin(db, connection_id, {one: known.guests[one] for one in clear if one in known.guests})
    return await resolve(db, moved, locale)
