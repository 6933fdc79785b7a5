"""A record as it is heard where some of what it says grew old. Pure, but for the question by which rows tell it."""

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import LiteralString

from msgspec import structs

from servery.guests.golden import Record

LEFT_OUT: LiteralString = """(select array_agg(a.kind || ':' || encode(coalesce(a.value_hash, ''), 'hex'))
    from aged_fact a where a.source_guest_id = s.id and a.heard_at is null)"""
"""Of a record `s`: the kinds that are left out, and of lists by hash which entry; null for nothing."""


def without_aged(record: Record, left_out: Collection[str]) -> Record:
    """A record without what grew old of it."""
    guest, out = record.guest, set(left_out)
    unsaid: dict[str, object] = {
        "preferences": _rest(guest.preferences, "preference", out),
        "allergies": _rest(guest.allergies, "allergy", out),
        "notes": tuple(one for one in guest.notes if _mark("note", one.text) not in out),
    }
    phone = record.phone
    if "phone:" in out:
        phone, unsaid["phone"] = None, None
    if "email:" in out:
        unsaid["email"] = None
    if "address:" in out:
        unsaid |= {"postcode": None, "city": None}
    return structs.replace(record, phone=phone, guest=structs.replace(guest, **unsaid))


def _rest(values: Iterable[str], kind: str, out: set[str]) -> tuple[str, ...]:
    return tuple(one for one in values if _mark(kind, one) not in out)


def _mark(kind: str, value: str) -> str:
    return f"{kind}:{sha256(value.encode()).hexdigest()}"
