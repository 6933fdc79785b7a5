"""What connectors hand over: one record of an outside system, seen in one state, in universal words.

Every change carries the source's own id and a `revision`: a number that grows with each state of that record
at its source (a version, or the modified time in microseconds). By it any order and any number of repeats of the
same changes lead to the same final state.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

from msgspec import Struct, field

from servery.model.guest import SourceGuest
from servery.model.menu import Menu
from servery.model.order import Check, Payment
from servery.model.reservation import Reservation
from servery.model.venue import Table

RecordKind = Literal["guest", "reservation", "check", "payment", "menu", "tables"]
RemovedKind = Literal["guest", "reservation", "check", "payment"]
"""The kinds that a source takes away one by one; a menu or table plan is replaced as a whole."""


class GuestSeen(Struct, frozen=True, tag=True):
    """A person's record.

    `complete` is false where the record may leave out what its source knows (a file's columns): then what it does not
    give stays as it was.
    """

    external_id: str
    revision: int
    guest: SourceGuest
    complete: bool = True


class ReservationSeen(Struct, frozen=True, tag=True):
    """A booking at the location with this external id."""

    external_id: str
    revision: int
    location: str
    reservation: Reservation


class CheckSeen(Struct, frozen=True, tag=True):
    """A check at the location with this external id.

    `complete` is false where the record may hold only some of the check's lines (rows of a file): then its lines
    join those already known, by their external ids, which each of them carries. A source sends a check always whole
    or always in parts.
    """

    external_id: str
    revision: int
    location: str
    check: Check
    complete: bool = True


class PaymentSeen(Struct, frozen=True, tag=True):
    """A payment that its source sends apart from the check it pays."""

    external_id: str
    revision: int
    check_id: str
    payment: Payment
    guest_id: str | None = None
    """External id of the payer, where the source knows them."""


class MenuSeen(Struct, frozen=True, tag=True):
    """The whole catalogue of a location, or with location None of all of them."""

    external_id: str
    revision: int
    location: str | None
    menu: Menu


class TablesSeen(Struct, frozen=True, tag=True):
    """All tables of a location."""

    external_id: str
    revision: int
    location: str
    tables: tuple[Table, ...]


class Removed(Struct, frozen=True, tag=True):
    """A record its source deleted, or merged into another of the same kind; a newer state of it brings it back."""

    external_id: str
    revision: int
    kind: RemovedKind
    merged_into: str | None = None


Change = GuestSeen | ReservationSeen | CheckSeen | PaymentSeen | MenuSeen | TablesSeen | Removed
StateKey = tuple[str, str, str, int]
"""One state of one record: what kind of change tells it, of what kind or location, the record's id, its revision."""


def state_key(change: Change) -> StateKey:
    """The state that a change tells: two changes with one key say the same."""
    where = change.kind if isinstance(change, Removed) else getattr(change, "location", None) or ""
    return type(change).__name__, where, change.external_id, change.revision


def revision_at(modified: datetime) -> int:
    """A modified time as a revision: microseconds since 1970 UTC."""
    return (modified - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def modified_at(revision: int) -> datetime | None:
    """The modified time that a revision stands for; None for one that is a version (no system counts that far)."""
    since = timedelta(microseconds=revision)
    if not timedelta(days=10_000) < since < timedelta(days=100_000):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + since


class Applied(Struct, kw_only=True):
    """What one set of changes did to the records: what the next rooms need in order to go on from there."""

    guests: list[int] = field(default_factory=list)
    """Ids of source guests that are new or say something new."""
    days: set[tuple[int, date]] = field(default_factory=set)
    """Venue ids and business dates on which a reservation or a check is new, changed or gone."""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    lines_created: int = 0
    lines_updated: int = 0
    lines_unchanged: int = 0
    effects: set[StateKey] = field(default_factory=set)
    """The states that changed something, taken in the order in which they were told."""
    unplaced: list[Change] = field(default_factory=list)
    """Changes of a location that is no venue of ours."""
    held_back: frozenset[int] = frozenset()
    """The places, among the changes of the set, of those left out since somebody was erased."""
    emptied: frozenset[int] = frozenset()
    """The places of those that were taken in without the person, who was erased."""

    def add(self, other: "Applied") -> None:
        """Add what another set of changes did."""
        self.guests += other.guests
        self.days |= other.days
        self.unplaced += other.unplaced
        self.effects |= other.effects
        for count in ("created", "updated", "unchanged", "lines_created", "lines_updated", "lines_unchanged"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
