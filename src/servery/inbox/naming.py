"""What a body says of itself before anybody reads it: which event it is, of which kind, of which merchant.

A body may be anything at all that somebody signed. What cannot be read names nothing, and is stored all the same.
"""

import math
from hashlib import blake2b

import msgspec
from msgspec import Raw

_LONGEST = 200
"""Characters of a name; what is longer is none."""


def named(body: bytes, *paths: str | None) -> list[str | None]:
    """The text or number at each path of member names parted by dots; None where there is none, or no path."""
    whole = _members(Raw(body)) if any(paths) else {}
    return [_text(_at(whole, path)) if path else None for path in paths]


def _members(value: Raw) -> dict[str, Raw]:
    try:
        return msgspec.json.decode(value, type=dict[str, Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}


def _at(members: dict[str, Raw], path: str) -> object:
    *within, last = path.split(".")
    for name in within:
        members = _members(members[name]) if name in members else {}
    try:
        return msgspec.json.decode(members[last])
    except (msgspec.MsgspecError, KeyError, RecursionError, UnicodeDecodeError):
        return None


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return plain(str(value)) or None


def plain(text: str) -> str:
    """A short text that any table can hold; empty where it is too long to be a name."""
    if len(text) > _LONGEST:
        return ""
    return text if text.isprintable() else text.encode(errors="replace").decode().replace("\0", "")


def digest(body: bytes) -> str:
    """What tells a body from any other, where its sender does not number events."""
    return f"body:{blake2b(body, digest_size=16).hexdigest()}"
