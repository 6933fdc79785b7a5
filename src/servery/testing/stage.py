"""The stage: one outside system's state in universal words, which a simulator shows as its vendor would.

A simulator renders what stands here and adds nothing; who writes the stage decides what has happened.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from servery.model.guest import SourceGuest
from servery.model.menu import Menu
from servery.model.order import Check
from servery.model.reservation import Reservation
from servery.model.venue import Venue

Record = TypeVar("Record")


class Staged(Struct, Generic[Record], frozen=True):
    """One record in its present state; a deleted one stays, marked, as vendors' feeds need it.

    `created_at` is what the vendor shows, `modified_at` when its server last saw a change, both UTC; `version` counts
    its states from 1.
    """

    external_id: str
    record: Record
    created_at: datetime
    modified_at: datetime
    version: int = 1
    deleted: bool = False


class Shelf(Generic[Record]):
    """All records of one kind, by id and in order of modification."""

    def __init__(self) -> None:
        self._by_id: dict[str, Staged[Record]] = {}
        self._by_modified: list[tuple[datetime, str]] = []

    def put(self, external_id: str, record: Record, at: datetime, created_at: datetime | None = None) -> None:
        """Add a record, or its next state, as of `at`; `created_at` where it is shown older than it arrived."""
        before = self._by_id.get(external_id)
        created = before.created_at if before else created_at or at
        self._replace(Staged(external_id, record, created, at, before.version + 1 if before else 1))

    def delete(self, external_id: str, at: datetime) -> None:
        """Mark a record deleted as of `at`."""
        before = self._by_id[external_id]
        self._replace(Staged(external_id, before.record, before.created_at, at, before.version + 1, deleted=True))

    def _replace(self, staged: Staged[Record]) -> None:
        before = self._by_id.get(staged.external_id)
        if before is not None:
            key = (before.modified_at, before.external_id)
            del self._by_modified[bisect_left(self._by_modified, key)]
        self._by_id[staged.external_id] = staged
        insort(self._by_modified, (staged.modified_at, staged.external_id))

    def get(self, external_id: str) -> Staged[Record] | None:
        """The record with this id, or None."""
        return self._by_id.get(external_id)

    def modified(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Staged[Record]]:
        """Records in order of modification (then id), `since` included and `until` excluded."""
        start = bisect_left(self._by_modified, (since, "")) if since else 0
        stop = bisect_left(self._by_modified, (until, "")) if until else len(self._by_modified)
        return (self._by_id[external_id] for _, external_id in self._by_modified[start:stop])

    def __iter__(self) -> Iterator[Staged[Record]]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)


class Stage:
    """One vendor account with one location, as that vendor knows it."""

    def __init__(self, venue: Venue, location_id: str, country: str, menu: Menu | None = None) -> None:
        self.venue = venue
        self.location_id = location_id
        self.country = country
        """ISO 3166, two letters."""
        self.menu = menu
        self.menu_modified_at: datetime | None = None
        self.guests: Shelf[SourceGuest] = Shelf()
        self.reservations: Shelf[Reservation] = Shelf()
        self.checks: Shelf[Check] = Shelf()
