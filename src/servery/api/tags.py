"""Rules that give tags: which there are, what one would do, and changing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta, Struct

from servery.api.asked import Id, demand, done, listed
from servery.api.problem import Asked, Fault, problem_answer
from servery.errors import Invalid
from servery.guests.tagging.facts import FactName, Op
from servery.guests.tagging.rule import Condition, Draft, Effect, Match, Rule
from servery.model.viewer import Viewer


class TagCondition(Struct, frozen=True, kw_only=True):
    """One condition. Money is minor units of `currency`; `field` has or lacks a field; `channel` is its name."""

    fact: FactName
    op: Op
    value: int | str
    months: Annotated[int | None, Meta(description="Counted over so many months back; null: ever.")] = None
    venue_id: Annotated[int | None, Meta(description="At this venue alone.")] = None
    currency: str | None = None


class TagRuleChange(Struct, frozen=True, kw_only=True):
    """A rule as it is wanted. With `dry_run` only what it would do is told."""

    tag: str
    conditions: tuple[TagCondition, ...]
    match: Annotated[Match, Meta(description="Whether all conditions must hold, or any.")] = "all"
    dry_run: bool = False


class TagRule(Struct, frozen=True, kw_only=True):
    """A rule. `guests` have its tag by it now; `reckoned_at` is when all guests were last held against it."""

    id: int
    tag: str
    match: Match
    conditions: tuple[TagCondition, ...]
    guests: int
    made_at: datetime
    reckoned_at: datetime | None


class TagRuleList(Struct, frozen=True):
    """All rules, by the name of their tag."""

    items: tuple[TagRule, ...]


class TaggedGuest(Struct, frozen=True):
    """A guest who would get or lose a tag."""

    id: int
    name: str | None


class TagRuleEffect(Struct, frozen=True, kw_only=True):
    """What a rule does: how many guests have its tag then, who gets and loses it. `id` is null in a dry run."""

    id: int | None
    guests: int
    gained: int
    lost: int
    some_gained: tuple[TaggedGuest, ...]
    some_lost: tuple[TaggedGuest, ...]


class TagRuleDone(Struct, frozen=True):
    """The rule that was changed."""

    id: int


class Ruling(Protocol):
    """What these routes ask the house for."""

    async def rules(self, viewer: Viewer) -> Sequence[Rule]:
        """All rules."""

    async def effect(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> Effect:
        """What keeping a rule would do. Raises Invalid."""

    async def keep(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> int:
        """Keep a rule; its id. Raises Invalid, NotFound."""

    async def remove(self, viewer: Viewer, rule_id: int) -> None:
        """Remove a rule. Raises NotFound."""

    async def undo(self, viewer: Viewer, rule_id: int) -> None:
        """Take the last change of a rule back. Raises NotFound, Refuse."""


TheRuling = NamedDependency[SkipValidation[Ruling]]


@listed("/tag-rules", tags=["Guests"])
async def tag_rules(request: Asked, ruling: TheRuling) -> Response[TagRuleList]:
    """The rules that give tags."""
    demand(request, "make_rules")
    return Response(TagRuleList(tuple(_rule(one) for one in await ruling.rules(request.user))))


@done("/tag-rules", tags=["Guests"])
async def add_tag_rule(request: Asked, ruling: TheRuling, data: JSONBody[TagRuleChange]) -> Response[TagRuleEffect]:
    """Add a rule. Guests get its tag within moments, and lose it when it holds no more."""
    return await _keep(request, ruling, data, None)


@done("/tag-rules/{rule_id:int}", tags=["Guests"])
async def change_tag_rule(
    request: Asked, ruling: TheRuling, rule_id: Id, data: JSONBody[TagRuleChange]
) -> Response[TagRuleEffect]:
    """Word a rule otherwise."""
    return await _keep(request, ruling, data, rule_id)


@done("/tag-rules/{rule_id:int}/remove", tags=["Guests"])
async def remove_tag_rule(request: Asked, ruling: TheRuling, rule_id: Id) -> Response[TagRuleDone]:
    """Remove a rule: nobody has its tag by it any more."""
    demand(request, "make_rules")
    await ruling.remove(request.user, rule_id)
    return Response(TagRuleDone(rule_id))


@done("/tag-rules/{rule_id:int}/undo", tags=["Guests"])
async def undo_tag_rule(request: Asked, ruling: TheRuling, rule_id: Id) -> Response[TagRuleDone]:
    """Take the last change of a rule back."""
    demand(request, "make_rules")
    await ruling.undo(request.user, rule_id)
    return Response(TagRuleDone(rule_id))


async def _keep(request: Asked, ruling: Ruling, data: TagRuleChange, rule_id: int | None) -> Response[Any]:
    demand(request, "make_rules")
    conditions = tuple(Condition(**_members(one)) for one in data.conditions)
    draft = Draft(tag=data.tag, match=data.match, conditions=conditions)
    try:
        effect = await ruling.effect(request.user, draft, rule_id)
        kept = None if data.dry_run else await ruling.keep(request.user, draft, rule_id)
    except Invalid as error:
        told = error.told()
        return problem_answer(request, 400, error.code, told, (Fault(f"/body/{error.field}", told),))
    return Response(
        TagRuleEffect(
            id=kept,
            guests=effect.guests,
            gained=effect.gained,
            lost=effect.lost,
            some_gained=tuple(TaggedGuest(one.id, one.name) for one in effect.some_gained),
            some_lost=tuple(TaggedGuest(one.id, one.name) for one in effect.some_lost),
        )
    )


def _rule(one: Rule) -> TagRule:
    return TagRule(
        id=one.id,
        tag=one.tag,
        match=one.match,
        conditions=tuple(TagCondition(**_members(each)) for each in one.conditions),
        guests=one.guests,
        made_at=one.made_at,
        reckoned_at=one.reckoned_at,
    )


def _members(one: Condition | TagCondition) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Condition.__struct_fields__}
