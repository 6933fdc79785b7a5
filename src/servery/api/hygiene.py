"""Hygiene: what of guests a person should mend, how complete profiles are, and facts that grew old."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Protocol

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import Meta, Struct

from servery.api.asked import Id, done, shown
from servery.api.problem import Asked
from servery.guests.hygiene.ageing import Kind, Run
from servery.guests.hygiene.faults import Fault
from servery.guests.hygiene.mending import Listed
from servery.guests.hygiene.overview import Aged, Overview
from servery.model.viewer import Viewer


class GuestMendList(Struct, frozen=True, kw_only=True):
    """One venue's list of a month; `venue_id` null: guests who were at no venue in the twelve months before."""

    id: int
    month: date
    venue_id: int | None
    made_at: datetime
    looked_at: datetime
    guests: Annotated[int, Meta(description="How many were looked at.")]
    counts: Annotated[dict[Fault, int], Meta(description="Guests by fault when the list was made.")]
    left: Annotated[dict[Fault, int], Meta(description="Those listed and not mended yet; at most 1,000 of a fault.")]


class GuestMendLists(Struct, frozen=True):
    """The lists of a month."""

    items: tuple[GuestMendList, ...]


class GuestToMend(Struct, frozen=True, kw_only=True):
    """One thing to mend. Contact details only for whose role sees them."""

    guest_id: int
    fault: Fault
    name: str | None
    email: str | None
    phone: str | None
    visits: Annotated[int, Meta(description="At the venue in the twelve months before.")]
    mended_at: datetime | None
    meant: Annotated[str | None, Meta(description="The address that was probably meant; nothing is changed by itself.")]
    other_id: Annotated[int | None, Meta(description="The guest with the same phone, or who may be the same person.")]


class GuestsToMend(Struct, frozen=True):
    """What stands on a list: what is not mended first."""

    items: tuple[GuestToMend, ...]


class ProfileCompleteness(Struct, frozen=True, kw_only=True):
    """Of the guests who came in the twelve months before, how many have each field; `venue_id` null: of all venues."""

    month: date
    venue_id: int | None
    guests: int
    known: dict[str, int]
    reckoned_at: datetime


class ProfileCompletenesses(Struct, frozen=True):
    """The latest, venue by venue, the whole house first."""

    items: tuple[ProfileCompleteness, ...]


class AgeingRule(Struct, frozen=True, kw_only=True):
    """After how many months without confirmation a kind of fact is left out; null: never."""

    kind: Kind
    months: int | None
    suggested: int
    now: Annotated[
        int, Meta(description="Facts that would go now: after `months`, or where none is chosen `suggested`.")
    ]


class AgeingRun(Struct, frozen=True, kw_only=True):
    """One time that facts were left out of golden fields: the months by kind, and how many facts of each."""

    id: int
    at: datetime
    rules: dict[Kind, int]
    counts: dict[Kind, int]
    undone_at: datetime | None


class AgedFact(Struct, frozen=True, kw_only=True):
    """A fact that would go."""

    kind: Kind
    guest_id: int
    value: str
    confirmed_at: datetime


class Ageing(Struct, frozen=True, kw_only=True):
    """The rules, the oldest facts of each kind that would go now, and the latest runs."""

    rules: tuple[AgeingRule, ...]
    oldest: tuple[AgedFact, ...]
    runs: tuple[AgeingRun, ...]


class AgeingChoice(Struct, frozen=True):
    """Months from 6 to 600, or null for never."""

    kind: Kind
    months: int | None


class AgeingDone(Struct, frozen=True):
    """The run, or null where nothing was that old."""

    run: AgeingRun | None


class Tidying(Protocol):
    """What these routes ask the house for. Forbidden for whose role does not include it."""

    async def shown(self, viewer: Viewer, month: date | None = None) -> Overview:
        """Lists and completeness."""

    async def items(
        self, viewer: Viewer, list_id: int, fault: Fault | None = None, limit: int = 50, offset: int = 0
    ) -> Listed:
        """What stands on a list."""

    async def look(self, viewer: Viewer) -> None:
        """Look now."""

    async def old(self, viewer: Viewer, *, preview: bool = False) -> Aged:
        """Rules of ageing."""

    async def choose(self, viewer: Viewer, kind: Kind, months: int | None) -> None:
        """Choose a rule."""

    async def leave_out(self, viewer: Viewer) -> Run | None:
        """Have the rules done."""

    async def undo(self, viewer: Viewer, run_id: int) -> Run:
        """Take a run back."""


TheTidying = NamedDependency[SkipValidation[Tidying]]


@shown("/hygiene/mend-lists", tags=["Hygiene"])
async def mend_lists(
    request: Asked,
    tidying: TheTidying,
    month: Annotated[date | None, QueryParameter(description="The first day of a month; the latest without.")] = None,
) -> Response[GuestMendLists]:
    """What a person should mend: the lists of a month, made by themselves."""
    found = await tidying.shown(request.user, month)
    return Response(GuestMendLists(msgspec.convert(found.lists, tuple[GuestMendList, ...], from_attributes=True)))


@shown("/hygiene/mend-lists/{list_id:int}", tags=["Hygiene"])
async def mend_list(
    request: Asked,
    tidying: TheTidying,
    list_id: Id,
    fault: Annotated[Fault | None, QueryParameter(description="Of this fault alone.")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Items at once.")] = 50,
    offset: Annotated[int, QueryParameter(ge=0, le=100_000, description="Items to leave out before.")] = 0,
) -> Response[GuestsToMend]:
    """What stands on one list. The look at each guest is written down."""
    found = await tidying.items(request.user, list_id, fault, limit, offset)
    return Response(GuestsToMend(msgspec.convert(found.items, tuple[GuestToMend, ...], from_attributes=True)))


@done("/hygiene/look", tags=["Hygiene"])
async def look_over_guests(request: Asked, tidying: TheTidying) -> Response[GuestMendLists]:
    """Look now, and not at night: what is mended leaves this month's lists; where there are none they are made."""
    await tidying.look(request.user)
    found = await tidying.shown(request.user)
    return Response(GuestMendLists(msgspec.convert(found.lists, tuple[GuestMendList, ...], from_attributes=True)))


@shown("/hygiene/completeness", tags=["Hygiene"])
async def profile_completeness(request: Asked, tidying: TheTidying) -> Response[ProfileCompletenesses]:
    """How complete profiles are, field by field and venue by venue."""
    found = (await tidying.shown(request.user)).completeness
    told = msgspec.convert(found, tuple[ProfileCompleteness, ...], from_attributes=True)
    return Response(ProfileCompletenesses(told))


@shown("/hygiene/ageing", tags=["Hygiene"])
async def ageing_rules(request: Asked, tidying: TheTidying) -> Response[Ageing]:
    """The rules of ageing with what they would leave out now; nothing is changed."""
    return Response(_ageing(await tidying.old(request.user, preview=True)))


@done("/hygiene/ageing", tags=["Hygiene"])
async def choose_ageing(request: Asked, tidying: TheTidying, data: JSONBody[AgeingChoice]) -> Response[Ageing]:
    """Choose after how many months a kind of fact is left out. It is done at night, or at once by a run."""
    await tidying.choose(request.user, data.kind, data.months)
    return Response(_ageing(await tidying.old(request.user, preview=True)))


@done("/hygiene/ageing/run", tags=["Hygiene"])
async def leave_out_old_facts(request: Asked, tidying: TheTidying) -> Response[AgeingDone]:
    """Have the chosen rules done now. Records of systems stay as they are, and a run can be taken back."""
    run = await tidying.leave_out(request.user)
    return Response(AgeingDone(_run(run) if run else None))


@done("/hygiene/ageing/runs/{run_id:int}/undo", tags=["Hygiene"])
async def undo_ageing_run(request: Asked, tidying: TheTidying, run_id: Id) -> Response[AgeingRun]:
    """Let all that a run left out be heard again."""
    return Response(_run(await tidying.undo(request.user, run_id)))


def _ageing(found: Aged) -> Ageing:
    preview = found.preview
    now = preview.counts if preview else {}
    return Ageing(
        rules=tuple(
            AgeingRule(kind=one.kind, months=one.months, suggested=one.suggested, now=now.get(one.kind, 0))
            for one in found.rules
        ),
        oldest=msgspec.convert(preview.oldest if preview else (), tuple[AgedFact, ...], from_attributes=True),
        runs=tuple(map(_run, found.runs)),
    )


def _run(run: Run) -> AgeingRun:
    return msgspec.convert(run, AgeingRun, from_attributes=True)
