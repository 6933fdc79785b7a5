"""Who asks: the API key in the request's header, and how often it may. A cookie opens nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.types import ASGIApp

from servery.accounts.keys import viewer_of_key
from servery.accounts.tokens import Token
from servery.api.problem import Asked, NoKey
from servery.errors import Refuse
from servery.storage.pool import Pool

PER_MINUTE = 600
"""Requests that one key may make in a minute, of one process: what is guarded is that process's share of the machine,
and a count in the database would cost each request a write."""


class KeyMiddleware(AbstractAuthenticationMiddleware):
    """Reads `Authorization: Bearer KEY` and puts whose key it is beside the request."""

    def __init__(self, app: ASGIApp, pool: Callable[[], Pool]) -> None:
        # Litestar would let OPTIONS in without one.
        super().__init__(app, exclude_http_methods=[])
        self._pool = pool()

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """The viewer whose key the header holds."""
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not key.strip():
            raise NoKey("This needs an API key.", mend="Send it in the header: Authorization: Bearer KEY")
        try:
            async with self._pool.connection() as db:
                viewer = await viewer_of_key(db, Token(key.strip()))
        except Refuse as refused:
            raise NoKey(refused.told(), code=refused.code) from refused
        return AuthenticationResult(user=viewer, auth=None)


def limited(per_minute: int) -> RateLimitConfig:
    """Counts what each key asks for and says how much is left in the headers RateLimit-Limit, -Remaining, -Reset."""
    return RateLimitConfig(("minute", per_minute), identifier_for_request=_key_of)


def _key_of(request: Asked) -> str:
    return f"{request.user.kind}:{request.user.id}"
