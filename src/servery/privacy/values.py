"""The single values in a body that nobody could understand."""

from typing import Any

import msgspec


def values_in(body: bytes) -> list[str] | None:
    """Each text and whole number of a JSON document, in its order; None where it is none."""
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return _texts(whole)


def _texts(value: Any) -> list[str]:
    found, waiting = [], [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += reversed(one.values())
        elif isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, str | int) and not isinstance(one, bool):
            found.append(str(one))
    return found
