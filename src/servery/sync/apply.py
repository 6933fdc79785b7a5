"""Applying changes: any order, any number of repeats, the same final state, a whole set at a time.

Calls for one connection must not overlap: the caller holds the connection's lock (`connections.lock`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from servery.model.changes import (
    Applied,
    Change,
    CheckSeen,
    GuestSeen,
    MenuSeen,
    PaymentSeen,
    Removed,
    RemovedKind,
    ReservationSeen,
    TablesSeen,
    state_key,
)
from servery.model.venue import table_key
from servery.sync import rows
from servery.sync.apply_checks import apply_checks, settle
from servery.sync.apply_guests import apply_guests
from servery.sync.apply_menu import apply_menu, apply_tables
from servery.sync.apply_payments import apply_payments
from servery.sync.judge import State, judged, note_all, revisions, state
from servery.sync.places import Place

Kind = TypeVar("Kind")
_JSON = msgspec.json.Encoder()
_SEEN: Mapping[RemovedKind, type[Change]] = {
    "guest": GuestSeen, "reservation": ReservationSeen, "check": CheckSeen, "payment": PaymentSeen
}  # fmt: skip


async def apply(db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Iterable[Change]) -> Applied:
    """Bring the records of one connection to what these changes say; tells what that did.

    `places` names the venue of each location; a change of any other location is handed back as unplaced.
    """
    applied = Applied()
    placed, applied.unplaced = _placed(places, changes)
    await apply_guests(db, connection_id, _of(placed, GuestSeen), applied)
    await apply_tables(db, connection_id, places, _of(placed, TablesSeen), applied)
    await apply_menu(db, connection_id, places, _of(placed, MenuSeen), applied)
    await _apply_reservations(db, connection_id, places, _of(placed, ReservationSeen), applied)
    await apply_payments(db, connection_id, places, _of(placed, PaymentSeen), applied)
    await apply_checks(db, connection_id, places, _of(placed, CheckSeen), applied)
    await _remove(db, connection_id, places, placed, applied)
    return applied


def _placed(places: Mapping[str, Place], changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    placed: list[Change] = []
    unplaced: list[Change] = []
    for change in changes:
        location = getattr(change, "location", None)
        (placed if location is None or location in places else unplaced).append(change)
    return placed, unplaced


def _of(changes: Sequence[Change], kind: type[Kind]) -> list[Kind]:
    return [change for change in changes if isinstance(change, kind)]


async def _apply_reservations(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: list[ReservationSeen], applied: Applied
) -> None:
    if not changes:
        return
    states = [
        (state(one.external_id, one.revision, _JSON.encode((one.location, one.reservation))), one) for one in changes
    ]
    held = await rows.held(db, "reservation", connection_id, [one.external_id for one in changes])
    sorted_ = judged(held, states)
    guests = await rows.guest_ids(db, connection_id, [one.reservation.guest_id for one in changes])
    write = [
        _reservation_row(seen, one, places[one.location], guests)
        for seen, one in (*sorted_["created"], *sorted_["updated"])
    ]
    applied.days |= await rows.days_of(db, "reservation", [held[seen.external_id].id for seen, _ in sorted_["updated"]])
    await rows.put(db, "reservation", rows.RESERVATION, "connection_id, external_id", connection_id, write)
    await rows.refresh(db, "reservation", revisions(sorted_["refreshed"], held))
    applied.days |= {(row[0], row[4]) for row in write}
    note_all(applied, held, states, sorted_)


def _reservation_row(seen: State, change: ReservationSeen, place: Place, guests: Mapping[str, int]) -> tuple[Any, ...]:
    booked = change.reservation
    keys = [table_key(name) for name in booked.tables]
    return (
        place.venue_id,
        seen.external_id,
        seen.revision,
        seen.digest,
        place.business_date(booked.starts_at),
        booked.starts_at,
        booked.status,
        booked.party_size,
        _JSON.encode(keys).decode(),
        guests.get(booked.guest_id) if booked.guest_id else None,
        _JSON.encode(booked).decode(),
    )


async def _remove(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[Change], applied: Applied
) -> None:
    """Hide, or show again, the records of these changes by what is known of their end, whichever came first."""
    removals = _of(changes, Removed)
    if removals:
        await rows.keep_removals(db, connection_id, removals)
    for kind, table in rows.TABLES.items():
        gone = {one.external_id for one in removals if one.kind == kind}
        seen = {one.external_id for one in changes if isinstance(one, _SEEN[kind])}
        changed = await rows.settle_removed(db, kind, connection_id, gone | seen)
        ended = gone.intersection(changed.values())
        applied.updated += len(ended)
        applied.effects |= {state_key(one) for one in removals if one.kind == kind and one.external_id in ended}
        if kind == "guest":
            applied.guests += changed
        elif kind == "payment":
            checks = await rows.paid_by(db, connection_id, changed.values())
            applied.days |= await settle(db, connection_id, places, checks)
        else:
            applied.days |= await rows.days_of(db, table, list(changed))
            if kind == "check":
                applied.days |= await rows.refund_days(db, connection_id, list(changed.values()))
