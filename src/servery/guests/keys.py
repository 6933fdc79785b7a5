"""The exact keys of a contact: e-mail folded, phone as E.164; nothing where the contact is not one person's. Pure."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from servery.guests.domains import kind_of, shared

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]{2,}")


class Keys(NamedTuple):
    """By what a record's person can be known; None where it gives nothing of use."""

    email: str | None
    phone: str | None


def email_key(email: str | None) -> str | None:
    """The address in lower case; None when it has no address's form, is a relay's, a one-time one, or a desk's."""
    address = (email or "").strip().casefold()
    if not _EMAIL.fullmatch(address):
        return None
    name, _, domain = address.rpartition("@")
    nobodys = kind_of(domain) in ("relay", "one_time") or name in shared()["role_names"]
    return None if nobodys else address


@lru_cache(maxsize=65_536)
def phone_key(phone: str | None, country: str | None) -> str | None:
    """The number as E.164, read in `country` where it has no country code; None when it is no valid number."""
    if not phone:
        return None
    try:
        parsed = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    key = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None if key.endswith(tuple(shared()["junk_phone_endings"])) else key


def phone_written(phone: str, countries: Collection[str | None]) -> str | None:
    """A number as E.164, where one of this length can be called in exactly one of these countries, or by its own code.

    None for every other: what no country has, and what could be read as numbers of several.
    """
    read = [number for country in countries or (None,) if (number := _possible(phone, country))]
    valid = [number for number in read if phonenumbers.is_valid_number(number)]
    found = {phonenumbers.format_number(one, phonenumbers.PhoneNumberFormat.E164) for one in valid or read}
    return found.pop() if len(found) == 1 else None


def _possible(phone: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def keys(email: str | None, phone: str | None, country: str | None) -> Keys:
    """A contact's exact keys."""
    return Keys(email_key(email), phone_key(phone, country))
