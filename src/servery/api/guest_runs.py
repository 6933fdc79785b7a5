"""Runs over all guests: looking what one would change, doing it, taking it back, and the weights it goes by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Protocol

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import Meta, Struct, structs

from servery.api.asked import AT_WORK, Id, ThePool, listed, shown
from servery.api.merging import SuggestionReason, reasons_told
from servery.api.once import OnceKey, once
from servery.api.problem import Asked
from servery.guests.matching.history import GuestRun, GuestWeights
from servery.guests.matching.kept import ToldJoin
from servery.guests.matching.work import Kind, State, Work
from servery.model.viewer import Viewer
from servery.storage.pool import Pool


class GuestWorkFound(Struct, frozen=True, kw_only=True):
    """How many of what a work found or did; null where it is nothing of that kind."""

    records: Annotated[int | None, Meta(description="Records compared, or learnt from.")]
    people: Annotated[int | None, Meta(description="People who are several guests.")]
    guests: Annotated[
        int | None, Meta(description="Guests that would go or went into others, or are themselves again.")
    ]
    asks: Annotated[int | None, Meta(description="Pairs that a person would be asked about.")]
    parts: Annotated[int | None, Meta(description="Records that may be somebody else's.")]
    left: Annotated[int | None, Meta(description="Guests left as they are: they changed meanwhile, or are gone.")]


class GuestWork(Struct, frozen=True, kw_only=True):
    """A piece of work over all guests that the worker does; one at a time.

    `state`: it waits, works, is done, failed (`fault` says why), was left, or what it found was used. `step` is what it
    is at; a look is at Reading, Preparing, Scoring pairs, Putting guests together, Asking, one after the other, and
    taking back at so many of how many guests: `50/1204`.
    `weights` is the version it goes by, or learnt; `run_id` the run that it did or takes back.
    """

    id: int
    kind: Kind
    state: State
    step: str | None
    asked_at: datetime
    author: Annotated[str, Meta(description="Kind and id of whoever asked for it.")]
    begun_at: datetime | None
    ended_at: datetime | None
    tries: Annotated[int, Meta(description="How often it was begun: more than once, where the worker broke off.")]
    weights: int | None
    look_id: int | None
    run_id: int | None
    found: GuestWorkFound
    fault: Annotated[str | None, Meta(description="What went wrong and what mends it, in English.")]


class GuestWorks(Struct, frozen=True):
    """The latest pieces of work first. What follows is before the last one's id."""

    items: tuple[GuestWork, ...]


class GuestJoinReason(Struct, frozen=True, kw_only=True):
    """Why a guest would be one with the oldest."""

    guest_id: int
    probability: float
    reasons: tuple[SuggestionReason, ...]


class GuestJoin(Struct, frozen=True, kw_only=True):
    """Guests who would be one, the oldest first: its id survives."""

    place: int
    guest_ids: tuple[int, ...]
    because: tuple[GuestJoinReason, ...]


class GuestJoins(Struct, frozen=True):
    """Who would be one, the least sure first. What follows is after the last one's place."""

    items: tuple[GuestJoin, ...]


class RecordPair(Struct, frozen=True):
    """Two source records of two guests."""

    records: tuple[int, int]


class RecordPairs(Struct, frozen=True):
    """Of whom a person would be asked, the likeliest first. What follows is after as many as were given before."""

    items: tuple[RecordPair, ...]


class OddRecord(Struct, frozen=True):
    """A source record that rules put into a guest, and that may be somebody else's."""

    guest_id: int
    record_id: int


class OddRecords(Struct, frozen=True):
    """Nobody but a person parts them. What follows is after as many as were given before."""

    items: tuple[OddRecord, ...]


class GuestRuns(Struct, frozen=True):
    """The latest runs first. What follows is before the last one's id."""

    items: tuple[GuestRun, ...]


class GuestWeightsVersions(Struct, frozen=True):
    """All versions, the latest first."""

    items: tuple[GuestWeights, ...]


class GuestLookAsked(Struct, frozen=True, kw_only=True):
    """By which version of the weights; null: by those that count."""

    weights: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None


class OverAll(Protocol):
    """What these routes ask the house for. Forbidden for whose role does not merge guests; AtWork for two at once."""

    async def works(self, viewer: Viewer, limit: int, before: int | None) -> Sequence[Work]:
        """The latest pieces of work."""

    async def work(self, viewer: Viewer, work_id: int) -> Work:
        """One piece of work."""

    async def joins(self, viewer: Viewer, work_id: int, limit: int, after: int) -> Sequence[ToldJoin]:
        """Who would be one."""

    async def asks(self, viewer: Viewer, work_id: int, limit: int, after: int) -> Sequence[tuple[int, int]]:
        """Of whom a person would be asked."""

    async def parts(self, viewer: Viewer, work_id: int, limit: int, after: int) -> Sequence[tuple[int, int]]:
        """Records that may be somebody else's."""

    async def runs(self, viewer: Viewer, limit: int, before: int | None) -> Sequence[GuestRun]:
        """The latest runs."""

    async def weights(self, viewer: Viewer) -> Sequence[GuestWeights]:
        """The versions of the weights."""

    async def look(self, viewer: Viewer, weights: int | None = None) -> Work:
        """Ask for a look."""

    async def learn(self, viewer: Viewer) -> Work:
        """Ask for weights to be learnt."""

    async def join(self, viewer: Viewer, look_id: int) -> Work:
        """Ask for the guests to be joined whom a look found."""

    async def undo(self, viewer: Viewer, run_id: int) -> Work:
        """Ask for a run to be taken back."""

    async def leave(self, viewer: Viewer, look_id: int) -> Work:
        """Leave a look."""


TheOverAll = NamedDependency[SkipValidation[OverAll]]
Most = Annotated[int, QueryParameter(ge=1, le=200, description="Items in the answer.")]
Before = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="Those before this one.")]
After = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="Those after this place in the list.")]
_begun = partial(post, responses=AT_WORK, status_code=200, sync_to_thread=None)


@listed("/guest-work", tags=["Runs over all guests"])
async def guest_works(
    request: Asked, over_all: TheOverAll, limit: Most = 50, before: Before = None
) -> Response[GuestWorks]:
    """What was asked for, done and not, the latest first."""
    found = await over_all.works(request.user, limit, before)
    return Response(GuestWorks(tuple(map(_told, found))))


@shown("/guest-work/{work_id:int}", tags=["Runs over all guests"])
async def guest_work(request: Asked, over_all: TheOverAll, work_id: Id) -> Response[GuestWork]:
    """How far a piece of work is. Ask every few seconds while it waits or works."""
    return Response(_told(await over_all.work(request.user, work_id)))


@_begun("/guest-work/look", tags=["Runs over all guests"])
async def look_at_all_guests(
    request: Asked, pool: ThePool, over_all: TheOverAll, data: JSONBody[GuestLookAsked], key: OnceKey = None
) -> Response[GuestWork]:
    """Find out what a run would change: nothing is changed. It is offered for a day, or until the next look."""
    return await _asked(request, pool, key, lambda: over_all.look(request.user, data.weights))


@shown("/guest-work/{work_id:int}/joins", tags=["Runs over all guests"])
async def found_joins(
    request: Asked, over_all: TheOverAll, work_id: Id, limit: Most = 50, after: After = 0
) -> Response[GuestJoins]:
    """Who would be one, by a look that is offered, with the reasons as their records say them now."""
    found = await over_all.joins(request.user, work_id, limit, after)
    return Response(GuestJoins(tuple(map(_join, found))))


@shown("/guest-work/{work_id:int}/asks", tags=["Runs over all guests"])
async def found_asks(
    request: Asked, over_all: TheOverAll, work_id: Id, limit: Most = 50, after: After = 0
) -> Response[RecordPairs]:
    """Of whom a person would be asked after a run, by a look that is offered."""
    found = await over_all.asks(request.user, work_id, limit, after)
    return Response(RecordPairs(tuple(RecordPair(pair) for pair in found)))


@shown("/guest-work/{work_id:int}/parts", tags=["Runs over all guests"])
async def found_parts(
    request: Asked, over_all: TheOverAll, work_id: Id, limit: Most = 50, after: After = 0
) -> Response[OddRecords]:
    """Records that look as if they were somebody else's, by a look that is offered."""
    found = await over_all.parts(request.user, work_id, limit, after)
    return Response(OddRecords(tuple(OddRecord(*one) for one in found)))


@_begun("/guest-work/{work_id:int}/join", tags=["Runs over all guests"])
async def join_found_guests(
    request: Asked, pool: ThePool, over_all: TheOverAll, work_id: Id, key: OnceKey = None
) -> Response[GuestWork]:
    """Join whom a look found, as one run that can be taken back. Those that changed meanwhile are left as they are."""
    return await _asked(request, pool, key, lambda: over_all.join(request.user, work_id))


@_begun("/guest-work/{work_id:int}/leave", tags=["Runs over all guests"])
async def leave_look(
    request: Asked, pool: ThePool, over_all: TheOverAll, work_id: Id, key: OnceKey = None
) -> Response[GuestWork]:
    """Leave a look, done or not: nothing is changed."""
    return await _asked(request, pool, key, lambda: over_all.leave(request.user, work_id))


@listed("/guest-runs", tags=["Runs over all guests"])
async def guest_runs(
    request: Asked, over_all: TheOverAll, limit: Most = 50, before: Before = None
) -> Response[GuestRuns]:
    """The runs that were carried out, the latest first."""
    found = await over_all.runs(request.user, limit, before)
    return Response(GuestRuns(tuple(found)))


@_begun("/guest-runs/{run_id:int}/undo", tags=["Runs over all guests"])
async def undo_guest_run(
    request: Asked, pool: ThePool, over_all: TheOverAll, run_id: Id, key: OnceKey = None
) -> Response[GuestWork]:
    """Take a run back as a whole; what a person parted since stays parted."""
    return await _asked(request, pool, key, lambda: over_all.undo(request.user, run_id))


@listed("/guest-weights", tags=["Runs over all guests"])
async def guest_weights(request: Asked, over_all: TheOverAll) -> Response[GuestWeightsVersions]:
    """The versions of the weights by which guests are compared."""
    found = await over_all.weights(request.user)
    return Response(GuestWeightsVersions(tuple(found)))


@_begun("/guest-work/learn", tags=["Runs over all guests"])
async def learn_guest_weights(
    request: Asked, pool: ThePool, over_all: TheOverAll, key: OnceKey = None
) -> Response[GuestWork]:
    """Learn the weights anew from all guests' records; they count from then on."""
    return await _asked(request, pool, key, lambda: over_all.learn(request.user))


async def _asked(
    request: Asked, pool: Pool, key: str | None, ask: Callable[[], Awaitable[Work]]
) -> Response[GuestWork]:
    async def answer() -> Response[GuestWork]:
        return Response(_told(await ask()))

    return await once(request, pool, key, answer)


def _told(work: Work) -> GuestWork:
    known = structs.asdict(work) | {
        "found": msgspec.convert(work.found, GuestWorkFound, from_attributes=True),
        "fault": work.fault.error.told() if work.fault else None,
    }
    return GuestWork(**{name: known[name] for name in GuestWork.__struct_fields__})


def _join(join: ToldJoin) -> GuestJoin:
    because = tuple(
        GuestJoinReason(guest_id=one.guest_id, probability=round(one.probability, 4), reasons=reasons_told(one.reasons))
        for one in join.because
    )
    return GuestJoin(place=join.place, guest_ids=join.guest_ids, because=because)
