"""Which value of a field is a guest's own where records differ: told, tried out, chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta, Struct

from servery.api.asked import demand, done, listed
from servery.api.problem import Asked, Fault, problem_answer
from servery.errors import Invalid
from servery.guests.survivorship import Effect, FieldRules
from servery.model.survivorship import Chosen, ChosenField, Rule
from servery.model.viewer import Viewer


class ChosenRule(Struct, frozen=True):
    """A rule: `owner` with the connection whose word counts, `recent`, or `complete`."""

    rule: Rule
    connection_id: int | None = None


class SurvivorshipRule(Struct, frozen=True, kw_only=True):
    """How one field is chosen."""

    field: ChosenField
    now: ChosenRule
    usual: Annotated[Rule, Meta(description="What holds where nobody chose.")]
    choices: tuple[Rule, ...]


class SurvivorshipRules(Struct, frozen=True):
    """All fields. `remaking` is how many guests are still to be made anew since a rule was chosen."""

    items: tuple[SurvivorshipRule, ...]
    remaking: int


class SurvivorshipChoice(Struct, frozen=True, kw_only=True):
    """Rules to be chosen, null for the usual one; with `dry_run` only what they would do is told."""

    fields: dict[ChosenField, ChosenRule | None]
    dry_run: bool = False


class ValueExample(Struct, frozen=True, kw_only=True):
    """A guest who would have another value."""

    guest_id: int
    before: str
    after: str


class SurvivorshipEffect(Struct, frozen=True, kw_only=True):
    """What another rule does to a field."""

    field: ChosenField
    before: ChosenRule
    after: ChosenRule
    changed: Annotated[int, Meta(description="Guests who have another value, of those looked at.")]
    looked_at: Annotated[int, Meta(description="Guests of several records who were looked at.")]
    more: Annotated[bool, Meta(description="There are more than were looked at.")]
    examples: tuple[ValueExample, ...]


class SurvivorshipEffects(Struct, frozen=True, kw_only=True):
    """What a choice does, field by field; those that stay as they are are left out."""

    items: tuple[SurvivorshipEffect, ...]
    dry_run: bool


class SurvivorshipUndone(Struct, frozen=True):
    """What was chosen last is taken back."""

    undone: bool


class Surviving(Protocol):
    """What these routes ask the house for."""

    async def rules(self, viewer: Viewer) -> FieldRules:
        """How each field is chosen."""

    async def effect(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> Sequence[Effect]:
        """What choosing these rules would do. Raises Invalid."""

    async def choose(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> int:
        """Choose them. Raises Invalid."""

    async def undo(self, viewer: Viewer) -> None:
        """Take back what was chosen last. Raises Refuse."""


TheSurviving = NamedDependency[SkipValidation[Surviving]]


@listed("/survivorship", tags=["Guests"])
async def survivorship(request: Asked, surviving: TheSurviving) -> Response[SurvivorshipRules]:
    """How each field of a guest is chosen where records differ."""
    demand(request, "see_connections")
    found = await surviving.rules(request.user)
    items = (
        SurvivorshipRule(field=one.field, now=_rule(one.now), usual=one.usual, choices=one.may) for one in found.fields
    )
    return Response(SurvivorshipRules(tuple(items), found.waiting))


@done("/survivorship", tags=["Guests"])
async def choose_survivorship(
    request: Asked, surviving: TheSurviving, data: JSONBody[SurvivorshipChoice]
) -> Response[SurvivorshipEffects]:
    """Choose how fields are chosen. Guests whom that changes are made anew in the background."""
    demand(request, "change_connections")
    wanted: dict[str, Chosen | None] = {
        field: Chosen(one.rule, one.connection_id) if one is not None else None for field, one in data.fields.items()
    }
    try:
        told = await surviving.effect(request.user, wanted)
        if not data.dry_run:
            await surviving.choose(request.user, wanted)
    except Invalid as error:
        words = error.told()
        answer: Response[Any] = problem_answer(
            request, 400, error.code, words, (Fault(f"/body/fields/{error.field}", words),)
        )
        return answer
    return Response(SurvivorshipEffects(items=tuple(map(_effect, told)), dry_run=data.dry_run))


@done("/survivorship/undo", tags=["Guests"])
async def undo_survivorship(request: Asked, surviving: TheSurviving) -> Response[SurvivorshipUndone]:
    """Take back what was chosen last."""
    demand(request, "change_connections")
    await surviving.undo(request.user)
    return Response(SurvivorshipUndone(True))


def _rule(one: Chosen) -> ChosenRule:
    return ChosenRule(one.rule, one.connection_id)


def _effect(one: Effect) -> SurvivorshipEffect:
    return SurvivorshipEffect(
        field=one.field,
        before=_rule(one.before),
        after=_rule(one.after),
        changed=one.changed,
        looked_at=one.looked_at,
        more=one.more,
        examples=tuple(
            ValueExample(guest_id=each.guest_id, before=each.before, after=each.after) for each in one.examples
        ),
    )
