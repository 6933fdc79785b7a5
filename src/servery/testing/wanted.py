"""Commands as the house would send them: a guest, a party and a visit, each in more than one state."""

from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from servery.connectors.contract import Account
from servery.model.commands import (
    FIELDS,
    Command,
    ErasureTold,
    Field,
    Figures,
    GuestCard,
    Item,
    MergeTold,
    PartyCard,
    Usual,
    VisitReport,
)
from servery.model.guest import Note
from servery.model.reservation import ReservationStatus
from servery.testing.evening import NOW, reservation_id

CANCELLED = 3
"""The state of a party that will not come."""
_STATUSES: dict[int, ReservationStatus] = {1: "booked", 2: "seated", CANCELLED: "cancelled"}


def command(kind: str, account: Account, state: int, fields: frozenset[Field], number: int = 1) -> Command:
    """A command of a kind, in one of its states (1, 2 or CANCELLED), cut to the fields that go out."""
    if kind == "guest":
        return _guest(state, fields, number)
    if kind == "party":
        return _party(account, state, fields, number)
    if kind == "merge":
        return _merge(number)
    if kind == "erasure":
        return ErasureTold(erasure_id=500 + number, guest_ids=(101, 102), at=NOW, records=("theirs-1",))
    return _visit(state, fields)


def _merge(number: int) -> MergeTold:
    return MergeTold(
        step_id=400 + number, guest_id=101, other_id=102 + number, merged=True, at=NOW, by="staff", records=2
    )


def _guest(state: int, fields: frozenset[Field], number: int = 1) -> GuestCard:
    full = GuestCard(
        guest_id=100 + number,
        name=f"Bodil Eftertest{number}",
        email=f"bodil.{number}@example.org",
        phone=f"+4551{number:06}",
        language="da",
        vip=True,
        tags=("regular",),
        allergies=("nuts",) if state == 1 else ("nuts", "milk"),
        preferences=("window",),
        notes=(Note("Prefers the corner"),),
        figures=Figures(visits=3 + state, last_visit=NOW.date(), currency="DKK", spend=150_000, average_check=50_000),
        usual=Usual(dish="Ribeye", drink="House red", table="7A"),
    )
    cut: GuestCard = _cut(full, fields)
    return cut


_HOLDS: dict[Field, tuple[str, ...]] = {
    "name": ("name",), "contact": ("email", "phone", "language"), "consent": ("consent",), "vip": ("vip",),
    "tags": ("tags",), "allergies": ("allergies",), "preferences": ("preferences",), "notes": ("notes",),
    "figures": ("figures",), "usual": ("usual",), "party_size": ("party_size",), "table": ("tables",),
    "requests": ("requests",), "occasion": ("occasion",), "visit_notes": ("visit_notes",),
    "spend": ("spend", "tips"), "items": ("items",), "covers": ("covers",),
}  # fmt: skip
"""Which members of a command hold each field."""


def _cut(full: Any, fields: frozenset[Field]) -> Any:
    """The command with the fields emptied that may not go out."""
    empty = type(full)(**{name: getattr(full, name) for name in _required(type(full))})
    kept = {member for field in fields for member in _HOLDS[field] if hasattr(full, member)}
    others = {"duration", "seated_at", "left_at", "checks", "guest", "guest_external_id"} & set(full.__struct_fields__)
    return replace(empty, **{name: getattr(full, name) for name in kept | others})


def _required(kind: Any) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind) if field.required]


def _party(account: Account, state: int, fields: frozenset[Field], number: int = 1) -> PartyCard:
    full = PartyCard(
        reservation_id=200 + number,
        location=account.locations[0].external_id,
        status=_STATUSES[state],
        starts_at=NOW + timedelta(hours=number),
        party_size=3 + state,
        duration=120,
        tables=("7A",),
        requests="A quiet table, please",
        occasion="Birthday",
        visit_notes="Fourth visit, usually the ribeye",
        guest=_guest(1, fields, number) if fields & {*FIELDS["guest"]} else None,
    )
    cut: PartyCard = _cut(full, fields)
    return cut


def _visit(state: int, fields: frozenset[Field]) -> VisitReport:
    full = VisitReport(
        visit_id=300,
        reservation=reservation_id(1),
        business_date=NOW.date(),
        currency="DKK",
        spend=56_000 + state,
        tips=500,
        covers=2,
        items=(Item("Ribeye", "2"), Item("House red", "1")),
        checks=("00001",),
        guest=_guest(state, fields) if fields & {"figures", "usual"} else None,
    )
    cut: VisitReport = _cut(full, fields)
    return cut
