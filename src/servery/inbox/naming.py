"""What a body says of itself before anybody reads it: which event it is, of which kind, of which merchant.

A body may be anything at all that somebody signed. What cannot be read names nothing, and is stored all the same.
"""

import math
from hashlib import blake2b

import msgspec
from msgspec import Raw

_LONGEST = 200
"""Characters of a name; what is longer is none."""


def named(body: bytes, path: str) -> str | None:
    """The text or number that stands at a path of member names parted by dots; None where there is none."""
    try:
        value = Raw(body)
        for member in path.split("."):
            value = msgspec.json.decode(value, type=dict[str, Raw])[member]
        found = msgspec.json.decode(value)
    except (msgspec.MsgspecError, KeyError, RecursionError, UnicodeDecodeError):
        return None
    return _text(found)


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return plain(str(value)) or None


def plain(text: str) -> str:
    """A short text that any table can hold; empty where it is too long to be a name."""
    return text.encode(errors="replace").decode().replace("\0", "") if len(text) <= _LONGEST else ""


def digest(body: bytes) -> str:
    """What tells a body from any other, where its sender does not number events."""
    return f"body:{blake2b(body, digest_size=16).hexdigest()}"
