"""Applying checks, whole or in parts, each with the payments that its source sends apart from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from servery.model.changes import Applied, CheckSeen, state_key
from servery.model.order import Check, Payment, add_up
from servery.sync import rows
from servery.sync.judge import State, count, judged, note_all, revisions, state
from servery.sync.lines import Parted, count_lines, joined, part_of, parted, unchanged
from servery.sync.payments import with_payments
from servery.sync.places import Place

_JSON = msgspec.json.Encoder()
_CHECK = msgspec.json.Decoder(Check)
_PAYMENT = msgspec.json.Decoder(Payment)

Key = tuple[int, str]
"""Venue id and external id: by these a check is one, for venues may number their checks alike."""


class CheckState(Struct, frozen=True, kw_only=True):
    """A check to be written, as its source sends it: without payments sent apart."""

    place: Place
    external_id: str
    revision: int
    digest: bytes
    check: Check
    parts: bytes | None = None
    """Of a check that comes in parts, the older ones' revisions as JSON (see lines.Parted)."""


async def apply_checks(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[CheckSeen], applied: Applied
) -> None:
    """Write what is new in these checks, with everything that is computed from their parts."""
    await _apply_whole(db, connection_id, places, [one for one in changes if one.complete], applied)
    await _apply_parts(db, connection_id, places, [one for one in changes if not one.complete], applied)


async def _apply_whole(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[CheckSeen], applied: Applied
) -> None:
    if not changes:
        return
    held = await rows.held_checks(db, connection_id, {one.external_id for one in changes})
    write: list[CheckState] = []
    refreshed: list[tuple[int, int]] = []
    before: list[int] = []
    for venue_id, states in _by_venue(places, changes).items():
        here = {external_id: one for (venue, external_id), one in held.items() if venue == venue_id}
        sorted_ = judged(here, states)
        note_all(applied, here, states, sorted_)
        changed = (*sorted_["created"], *sorted_["updated"])
        write += [_check_state(places[one.location], seen, one.check) for seen, one in changed]
        before += [here[seen.external_id].id for seen, _ in sorted_["updated"]]
        refreshed += revisions(sorted_["refreshed"], here)
    await rows.refresh(db, "checks", refreshed)
    applied.days |= await rows.days_of(db, "checks", before)
    applied.days |= await write_checks(db, connection_id, write)


def _by_venue(places: Mapping[str, Place], changes: Iterable[CheckSeen]) -> dict[int, list[tuple[State, CheckSeen]]]:
    by_venue: dict[int, list[tuple[State, CheckSeen]]] = {}
    for change in changes:
        seen = state(change.external_id, change.revision, _JSON.encode(change.check))
        by_venue.setdefault(places[change.location].venue_id, []).append((seen, change))
    return by_venue


def _check_state(place: Place, seen: State, check: Check) -> CheckState:
    return CheckState(
        place=place, external_id=seen.external_id, revision=seen.revision, digest=seen.digest, check=check
    )


async def _apply_parts(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[CheckSeen], applied: Applied
) -> None:
    if not changes:
        return
    rows_held = await rows.whole_checks(db, connection_id, {one.external_id for one in changes})
    held = {key: parted(_CHECK.decode(row.own), row.state.revision, row.parts) for key, row in rows_held.items()}
    told: dict[Key, tuple[Place, Parted]] = {}
    wholes = dict(held)
    for change in changes:
        place = places[change.location]
        key = (place.venue_id, change.external_id)
        part = part_of(change.check, change.revision)
        told[key] = (place, joined(told[key][1], part) if key in told else part)
        before = wholes.get(key)
        wholes[key] = joined(before, part) if before else part
        if before is None or not unchanged(before.check, wholes[key].check):
            applied.effects.add(state_key(change))
    write = []
    for key, (place, part) in told.items():
        known, whole = held.get(key), wholes[key]
        same = known is not None and unchanged(known.check, whole.check)
        count(applied, "unchanged" if same else "updated" if known else "created")
        count_lines(known.check if known else None, part.check, whole.check, applied)
        if known and not same:
            applied.days.add((key[0], rows_held[key].business_date))
        if whole != known:
            write.append(_part_state(place, key[1], whole))
    applied.days |= await write_checks(db, connection_id, write)


def _part_state(place: Place, external_id: str, whole: Parted) -> CheckState:
    # Parts are compared with what is held and not by digest, for they may come in any order.
    return CheckState(
        place=place,
        external_id=external_id,
        revision=whole.revision,
        digest=b"",
        check=whole.check,
        parts=_JSON.encode(whole.older),
    )


async def write_checks(db: rows.Db, connection_id: int, checks: Sequence[CheckState]) -> set[tuple[int, date]]:
    """Write checks together with their payments sent apart; the venues and business dates on which they stand."""
    return await _put(db, connection_id, await _settled(db, connection_id, checks))


async def settle(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], check_ids: Collection[str]
) -> set[tuple[int, date]]:
    """Write again the held checks that their payments change; their own state and revision stay what they were.

    Returns the venues and business dates on which those stand.
    """
    if not check_ids:
        return set()
    by_venue = {place.venue_id: place for place in places.values()}
    held = await rows.whole_checks(db, connection_id, check_ids)
    own = [_held_state(by_venue[key[0]], key[1], one) for key, one in held.items() if key[0] in by_venue]
    settled = await _settled(db, connection_id, own)
    return await _put(db, connection_id, [one for one in settled if _differs(one, held[one.key])])


def _held_state(place: Place, external_id: str, held: rows.HeldCheck) -> CheckState:
    return CheckState(
        place=place,
        external_id=external_id,
        revision=held.state.revision,
        digest=held.state.digest,
        check=_CHECK.decode(held.own),
        parts=held.parts,
    )


def _differs(settled: "_Settled", held: rows.HeldCheck) -> bool:
    return settled.owner != held.owner or settled.check != _CHECK.decode(held.body)


class _Settled(NamedTuple):
    """A check with its payments sent apart in it, and the external id of the guest whose check it is."""

    state: CheckState
    check: Check
    owner: str | None

    @property
    def key(self) -> Key:
        return self.state.place.venue_id, self.state.external_id


async def _settled(db: rows.Db, connection_id: int, checks: Sequence[CheckState]) -> list[_Settled]:
    if not checks:
        return []
    apart = await rows.payments_of(db, connection_id, [one.external_id for one in checks])
    settled = []
    for one in checks:
        payments = apart.get(one.external_id, ())
        check = with_payments(one.check, [_PAYMENT.decode(row["body"]) for row in payments])
        payer = next((row["guest_external_id"] for row in payments if row["guest_external_id"]), None)
        settled.append(_Settled(one, check, one.check.guest_id or payer))
    return settled


async def _put(db: rows.Db, connection_id: int, checks: Sequence[_Settled]) -> set[tuple[int, date]]:
    guests = await rows.guest_ids(db, connection_id, [one.owner for one in checks])
    table = [_check_row(one.state, one.check, guests[one.owner] if one.owner else None) for one in checks]
    external_ids = [one.state.external_id for one in checks]
    kin = await rows.refund_days(db, connection_id, external_ids)
    await rows.put(db, "checks", rows.CHECK, "venue_id, connection_id, external_id", connection_id, table)
    kin |= await rows.refund_days(db, connection_id, external_ids)
    return kin | {(row[0], row[4]) for row in table}


def _check_row(one: CheckState, check: Check, guest: int | None) -> tuple[Any, ...]:
    sums = add_up(check)
    return (
        one.place.venue_id,
        one.external_id,
        one.revision,
        one.digest,
        one.place.business_date(check.opened_at),
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
        None if check is one.check else _JSON.encode(one.check.payments).decode(),
        one.parts.decode() if one.parts else None,
    )
