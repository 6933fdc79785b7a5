"""Guests that may be one person: who is, who is not, and taking either back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import Meta, Struct, structs

from servery.accounts.audit import looked
from servery.api.asked import Id, ThePool, demand, done, listed, shown
from servery.api.problem import Asked
from servery.guests import log
from servery.guests.log import Action
from servery.guests.matching import score
from servery.guests.matching.words import told
from servery.guests.suggest import CERTAIN, suggestion_count, suggestions
from servery.model.viewer import Viewer

Fields = Annotated[
    dict[str, str | bool | None],
    Meta(
        description="Of the values that the two have, those that are to hold after the merge, by field; the rules "
        "choose the rest. To choose needs the right to edit guests."
    ),
]
Reason = Annotated[str, Meta(max_length=500, description="Why, for the log.")]


class SuggestionReason(Struct, frozen=True):
    """How two records agree in one respect, and what that says: bits, above 0 for one person."""

    comparison: str
    level: str
    weight: float
    text: Annotated[str, Meta(description="In English.")]


class GuestSuggestion(Struct, frozen=True, kw_only=True):
    """Two guests that may be one person."""

    id: int
    guest_ids: tuple[int, int]
    probability: float
    reasons: tuple[SuggestionReason, ...]


class GuestSuggestions(Struct, frozen=True):
    """The likeliest first. What follows is behind the last one's id: give it as `after`."""

    items: tuple[GuestSuggestion, ...]
    total: Annotated[int, Meta(description="How many are open in all, counted up to 99.")]
    more: Annotated[bool, Meta(description="Whether more are open than `total`: beyond 99 they are not counted.")]


class SuggestionAnswer(Struct, frozen=True, kw_only=True):
    """Whether both are the same person; not being so is remembered for ever."""

    same: bool
    reason: Reason = ""
    fields: Fields = {}


class GuestMerge(Struct, frozen=True, kw_only=True):
    """The other guest who is the same person. `anyway`: although somebody said that they are not."""

    guest_id: int
    reason: Reason = ""
    anyway: bool = False
    fields: Fields = {}


class OtherGuest(Struct, frozen=True, kw_only=True):
    """The other guest, who is not the same person."""

    guest_id: int
    reason: Reason = ""


class RecordsOut(Struct, frozen=True, kw_only=True):
    """Source records that are somebody else's."""

    records: Annotated[tuple[int, ...], Meta(min_length=1)]
    reason: Reason = ""


class WhyOnly(Struct, frozen=True, kw_only=True):
    """Why."""

    reason: Reason = ""


class GuestStep(Struct, frozen=True, kw_only=True):
    """One line of the log of guests. `guest_id` has all the records (merged) or was left (unmerged).

    `author` is rules, source, or kind and id of whoever said so; `undone_by` the step that took this one back.
    """

    id: int
    at: datetime
    action: Action
    guest_id: int
    other_id: int | None
    author: str
    reason: str
    moved: tuple[int, ...]
    undone_by: int | None
    run_id: Annotated[int | None, Meta(description="The run over all guests that did it.")] = None
    probability: Annotated[float | None, Meta(description="The score by which the run did it.")] = None
    reasons: tuple[SuggestionReason, ...] = ()


class GuestSteps(Struct, frozen=True):
    """What was done to a guest, the latest first."""

    items: tuple[GuestStep, ...]


class Merging(Protocol):
    """What these routes ask the house for. Each returns the step that was written; NotFound, Invalid."""

    async def answer(self, viewer: Viewer, suggestion_id: int, answer: SuggestionAnswer) -> GuestStep:
        """Decide a suggestion."""

    async def merge(self, viewer: Viewer, guest_id: int, other: GuestMerge) -> GuestStep:
        """Make one guest of two."""

    async def unmerge(self, viewer: Viewer, guest_id: int, reason: str) -> GuestStep:
        """Part an absorbed guest from its survivor."""

    async def part(self, viewer: Viewer, guest_id: int, out: RecordsOut) -> GuestStep:
        """Take records out of a guest."""

    async def apart(self, viewer: Viewer, guest_id: int, other: OtherGuest) -> GuestStep:
        """Say that two guests are not the same person."""

    async def undo(self, viewer: Viewer, step_id: int) -> GuestStep:
        """Take one step back."""


TheMerging = NamedDependency[SkipValidation[Merging]]
AtMost = Annotated[int, QueryParameter(ge=1, le=200, description="Suggestions in the answer.")]
After = Annotated[
    int | None, QueryParameter(ge=1, le=2**63 - 1, description="Those behind this suggestion, less likely.")
]


@listed("/suggestions", tags=["Guests"])
async def guest_suggestions(
    request: Asked, pool: ThePool, most: AtMost = 50, after: After = None
) -> Response[GuestSuggestions]:
    """Guests that may be one person, the likeliest first. What is decided is gone from here."""
    demand(request, "merge_guests")
    async with pool.connection() as db:
        found = await suggestions(db, most, after)
        count = await suggestion_count(db)
        await looked(db, request.user, {guest for one in found for guest in (one.guest_id, one.other_id)}, "api")
    items = tuple(
        GuestSuggestion(
            id=one.id,
            guest_ids=(one.guest_id, one.other_id),
            probability=round(one.told, 4),
            reasons=reasons_told(one.reasons),
        )
        for one in found
    )
    return Response(GuestSuggestions(items, count.counted, count.more))


@done("/suggestions/{suggestion_id:int}/decide", tags=["Guests"])
async def decide_suggestion(
    request: Asked, merging: TheMerging, suggestion_id: Id, data: JSONBody[SuggestionAnswer]
) -> Response[GuestStep]:
    """Answer a suggestion: the same person, or not for ever. Either can be undone."""
    demand(request, "merge_guests")
    return Response(await merging.answer(request.user, suggestion_id, data))


@done("/guests/{guest_id:int}/merge", tags=["Guests"])
async def merge_guests(
    request: Asked, merging: TheMerging, guest_id: Id, data: JSONBody[GuestMerge]
) -> Response[GuestStep]:
    """Make one guest of two. The oldest id survives; the other answers for ever with `merged_into`."""
    demand(request, "merge_guests")
    return Response(await merging.merge(request.user, guest_id, data))


@done("/guests/{guest_id:int}/unmerge", tags=["Guests"])
async def unmerge_guest(
    request: Asked, merging: TheMerging, guest_id: Id, data: JSONBody[WhyOnly]
) -> Response[GuestStep]:
    """Part an absorbed guest from its survivor, exactly, however long ago it was absorbed. Its id lives again."""
    demand(request, "merge_guests")
    return Response(await merging.unmerge(request.user, guest_id, data.reason))


@done("/guests/{guest_id:int}/part", tags=["Guests"])
async def part_guest(
    request: Asked, merging: TheMerging, guest_id: Id, data: JSONBody[RecordsOut]
) -> Response[GuestStep]:
    """Take source records out of a guest: they are somebody else's, and nobody but a person puts them back."""
    demand(request, "merge_guests")
    return Response(await merging.part(request.user, guest_id, data))


@done("/guests/{guest_id:int}/apart", tags=["Guests"])
async def keep_guests_apart(
    request: Asked, merging: TheMerging, guest_id: Id, data: JSONBody[OtherGuest]
) -> Response[GuestStep]:
    """Remember for ever that two guests are not the same person."""
    demand(request, "merge_guests")
    return Response(await merging.apart(request.user, guest_id, data))


@shown("/guests/{guest_id:int}/log", tags=["Guests"])
async def guest_log(request: Asked, pool: ThePool, guest_id: Id) -> Response[GuestSteps]:
    """What was merged and parted of a guest: when, by whom and why."""
    demand(request, "see_guests")
    async with pool.connection() as db:
        current = await log.living(db, guest_id)
        found = await log.steps_of(db, current)
        await looked(db, request.user, [current], "api")
    return Response(GuestSteps(tuple(as_step(one) for one in found)))


@done("/guest-steps/{step_id:int}/undo", tags=["Guests"])
async def undo_guest_step(request: Asked, merging: TheMerging, step_id: Id) -> Response[GuestStep]:
    """Take one step of the log back."""
    demand(request, "merge_guests")
    return Response(await merging.undo(request.user, step_id))


def as_step(step: log.Step) -> GuestStep:
    """A line of the log as the API writes it."""
    known: Mapping[str, Any] = structs.asdict(step) | {
        "run_id": step.run,
        "probability": round(min(step.score.probability, CERTAIN), 4) if step.score else None,
        "reasons": reasons_told(step.score.reasons) if step.score else (),
    }
    return GuestStep(**{name: known[name] for name in GuestStep.__struct_fields__})


def reasons_told(reasons: Sequence[score.Reason]) -> tuple[SuggestionReason, ...]:
    """What a score is made of as the API writes it."""
    return tuple(
        SuggestionReason(each.comparison, each.level, round(each.weight, 2), told(each, _english)) for each in reasons
    )


def _english(text: str) -> str:
    return text
