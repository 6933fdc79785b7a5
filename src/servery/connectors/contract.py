"""What a connector promises: its manifest as data, and the verbs the engine calls.

The engine never asks who opens the connection: a venue agent may one day call the same verbs.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import httpx
from msgspec import Raw, Struct

from servery.model.changes import Change

Kind = Literal["pos", "reservations", "cdp", "ordering", "marketing", "accounting", "file"]
Quality = Literal["bronze", "silver", "gold", "platinum"]
Evidence = Literal["live", "official", "documentation", "inferred"]
Axis = Literal["modified", "occurred"]
"""By which of its times a vendor lets records be asked for: when they changed, or when they took place."""


class Setting(Struct, frozen=True, kw_only=True):
    """One thing the owner enters to connect. `label` and `help` are English; the connector's locale translates."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    default: str | None = None


class Resource(Struct, frozen=True, kw_only=True):
    """One kind of record that can be read.

    `poll_by` and `backfill_by` name the axis of the span that `read` is given; None means that the vendor can only
    give all of it. `lateness` is how long after the fact a record may still turn up (seconds): polls overlap by it.
    `ahead` is how far into the future records lie (seconds; bookings do).
    """

    name: str
    poll_seconds: int
    poll_by: Axis | None = None
    backfill_by: Axis | None = None
    lateness: int = 0
    ahead: int = 0


class Capability(Struct, frozen=True):
    """What crosses for one field, and which way; `note` says honestly what does not."""

    field: str
    direction: Literal["in", "out", "both", "none"]
    note: str = ""


class Limit(Struct, frozen=True):
    """At most `requests` in any `seconds`, as the vendor states it."""

    requests: int
    seconds: float


class Manifest(Struct, frozen=True, kw_only=True):
    """A connector's `manifest.toml`."""

    name: str
    title: str
    kind: Kind
    quality: Quality
    evidence: Evidence
    settings: tuple[Setting, ...] = ()
    resources: tuple[Resource, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    limits: tuple[Limit, ...] = ()
    personal_fields: tuple[str, ...] = ()
    id_fields: tuple[str, ...] = ()


class Location(Struct, frozen=True, kw_only=True):
    """A place of the vendor's account that can become a venue. What the vendor does not say is None, never guessed."""

    external_id: str
    name: str
    time_zone: str | None = None
    currency: str | None = None


class Account(Struct, frozen=True):
    """What a working set of credentials opens."""

    name: str
    locations: tuple[Location, ...]


class Span(Struct, frozen=True):
    """A stretch of time on one axis, UTC, `since` included and `until` excluded."""

    axis: Axis
    since: datetime
    until: datetime


class Page(Struct, frozen=True):
    """Some records as the vendor sent them, and the token that asks for the next page (None: no more)."""

    records: Sequence[Raw]
    next: str | None = None


class Session(Struct, frozen=True):
    """One connection in use: what the owner entered (secrets included), and an HTTP client of its own."""

    settings: Mapping[str, str]
    http: httpx.AsyncClient


Check = Callable[[Session], Awaitable[Account]]
"""`client.check`: prove the credentials. Raises NeedsPerson naming the setting at fault, Retry when unreachable."""

Read = Callable[[Session, Resource, Account, Span | None, str | None], Awaitable[Page]]
"""`client.read`: one page of a resource over a span; token None asks for the first. Raises Retry or NeedsPerson."""

Translate = Callable[[str, Raw], Sequence[Change]]
"""`translate.translate`: resource name and one record → universal changes. Pure. Raises Quarantine when unreadable."""

Asgi = Callable[[dict[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[None]]], Awaitable[None]]
"""An ASGI application: what a connector's `simulator.simulator(stage, **credentials)` returns."""


class Connector(Struct, frozen=True):
    """One connector as the engine holds it."""

    manifest: Manifest
    check: Check
    read: Read
    translate: Translate


async def pages(
    connector: Connector, session: Session, resource: Resource, account: Account, span: Span | None
) -> AsyncIterator[Page]:
    """All pages of a resource over a span, in the vendor's order."""
    token: str | None = None
    while True:
        page = await connector.read(session, resource, account, span, token)
        yield page
        if page.next is None:
            return
        token = page.next
