"""Pages: an opaque cursor that names the last record shown, and holds only for the query it came from."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from servery.connectors.square.simulator.answers import bad

Key = tuple[str, str]
"""What a list is sorted by: a time or a name as text, then the id."""

Item = TypeVar("Item")


class Placed(Struct, Generic[Item], frozen=True):
    """A record with its place in one sorted list."""

    key: Key
    item: Item


class Wish(Struct, Generic[Item], frozen=True):
    """What a client asks of a list sorted upwards: from and to which text (both included), which records, how many.

    `query` is what a cursor is bound to.
    """

    query: Any
    limit: int
    cursor: str | None = None
    since: str = ""
    until: str = "\U0010ffff"
    wanted: Callable[[Item], bool] = lambda item: True
    descending: bool = False


class _Cursor(Struct, frozen=True, array_like=True):
    query: str
    after: Key


def page(ordered: Sequence[Placed[Item]], wish: Wish[Item]) -> tuple[list[Item], str]:
    """The next records after the cursor, and the cursor that follows; empty when there are no more."""
    mark = hashlib.sha256(msgspec.json.encode(wish.query, order="deterministic")).hexdigest()[:16]
    after = _read(wish.cursor, mark).after if wish.cursor else None
    shown: list[Placed[Item]] = []
    for placed in _walk(ordered, wish, after):
        if len(shown) == wish.limit:
            return [each.item for each in shown], _write(_Cursor(mark, shown[-1].key))
        if wish.wanted(placed.item):
            shown.append(placed)
    return [each.item for each in shown], ""


def _walk(ordered: Sequence[Placed[Item]], wish: Wish[Item], after: Key | None) -> Iterator[Placed[Item]]:
    low = bisect_left(ordered, (wish.since, ""), key=_key)
    high = bisect_right(ordered, (wish.until, "\U0010ffff"), key=_key)
    if wish.descending:
        if after:
            high = min(high, bisect_left(ordered, after, key=_key))
        return (ordered[place] for place in range(high - 1, low - 1, -1))
    if after:
        low = max(low, bisect_right(ordered, after, key=_key))
    return (ordered[place] for place in range(low, high))


def _key(placed: Placed[Any]) -> Key:
    return placed.key


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
