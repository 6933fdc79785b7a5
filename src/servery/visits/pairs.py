"""Tables under another name: what a person has paired is read where checks and bookings are matched.

Records keep the names that their system gave them, so a pair that is changed holds for the past as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow

_APART = "\N{PRIME}"
"""Marks a key that a person said is none of the venue's other tables, though it may be written like one."""


class Pairs:
    """The pairs of some venues: gives the key by which a table of one connection is known at its venue."""

    def __init__(self, given: Mapping[tuple[int, int, str], str | None]) -> None:
        self._given = given
        self._named: dict[tuple[int, int], frozenset[str]] = {}
        for venue_id, connection_id, key in given:
            place = venue_id, connection_id
            self._named[place] = self._named.get(place, frozenset()) | {key}

    def key(self, venue_id: int, connection_id: int, key: str) -> str:
        """The venue's key of a table that this connection's own key names."""
        paired = self._given.get((venue_id, connection_id, key), key)
        return key + _APART if paired is None else paired

    def keys(self, venue_id: int, connection_id: int, keys: Iterable[str]) -> frozenset[str]:
        """The same for several tables."""
        return frozenset(self.key(venue_id, connection_id, key) for key in keys)

    def known(self, venue_id: int, connection_id: int, tables: frozenset[str]) -> frozenset[str]:
        """`tables` with those of this connection that were paired: what it writes on a check may be one of them."""
        named = self._named.get((venue_id, connection_id))
        return tables | named if named else tables


async def pairs(db: AsyncConnection[DictRow], venue_ids: Iterable[int]) -> Pairs:
    """What people have paired at these venues."""
    cursor = await db.execute(
        "select venue_id, connection_id, their_key, table_key from table_pair where venue_id = any(%s)",
        [sorted(set(venue_ids))],
    )
    rows: list[dict[str, Any]] = await cursor.fetchall()
    return Pairs({(row["venue_id"], row["connection_id"], row["their_key"]): row["table_key"] for row in rows})
