"""What leaves: the state that an outside system is to hold of a guest, a party or a visit, in universal words.

A command says how things should stand, not what to change: sent twice, or with some states left out, it ends the same.
"""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from servery.model.guest import Consent, Note
from servery.model.reservation import ReservationStatus

CommandKind = Literal["guest", "party", "visit", "merge", "erasure"]
Field = Literal[
    "name", "contact", "consent", "vip", "tags", "allergies", "preferences", "notes", "figures", "usual",
    "party_size", "table", "requests", "occasion", "visit_notes",
    "spend", "items", "covers",
]  # fmt: skip
"""What ownership is decided for, field by field: of the guest, of the party expected, of the visit that was."""

FIELDS: dict[CommandKind, tuple[Field, ...]] = {
    "guest": ("name", "contact", "consent", "vip", "tags", "allergies", "preferences", "notes", "figures", "usual"),
    "party": ("party_size", "table", "requests", "occasion", "visit_notes"),
    "visit": ("spend", "items", "covers"),
    "merge": (),
    "erasure": (),
}
"""Which fields each kind carries; a party carries its guest's as well, a merge and an erasure only numbers."""


class Figures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guest's history in figures. Money in minor units of `currency`, of net spend without tips."""

    visits: int
    last_visit: date | None = None
    currency: str | None = None
    spend: int | None = None
    average_check: int | None = None


class Usual(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guest usually has, in the menu's words."""

    dish: str | None = None
    drink: str | None = None
    table: str | None = None


class GuestCard(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="guest"):
    """A guest as an outside system is to know them. A field that may not go there, or that nobody knows, is empty."""

    guest_id: int | None
    """None for a name on a booking that left nothing to know the person by: nobody's record may be made of it."""
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    """E.164 where it could be read as a phone number."""
    language: str | None = None
    consent: Consent = "unknown"
    vip: bool | None = None
    tags: tuple[str, ...] = ()
    allergies: tuple[str, ...] = ()
    preferences: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    figures: Figures | None = None
    usual: Usual | None = None


class PartyCard(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="party"):
    """A party that is expected, here or gone, as a till is to know it. `tables` are in the till's own words."""

    reservation_id: int
    location: str
    """External id of the venue in the system it is sent to."""
    status: ReservationStatus
    starts_at: datetime
    party_size: int | None = None
    duration: int | None = None
    """Minutes."""
    tables: tuple[str, ...] = ()
    requests: str | None = None
    occasion: str | None = None
    visit_notes: str | None = None
    guest: GuestCard | None = None
    guest_external_id: str | None = None
    """The guest's record in the system it is sent to, where there is one."""


class Item(Struct, frozen=True):
    """One thing a party had, and how many of it, as text (a decimal)."""

    name: str
    quantity: str


class VisitReport(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="visit"):
    """What a visit came to, as a reservation system is to know it. Money in minor units of `currency`."""

    visit_id: int
    reservation: str
    """External id of the booking in the system it is sent to."""
    guest_external_id: str | None = None
    business_date: date
    currency: str
    spend: int | None = None
    tips: int | None = None
    covers: int | None = None
    items: tuple[Item, ...] = ()
    checks: tuple[str, ...] = ()
    """Numbers of the checks, as staff read them."""
    seated_at: datetime | None = None
    left_at: datetime | None = None
    guest: GuestCard | None = None
    """The guest with the figures that this visit made."""


class MergeTold(Struct, frozen=True, kw_only=True, tag="merge"):
    """Two guests became one, or were parted again. It never changes: another step is told by itself.

    `guest_id` has everything of both (merged), or what is its own (parted); `records` are how many went to or from it.
    """

    step_id: int
    guest_id: int
    other_id: int
    merged: bool
    at: datetime
    by: Literal["rules", "source", "staff"]
    records: int


class ErasureTold(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="erasure"):
    """A guest was erased here, and is to be erased wherever they were told of. It never changes.

    `guest_ids` are the numbers that they had here, those they absorbed among them; `records` their ids in the other
    system, where it told us of them.
    """

    erasure_id: int
    guest_ids: tuple[int, ...]
    at: datetime
    records: tuple[str, ...] = ()


Command = GuestCard | PartyCard | VisitReport | MergeTold | ErasureTold
