"""A reservation: who is expected, when, with how many, and what they asked for."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from servery.model.guest import SourceGuest

ReservationStatus = Literal[
    "requested", "waitlist", "booked", "confirmed", "arrived", "seated", "finished", "no_show", "cancelled", "declined"
]

EXPECTED: frozenset[ReservationStatus] = frozenset({"requested", "waitlist", "booked", "confirmed"})
"""The party has not come yet."""
CAME: frozenset[ReservationStatus] = frozenset({"arrived", "seated", "finished"})
"""The party came, so this is a visit."""
NEVER_CAME: frozenset[ReservationStatus] = frozenset({"no_show", "cancelled", "declined"})
"""The party will not come: no visit, and no check can be theirs."""


class Deposit(Struct, frozen=True):
    """Money paid or held before the visit, in minor units; a liability until the visit."""

    amount: int
    currency: str
    status: Literal["requested", "paid", "refunded", "forfeited"]


class Reservation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One booking as the reservation system has it. All instants UTC; `tables` are names as that system writes them."""

    status: ReservationStatus
    starts_at: datetime
    party_size: int
    duration: int | None = None
    """Minutes the table is held."""
    tables: tuple[str, ...] = ()
    area: str | None = None
    channel: str | None = None
    """Where it was booked: website, phone, walk-in, a marketplace's name."""
    requests: str | None = None
    """What the guest asked for, in their words."""
    occasion: str | None = None
    notes: str | None = None
    """What staff wrote for this visit only."""
    deposit: Deposit | None = None
    created_at: datetime | None = None
    seated_at: datetime | None = None
    left_at: datetime | None = None
    walk_in: bool = False
    guest_id: str | None = None
    """External id of the guest in the same system."""
    guest: SourceGuest | None = None
    """The guest's details as written on the booking, where the system sends them with it."""
    language: str | None = None
    reference: str | None = None
    """The code guest and staff use to name the booking."""
