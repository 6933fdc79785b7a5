"""Access tokens that end: asked for, and renewed before they end or when they are refused, once for all processes."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from servery.app import credentials
from servery.connectors import registry
from servery.connectors.contract import Manifest, OAuth2, Session
from servery.errors import NeedsPerson, NotFound, Retry
from servery.outbox.limits import Limited, Limiter
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.connections import Connection

AUTHORISE_AGAIN = "authorise-again"
"""The code of the error that only a new authorisation mends."""
TIMEOUT = httpx.Timeout(30, connect=10)


class _Answer(msgspec.Struct, frozen=True):
    """What a token endpoint gives (RFC 6749, 5.1); `expires_at` is how some vendors say when it ends."""

    access_token: str
    refresh_token: str | None = None
    expires_in: float | None = None
    expires_at: str | float | None = None


async def asked(
    manifest: Manifest, application: Mapping[str, str], settings: Mapping[str, str], grant: Mapping[str, str]
) -> dict[str, str]:
    """The settings that a token endpoint gives for a grant. NeedsPerson where it refuses, Retry where it is away."""
    flow = _flow(manifest)
    client = {name: application[name] for name in ("client_id", "client_secret") if application.get(name)}
    body = {**client, **grant}
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as http:
            sent: dict[str, Any] = {"json": body} if flow.body == "json" else {"data": body}
            answer = await http.post(address(flow.token_url, settings), headers={"accept": "application/json"}, **sent)
    except httpx.HTTPError as error:
        raise _away(manifest) from error
    if answer.status_code == 429 or answer.is_server_error:
        raise _away(manifest)
    if not answer.is_success:
        raise _refused(manifest, grant, answer)
    return _settings(flow, answer, manifest)


def address(template: str, settings: Mapping[str, str]) -> str:
    """An address with the settings it names filled in."""
    bare = {name: value.rstrip("/") for name, value in settings.items()}
    return template.format_map(bare)


def _flow(manifest: Manifest) -> OAuth2:
    if manifest.oauth2 is None:
        raise NotFound("{title} is not connected by authorising.", title=manifest.title)
    return manifest.oauth2


def _settings(flow: OAuth2, answer: httpx.Response, manifest: Manifest) -> dict[str, str]:
    try:
        given = msgspec.json.decode(answer.content, type=_Answer)
        ends = _ends(given)
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        raise _away(manifest) from error
    found = {flow.token: given.access_token}
    if given.refresh_token:
        found[flow.refresh] = given.refresh_token
    return found | ({flow.expires: ends.isoformat(timespec="seconds")} if ends else {})


def _ends(given: _Answer) -> datetime | None:
    if given.expires_in is not None:
        return datetime.now(UTC) + timedelta(seconds=given.expires_in)
    if isinstance(given.expires_at, str):
        ends = datetime.fromisoformat(given.expires_at)
        return ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    return None if given.expires_at is None else datetime.fromtimestamp(given.expires_at, UTC)


def _away(manifest: Manifest) -> Retry:
    return Retry("{title} does not give access just now.", retry_after=30, title=manifest.title)


def _refused(manifest: Manifest, grant: Mapping[str, str], answer: httpx.Response) -> NeedsPerson:
    if _reason(answer) == "invalid_client":
        return NeedsPerson(
            "{title} does not know this application, or its secret is another.",
            field="client_secret",
            code="application-refused",
            mend="Enter the application's id and secret again.",
            title=manifest.title,
        )
    if grant.get("grant_type") == "refresh_token":
        return NeedsPerson(
            "{title} has withdrawn the access that was authorised.",
            field=_flow(manifest).token,
            code=AUTHORISE_AGAIN,
            mend="Authorise it again: everything that was read and chosen stays.",
            title=manifest.title,
        )
    return NeedsPerson(
        "{title} does not take the authorisation any more.",
        field=_flow(manifest).token,
        code=AUTHORISE_AGAIN,
        mend="Authorise it once more, and do not wait too long at their page.",
        title=manifest.title,
    )


def _reason(answer: httpx.Response) -> str:
    try:
        told = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return ""
    return str(told.get("error", "")) if isinstance(told, dict) else ""


async def renew(db: Db, home: Path, connection_id: int, instead_of: str) -> dict[str, str]:
    """The settings of a connection with a token other than `instead_of`: renewed, or the one somebody else renewed.

    Held by the row's lock, so that of several processes one asks: most vendors let a refresh token be used once.
    """
    # Not FOR UPDATE: records that refer to the connection are still written meanwhile.
    await db.execute("select from connection where id = %s for no key update", [connection_id])
    connection = await connections.connection(db, connection_id)
    manifest = registry.manifest(connection.connector)
    flow, settings = _flow(manifest), credentials.all_settings(home, connection)
    if settings.get(flow.token) != instead_of:
        return settings
    if flow.refresh not in settings:
        raise NeedsPerson(
            "The access to {title} has ended.",
            field=flow.token,
            code=AUTHORISE_AGAIN,
            mend="Authorise it again: everything that was read and chosen stays.",
            title=manifest.title,
        )
    application = await credentials.application(db, home, connection.connector)
    grant = {"grant_type": "refresh_token", "refresh_token": settings[flow.refresh]}
    settings |= await asked(manifest, application, settings, grant)
    await credentials.keep(db, home, manifest, connection_id, settings)
    return settings


class _Current(Mapping[str, str]):
    """A connection's settings as they are now: a token that was renewed meanwhile is seen by who reads it next."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.now = settings

    def __getitem__(self, name: str) -> str:
        return self.now[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.now)

    def __len__(self) -> int:
        return len(self.now)


class _Renewing(httpx.AsyncBaseTransport):
    """Sends with a token that lasts. Refused with 401, it renews the token and sends once more."""

    def __init__(self, pool: Pool, home: Path, connection: Connection, flow: OAuth2, current: _Current) -> None:
        self._pool, self._home, self._id, self._flow, self._current = pool, home, connection.id, flow, current
        self._inner = httpx.AsyncHTTPTransport()
        self._held = {current.now.get(flow.token, "")}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; NeedsPerson where the access was withdrawn."""
        if not self._signed(request):
            return await self._inner.handle_async_request(request)
        if self._ends_soon():
            await self._renew(self._current[self._flow.token])
        used = self._sign(request)
        answer = await self._inner.handle_async_request(request)
        if answer.status_code != 401 or self._flow.refresh not in self._current:
            return answer
        await answer.aclose()
        await self._renew(used)
        self._sign(request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._inner.aclose()

    def _signed(self, request: httpx.Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind.casefold() == "bearer" and token in self._held

    def _sign(self, request: httpx.Request) -> str:
        token = self._current[self._flow.token]
        request.headers["authorization"] = f"Bearer {token}"
        return token

    def _ends_soon(self) -> bool:
        ends = self._current.get(self._flow.expires)
        if not ends or self._flow.refresh not in self._current:
            return False
        left = datetime.fromisoformat(ends) - datetime.now(UTC)
        return left < timedelta(seconds=self._flow.refresh_before)

    async def _renew(self, used: str) -> None:
        async with self._pool.connection() as db:
            self._current.now = await renew(db, self._home, self._id, used)
        self._held.add(self._current[self._flow.token])


@asynccontextmanager
async def using(pool: Pool, home: Path, connection: Connection) -> AsyncIterator[Session]:
    """A connection's session: its settings with secrets opened, and a client that keeps its access from ending.

    All sessions of a connection, in all processes, keep to the vendor's limits together, whether they read or send.
    """
    settings = credentials.all_settings(home, connection)
    manifest = registry.manifest(connection.connector)
    flow, current = manifest.oauth2, _Current(settings)
    transport = _Renewing(pool, home, connection, flow, current) if flow and flow.token in settings else None
    limiter = Limiter(pool, connection.id, manifest.limits)
    how = {"timeout": TIMEOUT, "follow_redirects": False, "trust_env": manifest.proxied, "transport": transport}
    async with Limited(limiter, **how) as http:
        yield Session(current, http)
