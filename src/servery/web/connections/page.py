"""What the page of connections shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from servery.connectors import registry
from servery.connectors.contract import Evidence, Kind, Quality
from servery.errors import ServeryError
from servery.health.report import State
from servery.language.words import words
from servery.model.visit import Reason
from servery.sync.status import Contradiction

Unplaced = Literal["ambiguous", "no_booking", "no_table"]
"""Why no rule placed a check: several bookings fit alike, none was near, or it names no table."""


class Backfill(Struct, frozen=True, kw_only=True):
    """How far the reading of the past has come. `seconds_left` is None while nobody can tell.

    `goes_on_at` is when it goes on where it waits for the end of service.
    """

    done: int
    total: int
    seconds_left: float | None = None
    reached: datetime | None = None
    """The oldest instant read so far: the past is read newest first."""
    goes_on_at: datetime | None = None


class Trouble(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last thing that went wrong, as ServeryError carries it, and what happens next."""

    template: str
    params: Mapping[str, Any] = {}
    mend: str | None = None
    field: str | None = None
    at: datetime | None = None
    retry_at: datetime | None = None

    def told(self, language: str, connector: str) -> str:
        """In the words of a language: most troubles are a connector's own, which brings its own messages."""
        error = ServeryError(self.template, mend=self.mend, **self.params)
        return error.told(words(language, registry.locale(connector)).gettext)


class ConnectionRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One connection to an outside system."""

    id: int
    name: str
    connector: str
    title: str
    kind: Kind
    quality: Quality
    evidence: Evidence
    state: State
    last_sync: datetime | None = None
    last_event: datetime | None = None
    lag: float | None = None
    """Seconds from the arrival of the newest event to its being taken in."""
    error_share: float | None = None
    queue_in: int = 0
    queue_out: int = 0
    quarantine: int = 0
    """Records kept aside because they could not be taken in."""
    refused: int = 0
    next_attempt: datetime | None = None
    down_since: datetime | None = None
    records: Mapping[str, int] = {}
    """How many records of each kind (see changes.RecordKind) are known from it."""
    backfill: Backfill | None = None
    trouble: Trouble | None = None
    venues: tuple[str, ...] = ()
    polled: bool = True
    """Whether it is read from time to time; files only come when somebody brings one."""


class Candidate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A booking that a check may belong to. `score` is between 0 and 1."""

    reservation_id: int
    name: str | None
    starts_at: datetime
    party_size: int
    score: float
    tables: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


class LooseCheck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check that no rule could place. `total` in minor units, None for who may not see money."""

    id: int
    why: Unplaced
    opened_at: datetime
    time_zone: str
    venue: str
    currency: str
    number: str | None = None
    table: str | None = None
    label: str | None = None
    covers: int | None = None
    total: int | None = None
    candidates: tuple[Candidate, ...] = ()


class Placed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check that a person placed, with who did it and when. Without a booking it is a walk-in's."""

    id: int
    opened_at: datetime
    time_zone: str
    venue: str
    currency: str
    at: datetime
    who: str
    number: str | None = None
    table: str | None = None
    label: str | None = None
    total: int | None = None
    booked: bool = False
    name: str | None = None
    starts_at: datetime | None = None


class Health(Struct, frozen=True, kw_only=True):
    """All connections, the newest of the checks that could not be placed, and those lately placed by a person.

    `contradictions` are the newest checks that do not add up, of so many in all; none for who may not see money.
    """

    connections: Sequence[ConnectionRow]
    loose: Sequence[LooseCheck] = ()
    loose_total: int = 0
    placed: Sequence[Placed] = ()
    contradictions: Sequence[Contradiction] = ()
    contradictions_total: int = 0
    now: datetime
