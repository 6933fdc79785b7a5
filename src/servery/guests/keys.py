"""The exact keys of a contact: e-mail folded, phone as E.164; nothing where the contact is not one person's. Pure."""

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import phonenumbers

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]{2,}")


class Keys(NamedTuple):
    """By what a record's person can be known; None where it gives nothing of use."""

    email: str | None
    phone: str | None


@cache
def _shared() -> dict[str, Any]:
    return tomllib.loads(files("servery.guests").joinpath("shared_contacts.toml").read_text())


def email_key(email: str | None) -> str | None:
    """The address in lower case; None when it has no address's form, is a relay's, or a desk's."""
    address = (email or "").strip().casefold()
    if not _EMAIL.fullmatch(address):
        return None
    name, _, domain = address.rpartition("@")
    relayed = any(domain == relay or domain.endswith("." + relay) for relay in _shared()["relay_domains"])
    return None if relayed or name in _shared()["role_names"] else address


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
    return None if key.endswith(tuple(_shared()["junk_phone_endings"])) else key


def keys(email: str | None, phone: str | None, country: str | None) -> Keys:
    """A contact's exact keys."""
    return Keys(email_key(email), phone_key(phone, country))
