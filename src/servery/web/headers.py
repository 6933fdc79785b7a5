"""The headers that every answer carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

# Scripts and styles come from our own files alone: nothing that a guest wrote can ever run.
_CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "content-security-policy": _CONTENT_SECURITY,
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_OVER_HTTPS = {"strict-transport-security": "max-age=31536000"}
_UNLESS_SAID = {
    "referrer-policy": "same-origin",
    # Pages hold personal data: none is left behind in a shared tablet's cache.
    "cache-control": "no-store",
}


def request_id(scope: Scope) -> str:
    """The id of a request: in its answer, in the log, and on the page that says that something went wrong."""
    return str(scope["state"].setdefault("request_id", uuid4().hex))


def add_headers(secure: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """A hook for all that is sent, errors included; `secure` where the site is reached by HTTPS."""
    always = _ALWAYS | (_OVER_HTTPS if secure else {})

    async def before_send(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in always.items():
            headers[name] = value
        for name, value in _UNLESS_SAID.items():
            headers.setdefault(name, value)
        headers.setdefault("x-request-id", request_id(scope))

    return before_send
