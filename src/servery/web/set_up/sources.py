"""What the pages of setting up ask the house for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from servery.model.viewer import Viewer
from servery.sync.pace import Rhythm, Step
from servery.web.set_up.page import Application, Arrival, DraftPage, Joined, Proof, TablesPage, VenueChosen


class SetUp(Protocol):
    """Each call is a transaction of its own. What fails raises a ServeryError that names the setting at fault."""

    async def prove(self, viewer: Viewer, connector: str, given: Mapping[str, str], name: str) -> int:
        """Try what was entered; the draft that keeps it where it works."""

    async def application(self, viewer: Viewer, connector: str) -> Application:
        """What is entered of a vendor's application, without its secrets."""

    async def set_application(self, viewer: Viewer, connector: str, given: Mapping[str, str]) -> None:
        """Enter or change a vendor's application."""

    async def send(
        self,
        viewer: Viewer,
        session: str,
        connector: str,
        given: Mapping[str, str],
        name: str,
        connection_id: int | None,
    ) -> str:
        """The address at a vendor to authorise us at, for a new connection or one that there is."""

    async def bring_back(self, viewer: Viewer, session: str, answer: Mapping[str, str]) -> Arrival:
        """Take what a vendor sent somebody back with."""

    async def draft(self, viewer: Viewer, draft_id: int) -> DraftPage:
        """What was proved, with the venues its locations may be."""

    async def join(self, viewer: Viewer, draft_id: int, name: str, chosen: Mapping[str, VenueChosen]) -> int:
        """Make a draft a connection; its id."""

    async def joined(self, viewer: Viewer, connection_id: int) -> Joined:
        """A connection with how far it is set up."""

    async def change(self, viewer: Viewer, connection_id: int, given: Mapping[str, str]) -> None:
        """Give a connection other credentials, tried first."""

    async def tables(self, viewer: Viewer, connection_id: int) -> TablesPage:
        """A connection's tables beside those of the venue's other systems."""

    async def pair(
        self, viewer: Viewer, connection_id: int, venue_id: int, chosen: Mapping[str, str | None], left: Sequence[str]
    ) -> None:
        """Pair tables by key, None for none of them; what is `left` nobody has decided."""

    async def choose_rhythm(self, viewer: Viewer, connection_id: int, rhythm: Rhythm) -> None:
        """Choose when things cross."""

    async def gone_through(self, viewer: Viewer, connection_id: int, step: Step) -> None:
        """Note that a step was gone through."""

    async def proof(self, viewer: Viewer, connection_id: int) -> Proof:
        """The latest verification, as far as it is."""

    async def verify(self, viewer: Viewer, connection_id: int, write: bool) -> None:
        """Begin a verification."""

    async def stop_waiting(self, viewer: Viewer, connection_id: int) -> None:
        """Go on without what a person was asked to do."""


TheSetUp = NamedDependency[SkipValidation[SetUp]]
"""As a route asks for it."""
