"""Which records a change speaks of: by them a person's data is found in what came, and what came of an order."""

from collections.abc import Iterable

from servery.model.changes import (
    Change,
    CheckSeen,
    GuestSeen,
    MenuSeen,
    PaymentSeen,
    RecordKind,
    Removed,
    ReservationSeen,
)

Subject = tuple[RecordKind, str]
"""A kind of record and the id that its source gives it."""


def subjects(changes: Iterable[Change]) -> set[Subject]:
    """The records that these changes are of, and the guests, bookings and checks that they name."""
    found: set[Subject] = set()
    for change in changes:
        found |= {(kind, name) for kind, name in _named(change) if name}
    return found


def _named(change: Change) -> list[tuple[RecordKind, str | None]]:
    match change:
        case GuestSeen():
            found: list[tuple[RecordKind, str | None]] = [("guest", change.external_id)]
        case ReservationSeen():
            found = [("reservation", change.external_id), ("guest", change.reservation.guest_id)]
        case CheckSeen():
            check = change.check
            found = [("check", change.external_id), ("guest", check.guest_id), ("reservation", check.reservation_id)]
        case PaymentSeen():
            found = [("payment", change.external_id), ("check", change.check_id), ("guest", change.guest_id)]
        case Removed():
            found = [(change.kind, change.external_id), (change.kind, change.merged_into)]
        case _:
            found = [("menu" if isinstance(change, MenuSeen) else "tables", change.external_id)]
    return found
