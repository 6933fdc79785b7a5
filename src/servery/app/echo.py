"""What we wrote into a system is no word of its own when it comes back: it is taken away before it is applied. Pure.

Scalars are ours when they are equal to what we wrote, lists and remarks entry by entry. What a record said before we
ever wrote it there stays its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import structs

from servery.model.guest import Note, SourceGuest
from servery.model.reservation import Reservation

Written = Mapping[str, Any]
"""What we wrote, by the name of the member that it comes back in, as `Sent.written` tells it."""

_SINGLE = ("name", "email", "phone", "language", "vip")
_SEVERAL = ("tags", "allergies", "preferences")
_PARTS = {"name": ("given_name", "family_name")}
"""Members that say the same again."""
_NOTHING = SourceGuest()


def own_words(guest: SourceGuest, written: Written, held: SourceGuest = _NOTHING) -> SourceGuest:
    """What a person's record says of its own; `held` is what it was known to say of its own before."""
    unsaid: dict[str, Any] = {}
    for name in _SINGLE:
        value = getattr(guest, name)
        if value is not None and _same(name, value, written.get(name)) and not _same(name, value, getattr(held, name)):
            unsaid |= dict.fromkeys((name, *_PARTS.get(name, ())))
    for name in _SEVERAL:
        kept = _others(getattr(guest, name), written.get(name), getattr(held, name))
        if kept != getattr(guest, name):
            unsaid[name] = kept
    if (notes := _other_notes(guest.notes, written.get("notes"), held.notes)) != guest.notes:
        unsaid["notes"] = notes
    if guest.marketing != "unknown" and guest.marketing == written.get("consent") != held.marketing:
        unsaid["marketing"] = "unknown"
    return structs.replace(guest, **unsaid) if unsaid else guest


def own_booking(booking: Reservation, written: Written) -> Reservation:
    """What a booking says of its own: without the remarks that we left on it."""
    notes = without_lines(booking.notes, written.get("visit_notes"))
    guest = own_words(booking.guest, written) if booking.guest else None
    if notes == booking.notes and guest == booking.guest:
        return booking
    return structs.replace(booking, notes=notes, guest=guest)


def without_lines(text: str | None, written: object) -> str | None:
    """A text without the lines of what we wrote into it."""
    ours = {line.strip() for entry in _entries(written) for line in entry.splitlines() if line.strip()}
    if text is None or not ours:
        return text
    return "\n".join(line for line in text.splitlines() if line.strip() not in ours).strip() or None


def _same(name: str, value: object, other: object) -> bool:
    if not isinstance(value, str) or not isinstance(other, str):
        return value == other
    return _digits(value) == _digits(other) if name == "phone" else _key(value) == _key(other)


def _digits(phone: str) -> str:
    """What is left of a number however it is written: with or without country code, zero or spaces."""
    return "".join(letter for letter in phone if letter.isdigit())[-_NATIONAL:]


_NATIONAL = 8
"""Digits at the end of a number that tell subscribers of one country apart."""


def _others(values: Sequence[str], written: object, held: Sequence[str]) -> tuple[str, ...]:
    ours = {_key(one) for one in _entries(written)} - {_key(one) for one in held}
    return tuple(one for one in values if _key(one) not in ours)


def _other_notes(notes: Sequence[Note], written: object, held: Sequence[Note]) -> tuple[Note, ...]:
    ours = {_key(one) for one in _entries(written)} - {_key(one.text) for one in held}
    return tuple(one for one in notes if _key(one.text) not in ours)


def _entries(written: object) -> Iterable[str]:
    if isinstance(written, str):
        return (written,)
    if not isinstance(written, list | tuple):
        return ()
    return (str(one["text"]) if isinstance(one, Mapping) else str(getattr(one, "text", one)) for one in written)


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
