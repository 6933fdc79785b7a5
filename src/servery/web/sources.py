"""What the pages ask the house for. Each screen is given its data here, and knows no room and no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from servery.model.viewer import Viewer
from servery.venues.rows import KeptVenue
from servery.web.connections.page import ConnectionRow, Health
from servery.web.guests.page import GuestList, GuestsAsked, Profile
from servery.web.tonight.page import Evening


class Sources(Protocol):
    """The data of every screen, cut to what the viewer may see. Each call is one transaction."""

    async def places(self, viewer: Viewer) -> Sequence[KeptVenue]:
        """The venues, in the order in which people look for them."""

    async def evening(self, viewer: Viewer, place: KeptVenue, day: date | None) -> Evening:
        """One business date at a venue; None: the one that it is there now."""

    async def guests(self, viewer: Viewer, asked: GuestsAsked) -> GuestList:
        """Some of the guests, by name, or the best found first."""

    async def guest(self, viewer: Viewer, guest_id: int) -> Profile:
        """One guest, for whom the look is written down. Raises NotFound."""

    async def connections(self, viewer: Viewer) -> Sequence[ConnectionRow]:
        """The connections alone, the oldest first."""

    async def health(self, viewer: Viewer) -> Health:
        """The connections and the checks that were not placed; the looks at whose they may be are written down."""

    async def link(self, viewer: Viewer, check_id: int, reservation_id: int | None) -> None:
        """Say whose a check is; None: a walk-in's. Raises NotFound and Invalid."""

    async def unlink(self, viewer: Viewer, check_id: int) -> None:
        """Leave a check to the rules again. Raises NotFound."""

    async def read_now(self, viewer: Viewer, connection_id: int) -> None:
        """Have a connection read at once. Raises NotFound."""

    async def pause(self, viewer: Viewer, connection_id: int, paused: bool) -> None:
        """Stop reading a connection, or go on. Raises NotFound."""


TheSources = NamedDependency[SkipValidation[Sources]]
"""As a route asks for them."""
