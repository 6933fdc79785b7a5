"""Applying checks, whole or in parts, and the payments that some sources send apart from them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import structs
from psycopg.rows import DictRow

from servery.model.changes import Applied, CheckSeen, PaymentSeen
from servery.model.order import Check, Payment, add_up
from servery.sync import rows
from servery.sync.judge import State, count, judge, judged, newest, state
from servery.sync.lines import joined, one_each
from servery.sync.payments import with_payments
from servery.sync.places import Place

_JSON = msgspec.json.Encoder()
_CHECK = msgspec.json.Decoder(Check)
_PAYMENT = msgspec.json.Decoder(Payment)

Key = tuple[int, str]
"""Venue id and external id: by these a check is one, for venues may number their checks alike."""


async def apply_checks(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[CheckSeen], applied: Applied
) -> None:
    """Write what is new in these checks, with everything that is computed from their parts."""
    if not changes:
        return
    parts = one_each([one for one in changes if not one.complete])
    if parts:
        parts = await _with_known_lines(db, connection_id, places, parts, applied)
    changes = [one for one in changes if one.complete] + parts
    external_ids = {one.external_id for one in changes}
    held = await rows.held_checks(db, connection_id, external_ids)
    write: list[tuple[State, CheckSeen]] = []
    refreshed: list[tuple[State, CheckSeen]] = []
    for key, seen, change in _newest_by_key(places, changes):
        verdict = judge(held[key][0] if key in held else None, seen)
        count(applied, verdict)
        if verdict in ("created", "updated"):
            write.append((seen, change))
            applied.days |= {(key[0], held[key][1])} if key in held else set()
        elif verdict == "refreshed":
            refreshed.append((seen, change))
    await rows.refresh(db, "checks", connection_id, [(seen.external_id, seen.revision) for seen, _ in refreshed])
    applied.days |= await _write(db, connection_id, places, write)


def _newest_by_key(places: Mapping[str, Place], changes: Iterable[CheckSeen]) -> Iterable[tuple[Key, State, CheckSeen]]:
    by_venue: dict[int, list[tuple[State, CheckSeen]]] = {}
    for change in changes:
        seen = state(change.external_id, change.revision, _JSON.encode(change.check))
        by_venue.setdefault(places[change.location].venue_id, []).append((seen, change))
    for venue_id, states in by_venue.items():
        for seen, change in newest(states):
            yield (venue_id, seen.external_id), seen, change


async def _with_known_lines(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], parts: Sequence[CheckSeen], applied: Applied
) -> list[CheckSeen]:
    bodies = await rows.check_bodies(db, connection_id, [part.external_id for part in parts])
    whole = []
    for part in parts:
        body = bodies.get((places[part.location].venue_id, part.external_id))
        check = joined(_CHECK.decode(body) if body else None, part.check, applied)
        whole.append(structs.replace(part, check=check))
    return whole


async def _write(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], write: Sequence[tuple[State, CheckSeen]]
) -> set[tuple[int, date]]:
    if not write:
        return set()
    apart = await rows.payments_of(db, connection_id, [seen.external_id for seen, _ in write])
    payers = {
        check_id: row["guest_external_id"]
        for check_id, found in apart.items()
        for row in found
        if row["guest_external_id"]
    }
    owners = {seen.external_id: one.check.guest_id or payers.get(seen.external_id) for seen, one in write}
    guests = await rows.guest_ids(db, connection_id, owners.values())
    table = []
    for seen, change in write:
        payments = [_PAYMENT.decode(row["body"]) for row in apart.get(seen.external_id, ())]
        check = with_payments(change.check, payments)
        owner = owners[seen.external_id]
        table.append(_check_row(seen, check, places[change.location], guests[owner] if owner else None))
    await rows.put(db, "checks", rows.CHECK, "venue_id, connection_id, external_id", connection_id, table)
    return {(row[0], row[4]) for row in table}


def _check_row(seen: State, check: Check, place: Place, guest: int | None) -> tuple[Any, ...]:
    sums = add_up(check)
    return (
        place.venue_id,
        seen.external_id,
        seen.revision,
        seen.digest,
        place.business_date(check.opened_at),
        check.opened_at,
        check.closed_at,
        check.status,
        check.label,
        check.table,
        check.covers or None,
        sums.total,
        sums.net_sales,
        sums.tips,
        sums.refunded,
        sums.difference,
        check.currency,
        check.split_from,
        check.reservation_id,
        guest,
        _JSON.encode(check).decode(),
    )


async def apply_payments(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[PaymentSeen], applied: Applied
) -> None:
    """Keep separately sent payments, and bring them into the checks they pay where those are already here."""
    if not changes:
        return
    states = [(state(one.external_id, one.revision, _JSON.encode((one.payment, one.guest_id))), one) for one in changes]
    held = await rows.held(db, "payment", connection_id, [one.external_id for one in changes])
    sorted_ = judged(held, states)
    write = [(seen, one) for seen, one in (*sorted_["created"], *sorted_["updated"])]
    await rows.put(
        db, "payment", rows.PAYMENT, "connection_id, external_id", connection_id, [_payment_row(*one) for one in write]
    )
    states_only = [(seen.external_id, seen.revision) for seen, _ in sorted_["refreshed"]]
    await rows.refresh(db, "payment", connection_id, states_only)
    for verdict, found in sorted_.items():
        count(applied, verdict, len(found))
    await _settle(db, connection_id, places, {one.check_id for _, one in write}, applied)


def _payment_row(seen: State, change: PaymentSeen) -> tuple[Any, ...]:
    body = _JSON.encode(change.payment).decode()
    return seen.external_id, change.check_id, seen.revision, seen.digest, change.guest_id, body


async def _settle(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], check_ids: set[str], applied: Applied
) -> None:
    """Write again the held checks that their payments change; their own state and revision stay what they were."""
    if not check_ids:
        return
    by_venue = {place.venue_id: location for location, place in places.items()}
    held = await rows.held_checks(db, connection_id, check_ids)
    bodies = await rows.check_bodies(db, connection_id, check_ids)
    apart = await rows.payments_of(db, connection_id, check_ids)
    write = []
    for key, body in bodies.items():
        check = _CHECK.decode(body)
        if key[0] in by_venue and _change(check, apart[key[1]]):
            at = held[key][0]
            seen = CheckSeen(key[1], at.revision, by_venue[key[0]], check)
            write.append((State(key[1], at.revision, at.digest, body), seen))
    applied.days |= await _write(db, connection_id, places, write)


def _change(check: Check, apart: Sequence[DictRow]) -> bool:
    """Whether separately sent payments say more than the check itself does."""
    if check.guest_id is None and any(row["guest_external_id"] for row in apart):
        return True
    return with_payments(check, [_PAYMENT.decode(row["body"]) for row in apart]) != check
