"""Applying changes: any order, any number of repeats, the same final state, a whole set at a time.

Calls for one connection must not overlap: the caller holds the connection's lock (`connections.lock`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
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
    ReservationSeen,
    TablesSeen,
)
from servery.model.venue import table_key
from servery.sync import rows
from servery.sync.apply_checks import apply_checks, apply_payments
from servery.sync.apply_menu import apply_menu, apply_tables
from servery.sync.judge import State, Verdict, count, judged, state
from servery.sync.places import Place

Kind = TypeVar("Kind")
_JSON = msgspec.json.Encoder()


async def apply(db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Iterable[Change]) -> Applied:
    """Bring the records of one connection to what these changes say; tells what that did.

    `places` names the venue of each location; a change of any other location is handed back as unplaced.
    """
    applied = Applied()
    placed, unplaced = _placed(places, changes)
    applied.unplaced = unplaced
    await _apply_guests(db, connection_id, _of(placed, GuestSeen), applied)
    await apply_tables(db, connection_id, places, _of(placed, TablesSeen))
    await apply_menu(db, connection_id, places, _of(placed, MenuSeen), applied)
    await _apply_reservations(db, connection_id, places, _of(placed, ReservationSeen), applied)
    await apply_payments(db, connection_id, places, _of(placed, PaymentSeen), applied)
    await apply_checks(db, connection_id, places, _of(placed, CheckSeen), applied)
    await _remove(db, connection_id, _of(placed, Removed), applied)
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


async def _apply_guests(db: rows.Db, connection_id: int, changes: list[GuestSeen], applied: Applied) -> None:
    if not changes:
        return
    states = [(state(one.external_id, one.revision, _JSON.encode(one.guest)), one) for one in changes]
    sorted_ = judged(await rows.held(db, "source_guest", connection_id, [one.external_id for one in changes]), states)
    # A guest that was only referred to so far has an empty row of revision -1, so it counts as updated here.
    write = [_guest_row(seen) for seen, _ in (*sorted_["created"], *sorted_["updated"])]
    applied.guests += await rows.put(db, "source_guest", rows.GUEST, "connection_id, external_id", connection_id, write)
    await rows.refresh(db, "source_guest", connection_id, _revisions(sorted_["refreshed"]))
    _count(applied, sorted_)


def _guest_row(seen: State) -> tuple[Any, ...]:
    return seen.external_id, seen.revision, seen.digest, seen.body.decode()


async def _apply_reservations(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: list[ReservationSeen], applied: Applied
) -> None:
    if not changes:
        return
    states = [
        (state(one.external_id, one.revision, _JSON.encode((one.location, one.reservation))), one) for one in changes
    ]
    external_ids = [one.external_id for one in changes]
    sorted_ = judged(await rows.held(db, "reservation", connection_id, external_ids), states)
    guests = await rows.guest_ids(db, connection_id, [one.reservation.guest_id for one in changes])
    write = [
        _reservation_row(seen, one, places[one.location], guests)
        for seen, one in (*sorted_["created"], *sorted_["updated"])
    ]
    moved_from = await rows.days_of(
        db, "reservation", connection_id, [one.external_id for _, one in sorted_["updated"]]
    )
    await rows.put(db, "reservation", rows.RESERVATION, "connection_id, external_id", connection_id, write)
    await rows.refresh(db, "reservation", connection_id, _revisions(sorted_["refreshed"]))
    applied.days |= moved_from | {(row[0], row[4]) for row in write}
    _count(applied, sorted_)


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


async def _remove(db: rows.Db, connection_id: int, changes: list[Removed], applied: Applied) -> None:
    tables = {"guest": "source_guest", "reservation": "reservation", "check": "checks"}
    for kind, table in tables.items():
        gone = [one for one in changes if one.kind == kind]
        if gone:
            await _remove_from(db, table, connection_id, gone, applied)


async def _remove_from(db: rows.Db, table: str, connection_id: int, gone: list[Removed], applied: Applied) -> None:
    columns = "id" if table == "source_guest" else "id, venue_id, business_date"
    merged = "" if table == "reservation" else ", merged_into = i.merged_into"
    cursor = await db.execute(
        f"update {table} as t set removed = true, revision = i.revision, seen_at = now(){merged} "
        "from unnest(%s::text[], %s::bigint[], %s::text[]) as i(external_id, revision, merged_into) "
        "where t.connection_id = %s and t.external_id = i.external_id and t.revision <= i.revision and not t.removed "
        f"returning {', '.join(f't.{name.strip()}' for name in columns.split(','))}",
        [
            [one.external_id for one in gone],
            [one.revision for one in gone],
            [one.merged_into for one in gone],
            connection_id,
        ],
    )
    for row in await cursor.fetchall():
        applied.updated += 1
        if table == "source_guest":
            applied.guests.append(row["id"])
        else:
            day: tuple[int, date] = row["venue_id"], row["business_date"]
            applied.days.add(day)


def _revisions(states: Iterable[tuple[State, Any]]) -> list[tuple[str, int]]:
    return [(seen.external_id, seen.revision) for seen, _ in states]


def _count(applied: Applied, sorted_: Mapping[Verdict, Sequence[Any]]) -> None:
    for verdict, found in sorted_.items():
        count(applied, verdict, len(found))
