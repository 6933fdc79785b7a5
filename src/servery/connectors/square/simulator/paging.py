"""Pages: an opaque cursor that names the last record shown, and holds only for the query it came from."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from servery.connectors.square.simulator.answers import bad

Key = tuple[str, str]
"""What a list is sorted by: the time as text, or a name, then the id."""


class Keyed(Protocol):
    """A record in a list."""

    @property
    def key(self) -> Key:
        """Its place in the list."""


Item = TypeVar("Item", bound=Keyed)


class _Cursor(Struct, frozen=True, array_like=True):
    query: str
    after: Key


def page(items: Sequence[Item], query: Any, cursor: str | None, limit: int, descending: bool) -> tuple[list[Item], str]:
    """The next `limit` items after the cursor, and the cursor that follows; empty when there are no more."""
    ordered = sorted(items, key=_key)
    mark = hashlib.sha256(msgspec.json.encode(query, order="deterministic")).hexdigest()[:16]
    if descending:
        ordered.reverse()
    start = _start(ordered, _read(cursor, mark).after, descending) if cursor else 0
    shown = ordered[start : start + limit]
    more = start + limit < len(ordered)
    return shown, _write(_Cursor(mark, shown[-1].key)) if more else ""


def _key(item: Keyed) -> Key:
    return item.key


def _start(ordered: Sequence[Keyed], after: Key, descending: bool) -> int:
    if not descending:
        return bisect_right(ordered, after, key=_key)
    # From the end, a list in descending order is one in ascending order.
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if ordered[middle].key >= after else (low, middle)
    return low


def _write(cursor: _Cursor) -> str:
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _read(text: str, mark: str) -> _Cursor:
    try:
        cursor = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
    except ValueError as error:
        raise bad("INVALID_CURSOR", "The cursor is not one of ours.", "cursor") from error
    if cursor.query != mark:
        raise bad("INVALID_CURSOR", "The cursor belongs to another query.", "cursor")
    return cursor
