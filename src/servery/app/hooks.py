"""The door for webhooks: proved, without card numbers, on disk, and only then acknowledged.

An ASGI application of its own before the pages: a vendor has no session and no form, and counts every millisecond.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import structs
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from servery.api.problem import MEDIA_TYPE, Problem
from servery.app.addresses import PATH, Address, Addresses, Gone, listen
from servery.app.key_files import card_key
from servery.connectors.contract import Asgi
from servery.errors import Forbidden, NeedsPerson, NotFound, Retry, ServeryError
from servery.inbox import quarantine
from servery.inbox.cards import redact, redact_headers, redact_text
from servery.inbox.naming import digest, named, plain
from servery.inbox.receive import AGAIN_AFTER, Arrival, Intake
from servery.inbox.verify import Request, verify
from servery.settings import Settings
from servery.storage.pool import Pool

log = logging.getLogger(__name__)

_READ_WITHIN = 20.0
"""Seconds in which a body must have come."""
_COMPLAIN_EVERY = 60.0
"""Seconds between two lines of the log on one address: who knocks thousands of times fills no disk."""
_FRESH = 1.0
"""Seconds for which a secret that does not fit is not read again: it may have been changed a moment ago."""
_LONG = 200_000
"""Bytes of a body that is looked through beside the others: it may take as long as answering a hundred."""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class _Refused(Exception):
    """What is answered instead of an acknowledgement."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers or {}


class Hooks:
    """Answers what is sent to /hooks/; `intake` stores, `card_key` marks the cards that were taken out."""

    def __init__(self, addresses: Addresses, intake: Intake, card_key: bytes) -> None:
        self._addresses = addresses
        self._intake = intake
        self._card_key = card_key
        self._complained: dict[str, float] = {}

    async def answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> int:
        """Answer one request; returns the status."""
        path = scope["path"].removeprefix(PATH)
        try:
            status = await self._acknowledged(path, scope, receive)
        except _Refused as refused:
            self._complain(path, refused)
            return await _answer_problem(send, refused)
        except Exception:
            log.exception("a webhook at %s%s was not taken in", PATH, path)
            return await _answer_problem(send, _Refused(500, "internal", "Something went wrong here; send it again."))
        await _answer(send, status, b"", {})
        return status

    async def _acknowledged(self, path: str, scope: dict[str, Any], receive: Receive) -> int:
        if scope["method"] != "POST":
            raise _Refused(405, "method-not-allowed", "Webhooks are sent by POST.", {"allow": "POST"})
        address = await self._address(path)
        headers = _headers(scope)
        body = await _body(receive, headers, address.webhook.largest)
        request = Request(_url(address, scope), scope["query_string"], headers, body)
        address = await self._proved(path, address, request)
        meant = inflated(headers, body, address.webhook.largest)
        if len(meant) > _LONG:
            arrivals = await asyncio.to_thread(self._arrivals, address, request, meant)
        else:
            arrivals = self._arrivals(address, request, meant)
        try:
            await self._intake.store(arrivals)
        except Retry as away:
            raise _away(away.retry_after) from None
        return address.webhook.acknowledge

    async def _address(self, path: str, newer_than: float = 0.0) -> Address:
        try:
            return await self._addresses.at(path, newer_than)
        except NotFound as nowhere:
            raise _Refused(404, "not-found", nowhere.told()) from None
        except Gone as gone:
            raise _Refused(410, gone.code, gone.told()) from None
        except NeedsPerson as error:
            # What we cannot prove we must not refuse for ever: the key may be put back, and senders come again.
            log.error("webhooks at %s cannot be proved: %s", path, error.code)
            raise _away(60.0) from None
        except (OperationalError, PoolTimeout):
            raise _away(AGAIN_AFTER) from None

    async def _proved(self, path: str, address: Address, request: Request) -> Address:
        """The address by which the request is proved: what is held in memory may be of a moment ago."""
        try:
            _prove(address, request)
        except _Refused:
            address = await self._address(path, newer_than=time.monotonic() - _FRESH)
            _prove(address, request)
        return address

    def _arrivals(self, address: Address, request: Request, body: bytes) -> list[Arrival]:
        webhook, key = address.webhook, self._card_key
        merchant_path = webhook.merchant_path if address.connection_id is None else None
        sent_id, kind, merchant = named(body, webhook.id_path, webhook.kind_path, merchant_path)
        sent_id = _header(webhook.id_header, request) or sent_id
        kind = _header(webhook.kind_header, request) or kind
        arrival = Arrival(
            connection_id=address.connection_id,
            connector=address.connector,
            kind=redact_text(kind, key) if kind else "",
            key=redact_text(sent_id, key) if sent_id else digest(request.body),
            headers=redact_headers(_kept(address, request), key),
            body=redact(body, address.id_fields, key),
        )
        if address.connection_id is not None:
            return [arrival]
        owners = address.merchants.get(merchant or "", ())
        if owners:
            return [structs.replace(arrival, connection_id=one) for one in owners]
        lost = _lost(redact_text(merchant, key) if merchant else None)
        return [structs.replace(arrival, key=f"{address.connector}:{arrival.key}", lost=lost)]

    def _complain(self, path: str, refused: _Refused) -> None:
        now = time.monotonic()
        if refused.status == 404 or now - self._complained.get(path, -_COMPLAIN_EVERY) < _COMPLAIN_EVERY:
            return
        self._complained[path] = now
        log.warning("webhook at %s%s refused with %s: %s", PATH, path, refused.status, refused.code)


@asynccontextmanager
async def receiving(pool: Pool, settings: Settings, dsn: str) -> AsyncIterator[Hooks]:
    """The door, with all that works behind it, for as long as the context lasts."""
    held, intake = Addresses(pool, settings.home, settings.public_url), Intake(pool)
    behind = [asyncio.create_task(intake.run()), asyncio.create_task(listen(held, dsn))]
    try:
        yield Hooks(held, intake, card_key(settings.home))
    finally:
        for task in behind:
            task.cancel()
        await asyncio.wait(behind)


Seen = Callable[[str, str, int, float], None]
"""Counts a request: method, route, status, seconds."""


def before(hooks: Hooks, pages: Asgi, seen: Seen) -> Asgi:
    """An application that gives /hooks/ to one and all else to the other; `seen` counts those of the first."""

    async def either(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await pages(scope, receive, send)
            return
        began = time.perf_counter()
        status = await hooks.answer(scope, receive, send)
        # Of the address only the first part: what stands behind it anybody may have made up.
        seen(scope["method"], f"{PATH}…", status, time.perf_counter() - began)

    return either


def _headers(scope: dict[str, Any]) -> dict[bytes, bytes]:
    """Headers by name; of one that came twice both, parted by a comma, as HTTP has it."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


async def _body(receive: Receive, headers: Mapping[bytes, bytes], largest: int) -> bytes:
    told = headers.get(b"content-length", b"0")
    if not told.isdigit() or int(told[:20]) > largest:
        raise _too_large(largest)
    parts, size = [], 0
    try:
        async with asyncio.timeout(_READ_WITHIN):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Refused(400, "incomplete", "The request ended before its body did.")
                part = message.get("body", b"")
                size += len(part)
                if size > largest:
                    raise _too_large(largest)
                parts.append(part)
                if not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise _Refused(408, "too-slow", "The body did not come in time.", _CLOSE) from None


_CLOSE = {"connection": "close"}


def _too_large(largest: int) -> _Refused:
    return _Refused(413, "too-large", f"A webhook has at most {largest} bytes here.", _CLOSE)


def _url(address: Address, scope: dict[str, Any]) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{address.url}?{query}" if query else address.url


def _prove(address: Address, request: Request) -> None:
    try:
        verify(address.webhook, address.secrets, request, datetime.now(UTC))
    except Forbidden as forbidden:
        raise _Refused(401, forbidden.code, forbidden.told()) from None
    except NeedsPerson as error:
        log.error("webhooks at %s cannot be proved: %s", address.url, error.code)
        raise _away(60.0) from None


def inflated(headers: Mapping[bytes, bytes], body: bytes, largest: int) -> bytes:
    """The body as its sender meant it, after its very bytes were proved: what is packed hides card numbers.

    What breaks off in the middle is given as far as it goes. Raises where a packing is unknown or hides too much.
    """
    coding = headers.get(b"content-encoding", b"identity").strip().lower()
    if coding in (b"identity", b""):
        return body
    if coding != b"gzip":
        raise _Refused(415, "encoding-unknown", "Send the body as it is, or packed by gzip.")
    # Piece by piece: what came out before a fault is not lost with it.
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    whole = bytearray()
    try:
        for start in range(0, len(body), _PIECE):
            whole += unpacking.decompress(body[start : start + _PIECE], largest + 1 - len(whole))
            if len(whole) > largest:
                raise _too_large(largest)
    except zlib.error:
        return bytes(whole) or body
    return bytes(whole)


_PIECE = 1024


def _header(name: str | None, request: Request) -> str | None:
    value = request.headers.get(name.encode()) if name is not None else None
    return plain(value.decode("latin-1")) or None if value else None


def _kept(address: Address, request: Request) -> dict[str, str]:
    """The headers that are stored: none by which the sender proves itself."""
    found = ((name, request.headers.get(name.encode())) for name in address.kept_headers)
    return {name: plain(value.decode("latin-1")) for name, value in found if value is not None}


def _lost(merchant: str | None) -> dict[str, Any]:
    """Why an application's event is nobody's, as quarantine keeps reasons."""
    if merchant is None:
        reason = ServeryError("The event does not say which account it is of.", code="merchant-missing")
    else:
        reason = ServeryError(
            "No connection reads the account or location {merchant}.",
            code="merchant-unknown",
            mend="Connect it: the event is then taken in by itself.",
            merchant=merchant,
        )
    return quarantine.reason_of(reason)


def _away(again_after: float) -> _Refused:
    again = {"retry-after": str(round(again_after))}
    return _Refused(503, "store-away", "This cannot be stored just now; please send it again.", again)


async def _answer_problem(send: Send, refused: _Refused) -> int:
    problem = Problem(
        title=HTTPStatus(refused.status).phrase,
        status=refused.status,
        code=refused.code,
        detail=refused.detail,
        request_id=uuid4().hex,
    )
    headers = {"content-type": MEDIA_TYPE, **refused.headers}
    await _answer(send, refused.status, msgspec.json.encode(problem), headers)
    return refused.status


async def _answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    length = [] if status == HTTPStatus.NO_CONTENT else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": pairs + length})
    await send({"type": "http.response.body", "body": body})
