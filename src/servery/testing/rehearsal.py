"""One connector against its simulator: how it is opened, and the engine's rules of reading and sending in small."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx
from msgspec import Raw, Struct

from servery.connectors.contract import (
    Account,
    Asgi,
    Connector,
    Manifest,
    Page,
    Resource,
    Sent,
    Session,
    Span,
    Target,
    pages,
)
from servery.errors import LookUpFirst, NeedsPerson, Retry, ServeryError
from servery.model.changes import Change, Removed
from servery.model.commands import Command
from servery.testing.evening import NOW
from servery.testing.faults import Front
from servery.testing.served import served
from servery.testing.stage import Stage

Result = TypeVar("Result")
Simulator = Callable[[Stage], Asgi]
"""A simulator over a stage, which the rehearsal's settings open."""
Events = Callable[[Stage], Iterable[tuple[str, bytes]]]
"""The webhooks that a vendor would send of what stands on a stage: the kind and the body of each."""

TRIES = 30
"""Times that one piece of work is tried before the suite gives up."""
HISTORY = timedelta(days=400)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Read from disk once: a client of its own for each piece of work would do so each time.
_TLS = ssl.create_default_context()
PATIENCE = 25.0
"""Seconds that an answer may take, unless a test is about waiting."""


class Rehearsal(Struct, frozen=True, kw_only=True):
    """What the suite is told of one connector.

    `settings` open the simulator; in their values `{url}` stands for its address, which changes from test to test.
    `retry_after` is the unit in which the vendor's 429 tells how long to wait. `parties` fill more than two pages.
    """

    package: str
    connector: Connector
    simulator: Simulator
    settings: Mapping[str, str]
    events: Events | None = None
    retry_after: str = "seconds"
    parties: int = 230

    @contextmanager
    def playing(self, stage: Stage) -> Iterator["Play"]:
        """The simulator of a stage behind a front, on a real socket."""
        front = Front(self.simulator(stage))
        with served(front) as url:
            yield Play(self, front, {name: value.replace("{url}", url) for name, value in self.settings.items()})


class Play:
    """A simulator at work, and a connection to it."""

    def __init__(self, rehearsal: Rehearsal, front: Front, settings: Mapping[str, str]) -> None:
        self.connector = rehearsal.connector
        self.front = front
        self.settings = settings

    def run(
        self,
        work: Callable[["Opened"], Awaitable[Result]],
        *,
        patience: float = PATIENCE,
        changed: Mapping[str, str] | None = None,
    ) -> Result:
        """The result of some work on a connection opened for it; `changed` are settings that differ."""

        async def opened() -> Result:
            async with httpx.AsyncClient(timeout=patience, follow_redirects=False, verify=_TLS) as http:
                return await work(Opened(self, Session({**self.settings, **(changed or {})}, http)))

        return asyncio.run(opened())

    def check(self, *, patience: float = PATIENCE, changed: Mapping[str, str] | None = None) -> Account:
        """The verb `check`, once."""
        return self.run(lambda opened: opened.connector.check(opened.session), patience=patience, changed=changed)

    def first_page(self, resource: Resource, account: Account, *, patience: float = PATIENCE) -> Page:
        """The first page of a resource, asked for once."""

        async def read(opened: "Opened") -> Page:
            return await opened.connector.read(opened.session, resource, account, whole_span(resource), None)

        return self.run(read, patience=patience)

    def everything(self, *, between: Callable[[], object] = lambda: None, patience: float = PATIENCE) -> list[Change]:
        """What all resources say of all that stands there; `between` is done after each page."""
        return self.run(lambda opened: opened.everything(between), patience=patience)


class Opened:
    """A connection in use, under the engine's rules: what fails is tried again, from the beginning of the span."""

    def __init__(self, play: Play, session: Session) -> None:
        self.connector, self.front, self.session = play.connector, play.front, session
        self._account: Account | None = None

    @property
    def manifest(self) -> Manifest:
        """The connector's manifest."""
        return self.connector.manifest

    def known(self, account: Account) -> None:
        """Take the account as asked for already."""
        self._account = account

    async def account(self) -> Account:
        """What the credentials open, asked for once."""
        if self._account is None:
            self._account = await self.patiently(lambda: self.connector.check(self.session))
        return self._account

    async def patiently(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do some work again until it goes well, as the engine does; the faults of the front are not waited for."""
        for _ in range(TRIES):
            spoilt = self.front.spoilt
            try:
                return await work()
            except (Retry, NeedsPerson) as error:
                last: ServeryError = error
                if self.front.spoilt == spoilt:
                    # The simulator's own limit, which passes within moments.
                    await asyncio.sleep(min(getattr(error, "retry_after", 1.0), 1.0))
        raise AssertionError(f"still failing after {TRIES} tries: {last}")

    async def records(
        self, resource: Resource, span: Span | None, between: Callable[[], object] = lambda: None
    ) -> list[Raw]:
        """All records of a span; whenever it fails, all is read again, and what came before counts all the same."""
        account = await self.account()
        found: list[Raw] = []

        async def whole() -> None:
            async for page in pages(self.connector, self.session, resource, account, span):
                found.extend(page.records)
                between()

        await self.patiently(whole)
        return found

    async def said(
        self, resource: Resource, span: Span | None, between: Callable[[], object] = lambda: None
    ) -> list[Change]:
        """What all records of a span say."""
        return self.translated(resource.name, await self.records(resource, span, between))

    async def poll(self, since: datetime = NOW) -> list[Change]:
        """What a poll of every resource says that comes after one at `since`."""
        return [change for one in self.manifest.resources for change in await self.said(one, poll_span(one, since))]

    async def everything(self, between: Callable[[], object] = lambda: None) -> list[Change]:
        """What all resources say of all that stands there."""
        return [change for one in self.manifest.resources for change in await self.said(one, whole_span(one), between)]

    def translated(self, resource: str, records: Iterable[Raw]) -> list[Change]:
        """What records say."""
        return [change for record in records for change in self.connector.translate(resource, record)]

    async def send(self, command: Command, target: Target) -> Sent:
        """Bring an object there to a state, as the outbox does: what may be done already is looked up first."""
        assert self.connector.send, f"{self.manifest.name} declares outgoing commands and has no send"
        account = await self.account()
        for _ in range(TRIES):
            try:
                return await self.connector.send(self.session, account, command, target)
            except Retry as error:
                await asyncio.sleep(min(error.retry_after, 0.2))
            except LookUpFirst:
                found = await self._looked_up(account, command, target)
                if found is not None:
                    return found
        raise AssertionError(f"not sent after {TRIES} tries")

    async def _looked_up(self, account: Account, command: Command, target: Target) -> Sent | None:
        look_up = self.connector.look_up
        assert look_up, f"{self.manifest.name} raises LookUpFirst and has no look_up"
        return await self.patiently(lambda: look_up(self.session, account, command, target))


def poll_span(resource: Resource, since: datetime) -> Span | None:
    """The span of a poll that follows one at `since`, a day later, with the resource's overlap."""
    if resource.poll_by is None:
        return None
    now = since + timedelta(days=1)
    if resource.poll_by == "occurred":
        return Span("occurred", since - timedelta(seconds=resource.lateness), now + timedelta(seconds=resource.ahead))
    return Span("modified", since - timedelta(seconds=resource.lateness), now)


def whole_span(resource: Resource) -> Span | None:
    """The span in which all of a resource lies: what the backfill reads, or the first poll where there is none."""
    # What is written while a test runs bears the time of this machine's clock.
    until = max(NOW, datetime.now(UTC)) + timedelta(days=30)
    if resource.backfill_by is not None:
        return Span(resource.backfill_by, NOW - HISTORY, until)
    if resource.poll_by == "occurred":
        return poll_span(resource, NOW)
    return Span("modified", EPOCH, until) if resource.poll_by else None


def folded(changes: Iterable[Change]) -> dict[tuple[str, str], Change]:
    """The final state that changes lead to in any order: of each record the state with the highest revision."""
    last: dict[tuple[str, str], Change] = {}
    for change in changes:
        key = key_of(change)
        if key not in last or change.revision > last[key].revision:
            last[key] = change
    return last


def standing(changes: Iterable[Change]) -> dict[tuple[str, str], Change]:
    """As `folded`, without what was removed."""
    return {key: change for key, change in folded(changes).items() if not isinstance(change, Removed)}


def key_of(change: Change) -> tuple[str, str]:
    """What a change is about: the kind of record, and its id at the vendor."""
    return kind_of(change), change.external_id


def kind_of(change: Change) -> str:
    """What kind of record a change is about: guest, reservation, check, payment, menu or tables."""
    return change.kind if isinstance(change, Removed) else type(change).__name__.removesuffix("Seen").casefold()


def listed(keys: Iterable[object], most: int = 5) -> str:
    """Some of many, for a failure's words."""
    some = sorted(map(str, keys))
    return ", ".join(some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")
