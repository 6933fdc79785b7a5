"""What the page of fields shows, and what it asks the house for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from servery.model.commands import CommandKind, Field
from servery.model.ownership import Direction
from servery.model.viewer import Viewer


class FieldRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field: which way it goes, which ways it may be chosen to go, and what the system cannot do with it."""

    field: Field
    kind: CommandKind
    now: Direction
    usual: Direction
    choices: tuple[Direction, ...]
    note: str = ""


class FieldsPage(Struct, frozen=True, kw_only=True):
    """The fields of one connection. `done` of `total` guests are made anew; None when nothing is under way."""

    id: int
    name: str
    connector: str
    title: str
    rows: Sequence[FieldRow]
    done: int | None = None
    total: int = 0


class FieldExample(Struct, frozen=True):
    """A guest of whom something else would be held to be true; values as text, empty for nothing."""

    guest_id: int
    name: str
    before: str
    after: str


class FieldEffect(Struct, frozen=True, kw_only=True):
    """What another direction does.

    `written` tells how many are written to in this field or no longer are, `changed` of how many guests something else
    is held to be true; None: nothing of that changes.
    """

    field: Field
    kind: CommandKind
    before: Direction
    after: Direction
    written: int | None = None
    changed: int | None = None
    examples: Sequence[FieldExample] = ()


class FieldChoices(Protocol):
    """The fields of connections. Each call is a transaction; NotFound for a connection that is not there."""

    async def fields(self, viewer: Viewer, connection_id: int) -> FieldsPage:
        """The fields of one connection."""

    async def effect(self, viewer: Viewer, connection_id: int, wanted: Mapping[str, str]) -> Sequence[FieldEffect]:
        """What choosing these directions would do. Raises Invalid."""

    async def choose(self, viewer: Viewer, connection_id: int, wanted: Mapping[str, str]) -> int:
        """Choose them; how many go another way now. Raises Invalid."""

    async def undo(self, viewer: Viewer, connection_id: int) -> None:
        """Take back what was chosen last. Raises Refuse."""


TheFields = NamedDependency[SkipValidation[FieldChoices]]
"""As a route asks for them."""
