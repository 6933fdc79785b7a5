"""What the pages of events show, and what they ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, get_args

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from servery.connectors import registry
from servery.errors import ServeryError
from servery.inbox.events import EventRow, State, Stored
from servery.inbox.quarantine import Group, Stage, error_of
from servery.language.words import Words, words
from servery.model.changes import Change
from servery.model.viewer import Viewer
from servery.sync.finding import HeldRecord

STATES: tuple[State, ...] = get_args(State)
STAGES: tuple[Stage, ...] = get_args(Stage)
PAGE = 50
"""Events on one page."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Which events are asked for; `guest` is an id, or what is named `typed` in the address."""

    connection: int | None = None
    kind: str | None = None
    state: State | None = None
    stage: Stage | None = None
    code: str | None = None
    order: str | None = None
    guest: str | None = None
    before: int | None = None
    typed: str | None = None

    @property
    def query(self) -> dict[str, object]:
        """The parts of the address that say something, but for the page."""
        left = {"before", "guest" if self.typed else "typed"}
        named = {name: getattr(self, name) for name in self.__struct_fields__ if name not in left}
        return {name: value for name, value in named.items() if value not in (None, "")}


class Arrived(Struct, frozen=True, kw_only=True):
    """Some events, what rests in quarantine by reason, and what may be chosen among."""

    rows: Sequence[EventRow]
    next: int | None
    groups: Sequence[Group]
    connections: Mapping[int, str]
    kinds: Sequence[str]
    now: datetime


class Caused(Struct, frozen=True, kw_only=True):
    """What an outside system is to hold because of a record: a guest's, a party's or a visit's state there."""

    connection: str
    kind: str
    state: str
    sent_at: datetime | None


class Understood(Struct, frozen=True, kw_only=True):
    """What an event says, translated anew just now: with today's rules, not with those of when it came."""

    changes: Sequence[Change] = ()
    wanted: Sequence[tuple[str, str]] = ()
    news: Sequence[str] = ()
    error: ServeryError | None = None


class Whole(Struct, frozen=True, kw_only=True):
    """One event with all that is known of it. `names` are those of the guests it speaks of, by id."""

    stored: Stored
    understood: Understood
    records: Sequence[HeldRecord]
    names: Mapping[int, str | None]
    caused: Sequence[Caused]
    now: datetime


class Arrivals(Protocol):
    """The events, cut to what the viewer may see. Each call is one transaction."""

    async def arrived(self, viewer: Viewer, wanted: Wanted) -> Arrived:
        """Some events, the newest first."""

    async def event(self, viewer: Viewer, event_id: int) -> Whole:
        """One event; that it was looked at is written down. Raises NotFound."""

    async def replay(self, viewer: Viewer, event_id: int) -> None:
        """Have one taken in again. Raises NotFound and Refuse."""

    async def replay_group(self, viewer: Viewer, wanted: Wanted) -> int:
        """Have all that rest for one reason taken in again; how many."""

    async def dismiss(self, viewer: Viewer, wanted: Wanted, event_id: int | None) -> int:
        """Lay one aside, or all that rest for one reason; how many."""

    async def restore(self, viewer: Viewer, event_id: int) -> None:
        """Take a dismissal back, with all of the same stroke."""


TheArrivals = NamedDependency[SkipValidation[Arrivals]]
"""As a route asks for it."""


def why(row: EventRow | Group, spoken: Words) -> tuple[str, str]:
    """Why an event failed and what mends it, in the reader's language: most reasons are a connector's own words."""
    if row.reason is None:
        return "", ""
    return told(error_of(row.reason), row.connector, spoken)


def told(error: ServeryError, connector: str, spoken: Words) -> tuple[str, str]:
    """An error in the words of a language: what happened, and what mends it."""
    known = connector in registry.packages()
    language = words(spoken.language, registry.locale(connector)) if known else spoken
    mend = language.gettext(error.mend).format_map(error.params) if error.mend else ""
    template = language.gettext(error.template)
    return template.format_map(error.params) if error.params else template, mend
