"""What a connector promises: its manifest as data, and the verbs the engine calls.

The engine never asks who opens the connection: a venue agent may one day call the same verbs.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib import import_module
from importlib.resources import files
from typing import Any, Literal

import httpx
import msgspec
from msgspec import Raw, Struct

from servery.model.changes import Change
from servery.model.commands import Command, CommandKind, Field

Kind = Literal["pos", "reservations", "cdp", "ordering", "marketing", "accounting", "file", "any"]
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
    reconciled: Literal["check", "reservation"] | None = None
    """The kind of its records, where each business date is compared with the source once it is over (it must be one
    whose past is read by when records took place)."""


class Capability(Struct, frozen=True):
    """What crosses for one field, and which way; `note` says honestly what does not.

    Where `field` is one of `model.commands.Field`, its direction is the most that the owner may choose.
    """

    field: str
    direction: Literal["in", "out", "both", "none"]
    note: str = ""


class Limit(Struct, frozen=True):
    """At most `requests` in any `seconds`, as the vendor states it."""

    requests: int
    seconds: float


class Webhook(Struct, frozen=True, kw_only=True):
    """How a vendor's webhooks are told from anybody else's, and where they name themselves. Header names in lower case.

    `by` is how the sender proves itself: a keyed hash over `signs`, or a fixed secret in a header (as it is, as Basic
    or as Bearer) or in the query. `secret` names the setting that holds it; while it is being changed, that setting
    holds two, parted by a space. `per` tells whose setting: the connection's, or the application's where the vendor
    sends the events of all its merchants to one address.
    """

    secret: str
    by: Literal["hmac", "header", "basic", "bearer", "query"] = "hmac"
    per: Literal["connection", "application"] = "connection"
    signs: str = "{body}"
    """What is hashed, of {url}, {body}, {id} and {timestamp}."""
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    key: Literal["text", "base64"] = "text"
    """How the secret becomes the key; what stands before base64 up to `_` (whsec_) is left out."""
    header: str = "authorization"
    """The header with the signature or the secret; for `query` the name of the parameter."""
    prefix: str = ""
    """What stands before each signature in the header, which may hold several, parted by a space or a comma."""
    timestamp_header: str | None = None
    timestamp_unit: Literal["seconds", "milliseconds", "iso"] = "seconds"
    past: int = 300
    """Seconds a timestamp may lie back."""
    future: int = 300
    """Seconds a timestamp may lie ahead."""
    id_header: str | None = None
    id_path: str | None = None
    """Where the body names the event: members parted by dots. Without either, equal bodies within a minute are one."""
    kind_header: str | None = None
    kind_path: str | None = None
    merchant_path: str | None = None
    """Where the body names the merchant, by which an application's events find their connection."""
    merchant_of: Literal["location", "account"] = "location"
    """What the merchant is held against: the locations' external ids, or the account's."""
    largest: int = 2_000_000
    """Bytes of a body."""
    acknowledge: int = 200


class OAuth2(Struct, frozen=True, kw_only=True):
    """The authorisation code flow: the application's `client_id` and `client_secret` are its settings.

    Addresses may hold {base_url} and other settings by name. `token` and `refresh` name the connection's settings that
    receive the access token and the one to refresh it with; `expires` the one that holds when it ends, ISO 8601 UTC.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    scope_joint: str = " "
    token: str = "access_token"
    refresh: str = "refresh_token"
    expires: str = "expires_at"
    pkce: bool = True
    body: Literal["form", "json"] = "form"
    refresh_before: int = 86_400
    """Seconds before its end at which a token is refreshed."""


class Outgoing(Struct, frozen=True, kw_only=True):
    """One kind of command that the connector can carry out, and by which proof it is never done twice.

    `safe`: "key" where the vendor knows our id and ignores a repeat, "look_up" where we ask by our id first.
    """

    kind: CommandKind
    safe: Literal["key", "look_up"]


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
    webhook: Webhook | None = None
    oauth2: OAuth2 | None = None
    application: tuple[Setting, ...] = ()
    """What belongs to the vendor's application and not to one connection: its id, its secrets."""
    outgoing: tuple[Outgoing, ...] = ()
    proxied: bool = True
    """Whether requests take the proxy that the environment names: not where the very address that was looked at is the
    one to connect to, since a proxy would look for itself."""
    personal_fields: tuple[str, ...] = ()
    id_fields: tuple[str, ...] = ()


class Location(Struct, frozen=True, kw_only=True):
    """A place of the vendor's account that can become a venue. What the vendor does not say is None, never guessed."""

    external_id: str
    name: str
    time_zone: str | None = None
    currency: str | None = None


class Account(Struct, frozen=True):
    """What a working set of credentials opens. `external_id` is the merchant's, where webhooks name it."""

    name: str
    locations: tuple[Location, ...]
    external_id: str | None = None


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

Fetch = Callable[[Session, Resource, Account, Sequence[str]], Awaitable[Page]]
"""`client.fetch`: the records with these ids, as they are now; one that is not there is left out. Raises as `read`."""


class Heard(Struct, frozen=True, kw_only=True):
    """What one webhook says: records it brings whole, records it only names, and which resources have news.

    `lane` is the object it is about: what is told of one object is taken in one after another.
    """

    lane: str
    records: tuple[tuple[str, Raw], ...] = ()
    """Resource and record, as `translate` takes them."""
    wanted: tuple[tuple[str, str], ...] = ()
    """Resource and external id, to be fetched."""
    news: tuple[str, ...] = ()
    """Resources to be polled at once, where the vendor cannot be asked for one record."""


Hear = Callable[[str, Raw], Heard]
"""`webhooks.hear`: the event's kind and body → what it says. Pure. Raises Quarantine when unreadable."""

HearBy = Callable[[Mapping[str, str], str, Raw], Heard]
"""`webhooks.hear_by`: as `hear`, where what an event says depends on what the owner entered (secrets left out)."""


class Target(Struct, frozen=True, kw_only=True):
    """Where a command goes. `our_id` (a UUID) is the same for every try and every state of this object there.

    `external_id` is the vendor's id of what we made or found, once known. `version` grows with each state sent.
    `fields` are those that may be written; the command's other fields are empty.
    """

    our_id: str
    version: int
    external_id: str | None = None
    fields: frozenset[Field] = frozenset()
    before: Mapping[str, Any] = {}
    """What `Sent.written` held after the last state that went through."""


class Sent(Struct, frozen=True, kw_only=True):
    """A command that the other side has carried out. `written` is what will come back as an echo: values by field.

    `external_id` None: there was nothing to write there. `skipped` names fields that this system could not take now.
    """

    external_id: str | None
    written: Mapping[str, Any] = {}
    skipped: tuple[str, ...] = ()


Send = Callable[[Session, Account, Command, Target], Awaitable[Sent]]
"""`send.send`: bring one object there to this state. Raises Retry when certainly not done, LookUpFirst when it may be
done, NeedsPerson when a setting or right is at fault, Refuse when this one object cannot be taken."""

LookUp = Callable[[Session, Account, Command, Target], Awaitable[Sent | None]]
"""`send.look_up`: what an attempt with an unknown end came to. None: it is certainly not done. Raises as `send`."""

Clear = Callable[[Session, Account, Command, Target], Awaitable[None]]
"""`send.clear`: delete what a test of ours made there; what is gone already is well. Only for a kind that no command
of its own calls off, as a cancelled party does. Raises as `send`."""

Gone = Literal["deleted", "anonymised", "gone"]
"""What became of a person's record: taken away, emptied because the books hold on to it, or not there any more."""

Erase = Callable[[Session, Account, str], Awaitable[Gone]]
"""`erase.erase`: let nothing there tell who the guest with this record id was; done twice it ends the same. Declared
as the capability `erasure` with direction `out`, whose note says what stays. Raises as `send`."""

Asgi = Callable[[dict[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[None]]], Awaitable[None]]
"""An ASGI application: what a connector's `simulator.simulator(stage, **credentials)` returns."""


class Connector(Struct, frozen=True):
    """One connector as the engine holds it. A verb that it has not is None."""

    manifest: Manifest
    check: Check
    read: Read
    translate: Translate
    fetch: Fetch | None = None
    hear: Hear | None = None
    hear_by: HearBy | None = None
    send: Send | None = None
    look_up: LookUp | None = None
    clear: Clear | None = None
    erase: Erase | None = None


def manifest_in(package: str) -> Manifest:
    """The manifest of the connector in a package, without loading its code."""
    return msgspec.toml.decode(files(package).joinpath("manifest.toml").read_bytes(), type=Manifest)


def connector_in(package: str) -> Connector:
    """The connector in a package, ready for use: its verbs are found by the names of its files."""
    declared = manifest_in(package)
    client = import_module(f"{package}.client")
    translate = import_module(f"{package}.translate")
    webhooks = import_module(f"{package}.webhooks") if declared.webhook else None
    send = import_module(f"{package}.send") if declared.outgoing else None
    erasing = any(one.field == "erasure" and one.direction == "out" for one in declared.capabilities)
    erase = import_module(f"{package}.erase") if erasing else None
    return Connector(
        declared,
        client.check,
        client.read,
        translate.translate,
        fetch=getattr(client, "fetch", None),
        hear=getattr(webhooks, "hear", None),
        hear_by=getattr(webhooks, "hear_by", None),
        send=getattr(send, "send", None),
        look_up=getattr(send, "look_up", None),
        clear=getattr(send, "clear", None),
        erase=getattr(erase, "erase", None),
    )


def bound(connector: Connector, settings: Mapping[str, str]) -> Connector:
    """The connector as one connection uses it: one that hears by what the owner entered has `hear` like any other."""
    if connector.hear_by is None:
        return connector
    return msgspec.structs.replace(connector, hear=partial(connector.hear_by, settings))


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
