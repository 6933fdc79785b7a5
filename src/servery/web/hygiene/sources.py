"""What the pages of guest data ask the house for."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from servery.guests.hygiene.ageing import Kind, Run
from servery.guests.hygiene.faults import Fault
from servery.guests.hygiene.mending import Listed
from servery.guests.hygiene.overview import Aged, Overview
from servery.model.viewer import Viewer


class Hygiene(Protocol):
    """Each call is one transaction. Forbidden for whose role does not include it."""

    async def shown(self, viewer: Viewer, month: date | None = None) -> Overview:
        """Everything of a month, or of the latest."""

    async def items(
        self, viewer: Viewer, list_id: int, fault: Fault | None = None, limit: int = 50, offset: int = 0
    ) -> Listed:
        """What stands on a list. Raises NotFound."""

    async def accept(self, viewer: Viewer, guest_id: int) -> int:
        """Write the address that was probably meant; the id of the edit. Raises NotFound, Invalid."""

    async def look(self, viewer: Viewer) -> None:
        """Look now."""

    async def old(self, viewer: Viewer, *, preview: bool = False) -> Aged:
        """The rules of ageing."""

    async def choose(self, viewer: Viewer, kind: Kind, months: int | None) -> None:
        """Choose a rule. Raises Invalid."""

    async def leave_out(self, viewer: Viewer) -> Run | None:
        """Have the rules done; None where nothing is that old."""

    async def undo(self, viewer: Viewer, run_id: int) -> Run:
        """Take a run back. Raises NotFound, Invalid."""


TheHygiene = NamedDependency[SkipValidation[Hygiene]]
"""As a route asks for it."""
