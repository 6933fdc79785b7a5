"""What the pages of privacy ask the house for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from servery.model.viewer import Viewer
from servery.privacy.before import Before
from servery.privacy.controller import Written
from servery.privacy.handling import Handling
from servery.privacy.register import Register
from servery.privacy.requests import Request
from servery.privacy.retention import Kind as Kept
from servery.privacy.retention import Preview, Rule, Run


class Privacy(Handling, Protocol):
    """What the API asks, too, and what only pages do."""

    async def reopen_request(self, viewer: Viewer, request_id: int) -> Request:
        """Let the clock run on. Raises Refuse."""

    async def before(self, viewer: Viewer, guest_id: int) -> Before:
        """Who would be erased. Raises NotFound."""

    async def retention(self, viewer: Viewer) -> Sequence[tuple[Rule, int]]:
        """The rules, with how many each would touch now."""

    async def would_go(self, viewer: Viewer, kind: Kept, months: int) -> Preview:
        """What a rule would touch now. Raises Invalid."""

    async def retention_runs(self, viewer: Viewer) -> Sequence[Run]:
        """What the rules did."""

    async def keep(self, viewer: Viewer, kind: Kept, months: int | None) -> None:
        """Choose how long something is kept. Raises Invalid."""

    async def take_back_controller(self, viewer: Viewer, revision: int) -> Written:
        """Undo the change that led to this revision. Raises Refuse where another came after it."""

    async def register(self, viewer: Viewer) -> Register:
        """The register of processing."""


ThePrivacy = NamedDependency[SkipValidation[Privacy]]
"""As a route asks for it."""
