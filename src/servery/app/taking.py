"""Taking a set of events in: all of them in one transaction with their effect, each answered for by itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from servery.app.arrive import arrive, tell_pages
from servery.app.hearing import Said, Unheard, said
from servery.app.keeping import keeper
from servery.connectors.contract import Connector, Page
from servery.errors import NeedsPerson, Quarantine, Retry, ServeryError
from servery.inbox import claim, outcomes, quarantine
from servery.inbox.claim import TRIES, Event, Later, wait_after
from servery.inbox.outcomes import Became, Outcome
from servery.inbox.polled import Redact
from servery.inbox.quarantine import Aside, Stage, reason_of
from servery.model.changes import Change, state_key
from servery.privacy.erase import forget_events
from servery.privacy.keyed import Key
from servery.privacy.suppress import speaking
from servery.storage.pool import Connection as Db
from servery.sync import connections, state
from servery.sync.places import Place
from servery.sync.timing import Timing, next_batch
from servery.sync.understanding import (
    Known,
    Understood,
    beyond_us,
    is_outage,
    not_understood,
    says_too_much,
    together,
    understood,
)

log = logging.getLogger(__name__)

Fetch = Callable[[str, Sequence[str]], Awaitable[Page]]
"""Asks a system for the records of a resource with these ids."""
_FETCHED_AT_ONCE = 100
_UNTIL_MENDED = 60.0
"""Seconds after which is asked again a system that needs a person, who may come at any time."""


class Source(Struct, frozen=True):
    """A connection whose events are taken in."""

    id: int
    connector: Connector
    fetch: Fetch
    redact: Redact
    locations: frozenset[str] = frozenset()
    """All that its account has; what is told of one that was not chosen is left out."""
    timing: Timing = Timing()
    """When it may be asked for what events only name."""
    erased: Key | None = None
    """By which guests who were erased are known again."""


class Taken(Struct, kw_only=True):
    """One event on its way. At the end it has an outcome, an error that puts it aside, or a time to be tried again."""

    event: Event
    said: Said
    fetched: list[Understood]
    outcome: Outcome | None = None
    error: ServeryError | None = None
    stage: Stage = "apply"
    later: Later | None = None

    @property
    def changes(self) -> list[Change]:
        """All that it says, with what was fetched for it."""
        return [*self.said.changes, *(change for one in self.fetched for change in one.changes)]

    @property
    def open(self) -> bool:
        """Whether it is still to be taken in."""
        return self.outcome is None and self.error is None and self.later is None

    def aside(self, stage: Stage, error: ServeryError) -> None:
        """It is to rest in quarantine."""
        self.stage, self.error = stage, error

    def put_off(self, seconds: float, error: ServeryError, *, counts: bool) -> None:
        """It is to be tried again; `counts` where it may be its own fault."""
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        self.later = Later(self.event.id, self.said.lane or None, until, reason_of(error), counts)


async def take(db: Db, source: Source) -> int:
    """Take in what is due of a connection; how many events were dealt with. `db` commits each statement by itself.

    Only one process may do so at a time for a connection (`claim.claiming`).
    """
    events = await claim.due(db, source.id)
    if not events:
        return 0
    places = await connections.places(db, source.id)
    # In a thread: a body of megabytes must not hold up everything else that this process does.
    taken = await asyncio.to_thread(_heard, source, places, events)
    blocked = await claim.blocked_lanes(db, source.id, [one.id for one in events])
    _wait_behind(taken, blocked)
    _wait_for_set_time(source.timing, taken)
    strays = await _fetch(source, places, [one for one in taken if one.open])
    async with db.transaction():
        await _take_in(db, source, places, taken)
        fetched = [told for one in taken if one.outcome for told in one.fetched] + strays
        await _keep_fetched(db, source, fetched)
        await _finish(db, source, taken)
        await _forget(db, source, taken)
    return len(events)


async def _forget(db: Db, source: Source, taken: Sequence[Taken]) -> None:
    """Empty what came of guests who were erased: it was written down before anybody could know of whom it spoke."""
    told = [one for one in taken if not one.later]
    of_erased = await speaking(db, source.erased, source.id, [(one.changes, one.event.body) for one in told])
    await forget_events(db, [(told[place].event.id, told[place].event.day) for place in sorted(of_erased)])


def _heard(source: Source, places: Mapping[str, Place], events: Sequence[Event]) -> list[Taken]:
    return [_hear(source, places, event) for event in events]


def _hear(source: Source, places: Mapping[str, Place], event: Event) -> Taken:
    taken = Taken(event=event, said=Said(lane=event.lane or ""), fetched=[])
    try:
        taken.said = said(source.connector, event.via, event.kind, event.body, Known(places, source.locations))
    except Unheard as unheard:
        taken.aside("read", unheard.reason)
    except Quarantine as error:
        taken.aside("translate", error)
    return taken


def _wait_behind(taken: Sequence[Taken], blocked: Mapping[str, claim.Blocked]) -> None:
    """Leave events behind an earlier one of their lane that is tried again later."""
    for one in taken:
        before = blocked.get(one.said.lane) if one.said.lane else None
        if one.open and before is not None and before.first < one.event.id:
            one.later = Later(one.event.id, one.said.lane, before.until)


def _wait_for_set_time(timing: Timing, taken: Sequence[Taken]) -> None:
    """Leave events for which a system must be asked until it may be.

    Nothing waits behind them: what is asked for later is as new as anything that comes meanwhile.
    """
    if not timing.batches:
        return
    now = datetime.now(UTC)
    for one in taken:
        if one.open and one.said.wanted and not one.event.again:
            until = next_batch(timing, one.event.received_at)
            one.later = Later(one.event.id, None, until) if until > now else None


async def _fetch(source: Source, places: Mapping[str, Place], taken: Sequence[Taken]) -> list[Understood]:
    """Ask for what events only name: each record once, whoever names it. No transaction is open meanwhile.

    Returns the records that nobody asked for by the id they have, or that could not be understood.
    """
    wanting: dict[str, dict[str, Taken]] = {}
    for one in taken:
        for resource, external_id in one.said.wanted:
            wanting.setdefault(resource, {}).setdefault(external_id, one)
    strays: list[Understood] = []
    for resource, by_id in wanting.items():
        ids = list(by_id)
        for start in range(0, len(ids), _FETCHED_AT_ONCE):
            strays += await _fetch_some(source, places, resource, ids[start : start + _FETCHED_AT_ONCE], by_id, taken)
    return strays


async def _fetch_some(
    source: Source,
    places: Mapping[str, Place],
    resource: str,
    ids: Sequence[str],
    by_id: Mapping[str, Taken],
    taken: Sequence[Taken],
) -> list[Understood]:
    try:
        page = await source.fetch(resource, ids)
    except Exception as error:
        if is_outage(error):
            raise
        for one in taken:
            if not {(resource, each) for each in ids}.isdisjoint(one.said.wanted):
                _not_fetched(one, error)
        return []
    strays = []
    for told in understood(source.connector, resource, Known(places, source.locations), page.records):
        told.resource = resource
        named = (by_id.get(external_id) for _, external_id in sorted(told.records))
        asked = next((one for one in named if one is not None), None)
        if asked is None or told.error is not None:
            strays.append(told)
        else:
            asked.fetched.append(told)
    return strays


def _not_fetched(one: Taken, error: Exception) -> None:
    """A system that is away is nobody's fault and is waited for, however long; any other fault may be the event's."""
    if isinstance(error, Retry):
        one.put_off(max(error.retry_after, wait_after(one.event.attempts).total_seconds()), error, counts=False)
    elif isinstance(error, NeedsPerson):
        one.put_off(_UNTIL_MENDED, error, counts=False)
    else:
        _fail(one, error)


async def _take_in(db: Db, source: Source, places: Mapping[str, Place], taken: Sequence[Taken]) -> None:
    stuck: dict[str, Later] = {}

    async def take_set(units: Sequence[Taken]) -> None:
        applied = await arrive(db, source.id, places, [each for one in units for each in one.changes], source.erased)
        effects = set(applied.effects)
        for one in units:
            # Each effect is the first event's that told of it: what came again did nothing.
            did = effects.intersection(map(state_key, one.changes))
            effects -= did
            one.outcome = "applied" if did else "unchanged"

    def failed(one: Taken, error: Exception) -> None:
        one.outcome = None
        _fail(one, error)
        if one.later is not None and one.said.lane:
            stuck.setdefault(one.said.lane, one.later)

    await together(db, [one for one in taken if one.open], take_set, failed, lambda one: one.said.lane in stuck)
    for one in taken:
        if one.open and (first := stuck.get(one.said.lane)):
            one.later = Later(one.event.id, one.said.lane, first.until)


def _fail(one: Taken, error: Exception) -> None:
    if says_too_much(error):
        one.aside("apply", beyond_us(error))
    elif one.event.attempts + 1 >= TRIES:
        one.aside("apply", not_understood(error))
    else:
        one.put_off(wait_after(one.event.attempts).total_seconds(), not_understood(error), counts=True)


async def _keep_fetched(db: Db, source: Source, fetched: Sequence[Understood]) -> None:
    by_resource: dict[str, list[Understood]] = {}
    for told in fetched:
        by_resource.setdefault(told.resource, []).append(told)
    for resource, records in by_resource.items():
        await keeper(source.id, source.connector, source.redact, source.erased)(db, "poll", resource, records)


async def _finish(db: Db, source: Source, taken: Sequence[Taken]) -> None:
    """Write down what became of each event, and take it off the list of what is to be done."""
    well = [one for one in taken if one.outcome]
    aside = [one for one in taken if one.error]
    became = [_became(one, one.outcome) for one in well if one.outcome] + [_became(one, "quarantined") for one in aside]
    await outcomes.note(db, source.id, became)
    await quarantine.put_aside(db, [_aside(one, one.error) for one in aside if one.error])
    await quarantine.replayed(db, [one.event.id for one in well])
    await claim.put_off(db, [one.later for one in taken if one.later])
    await claim.done(db, [one.event.id for one in (*well, *aside)])
    if not source.timing.batches:
        await state.want(db, source.id, {resource for one in well for resource in one.said.news})
    await tell_pages(db, ["events"])


def _became(one: Taken, outcome: Outcome) -> Became:
    return Became(
        event_id=one.event.id,
        day=one.event.day,
        outcome=outcome,
        lane=one.said.lane or None,
        records=one.said.records.union(*(told.records for told in one.fetched)),
    )


def _aside(one: Taken, error: ServeryError) -> Aside:
    return Aside(
        event_id=one.event.id,
        day=one.event.day,
        body=one.event.body,
        stage=one.stage,
        reason=reason_of(error),
        lane=one.said.lane or None,
        attempts=one.event.attempts + 1,
    )
