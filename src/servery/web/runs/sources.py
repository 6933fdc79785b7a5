"""What the page of runs over all guests shows, and what it asks the house for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from servery.guests.matching.history import GuestRun, GuestWeights
from servery.guests.matching.kept import ToldJoin
from servery.guests.matching.work import Work
from servery.model.viewer import Viewer
from servery.profile.listing import GuestRow


class Join(Struct, frozen=True):
    """Guests who would be one, as far as the viewer may see them; those that are gone are left out."""

    told: ToldJoin
    guests: tuple[GuestRow, ...]


class Odd(Struct, frozen=True):
    """A guest with a record that may be somebody else's: in which system it is, and what it is called there."""

    guest: GuestRow
    connection: str
    external_id: str


class Look(Struct, frozen=True):
    """What a look found: those who would be one, the least sure first, from behind `after`; `further`: more follow."""

    work: Work
    joins: Sequence[Join]
    further: int | None
    after: int
    parts: Sequence[Odd]


class Shown(Struct, frozen=True):
    """Everything on the page. `latest` is what was asked for last, `names` are those of authors."""

    latest: Work | None
    look: Look | None
    runs: Sequence[GuestRun]
    weights: Sequence[GuestWeights]
    names: Mapping[str, str]


class Runs(Protocol):
    """Runs over all guests. Each deed is only asked for: the worker does it. Forbidden, and AtWork for two at once."""

    async def shown(self, viewer: Viewer, after: int = 0) -> Shown:
        """All of the page; of what a look found those behind a place."""

    async def look(self, viewer: Viewer, weights: int | None = None) -> Work:
        """Ask for a look. NotFound where there are no such weights."""

    async def learn(self, viewer: Viewer) -> Work:
        """Ask for weights to be learnt."""

    async def join(self, viewer: Viewer, look_id: int) -> Work:
        """Ask for the guests to be joined whom a look found. NotFound, Invalid."""

    async def undo(self, viewer: Viewer, run_id: int) -> Work:
        """Ask for a run to be taken back. NotFound, Invalid."""

    async def leave(self, viewer: Viewer, look_id: int) -> Work:
        """Leave a look and what it found. NotFound, Invalid."""


TheRuns = NamedDependency[SkipValidation[Runs]]
