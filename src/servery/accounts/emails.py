"""E-mail addresses as names to sign in by."""

from __future__ import annotations

import re
import unicodedata

from servery.errors import Invalid

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_LONGEST = 254
"""Characters; RFC 5321 allows no more on the way."""


def folded(email: str) -> str:
    """The form in which two spellings of one address are equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).strip().casefold())


def is_email(text: str) -> bool:
    """Whether `text` has the form of an address. Only a letter that arrives proves more."""
    return bool(_ADDRESS.fullmatch(text)) and text.isprintable() and len(text) <= _LONGEST


def check_email(text: str) -> str:
    """`text` without the blanks around it; raises Invalid where that is no address."""
    email = text.strip()
    if not (is_email(email) and is_email(folded(email))):
        raise Invalid("This is not an e-mail address.", field="email", mend="Take one such as anna@example.com.")
    return email
