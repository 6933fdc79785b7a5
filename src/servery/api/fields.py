"""Who owns which field of a connection: which way each goes, what another choice would do, and choosing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta, Struct

from servery.api.asked import Id, ThePool, demand, once_done, shown
from servery.api.once import OnceKey, once
from servery.api.problem import Asked, Fault, problem_answer
from servery.api.single import single
from servery.errors import Invalid
from servery.model.commands import CommandKind, Field
from servery.model.ownership import Direction
from servery.model.viewer import Viewer


class FieldWay(Struct, frozen=True, kw_only=True):
    """One field. Directions are seen from here: `in` is what the system tells us, `out` what we write to it."""

    field: Field
    kind: CommandKind
    now: Direction
    usual: Annotated[Direction, Meta(description="What holds where nobody chose.")]
    choices: tuple[Direction, ...]
    note: Annotated[str, Meta(description="What the system cannot do with it.")]


class Remaking(Struct, frozen=True, kw_only=True):
    """How many guests are made anew since a field was chosen, of how many."""

    done: int
    total: int


class ConnectionFields(Struct, frozen=True, kw_only=True):
    """All fields of a connection. `remaking` is null when nothing is under way."""

    items: tuple[FieldWay, ...]
    remaking: Remaking | None


class FieldChoice(Struct, frozen=True, kw_only=True):
    """Directions to be chosen; with `dry_run` only what they would do is told."""

    fields: dict[Field, Direction]
    dry_run: bool = False


class FieldExample(Struct, frozen=True, kw_only=True):
    """A guest of whom something else is held to be true."""

    guest_id: int
    before: str
    after: str


class FieldEffect(Struct, frozen=True, kw_only=True):
    """What another direction does. Null: nothing of that changes."""

    field: Field
    before: Direction
    after: Direction
    written: Annotated[int | None, Meta(description="Guests, parties or visits written to, or no longer.")]
    changed: Annotated[int | None, Meta(description="Guests of whom something else is held to be true.")]
    examples: tuple[FieldExample, ...]


class FieldEffects(Struct, frozen=True, kw_only=True):
    """What a choice does, field by field; those that go the same way as before are left out."""

    items: tuple[FieldEffect, ...]
    dry_run: bool


class Choosing(Protocol):
    """What these routes ask the house for. NotFound for a connection that is not there."""

    async def told(self, viewer: Viewer, connection_id: int) -> ConnectionFields:
        """The fields of a connection."""

    async def chosen(
        self, viewer: Viewer, connection_id: int, wanted: Mapping[Field, Direction], dry_run: bool
    ) -> FieldEffects:
        """Choose directions, or only tell what they would do. Raises Invalid."""


TheChoosing = NamedDependency[SkipValidation[Choosing]]


@shown("/connections/{connection_id:int}/fields", tags=["Connections"])
async def connection_fields(request: Asked, choosing: TheChoosing, connection_id: Id) -> Response[ConnectionFields]:
    """Which way each field of a connection goes."""
    demand(request, "see_connections")
    return single(request, await choosing.told(request.user, connection_id))


@once_done("/connections/{connection_id:int}/fields", tags=["Connections"])
async def choose_fields(
    request: Asked,
    pool: ThePool,
    choosing: TheChoosing,
    connection_id: Id,
    data: JSONBody[FieldChoice],
    key: OnceKey = None,
) -> Response[FieldEffects]:
    """Choose which way fields go. Guests whom that changes are made anew in the background."""
    demand(request, "change_connections")

    async def choose() -> Response[Any]:
        try:
            return Response(await choosing.chosen(request.user, connection_id, data.fields, data.dry_run))
        except Invalid as error:
            return _refused(request, error)

    return await once(request, pool, key, choose)


def _refused(request: Asked, error: Invalid) -> Response[Any]:
    return problem_answer(request, 400, error.code, error.told(), (Fault(f"/body/fields/{error.field}", error.told()),))
