"""What the pages of tags by rule ask the house for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from servery.guests.tagging.rule import Draft, Effect, Rule
from servery.model.viewer import Viewer


class TagRules(Protocol):
    """Rules that give tags. Each call is one transaction; Forbidden for whose role does not make rules."""

    async def rules(self, viewer: Viewer) -> Sequence[Rule]:
        """All rules, by the name of their tag."""

    async def rule(self, viewer: Viewer, rule_id: int) -> Rule:
        """One rule. Raises NotFound."""

    async def channels(self, viewer: Viewer) -> Sequence[str]:
        """Channels that bookings came through of late."""

    async def effect(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> Effect:
        """What keeping a rule would do. Raises Invalid."""

    async def keep(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> int:
        """Keep a new rule, or another wording of one; its id. Raises Invalid, NotFound."""

    async def remove(self, viewer: Viewer, rule_id: int) -> None:
        """Remove a rule. Raises NotFound."""

    async def undo(self, viewer: Viewer, rule_id: int) -> None:
        """Take the last change of a rule back. Raises NotFound, Refuse."""


TheTagRules = NamedDependency[SkipValidation[TagRules]]
"""As a route asks for it."""
