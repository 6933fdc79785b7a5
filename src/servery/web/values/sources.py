"""What the page of survivorship asks the house for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from servery.guests.survivorship import Effect, FieldRules
from servery.model.survivorship import Chosen
from servery.model.viewer import Viewer


class Survivorship(Protocol):
    """Which value is a guest's own. Each call is one transaction."""

    async def rules(self, viewer: Viewer) -> FieldRules:
        """How each field is chosen."""

    async def effect(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> Sequence[Effect]:
        """What choosing these rules would do. Raises Invalid."""

    async def choose(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> int:
        """Choose them; how many fields go otherwise now. Raises Invalid."""

    async def undo(self, viewer: Viewer) -> None:
        """Take back what was chosen last. Raises Refuse."""


TheSurvivorship = NamedDependency[SkipValidation[Survivorship]]
"""As a route asks for it."""
