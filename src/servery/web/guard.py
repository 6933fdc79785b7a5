"""Nobody sees a page without a session, nor one that their role has no right to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from servery.accounts.tokens import Token
from servery.errors import Forbidden
from servery.model.viewer import Right
from servery.web.door import Door

SESSION_COOKIE = "servery_session"


class SessionMiddleware(AbstractAuthenticationMiddleware):
    """Reads the session cookie. Routes marked `public` do without, those for `anybody` with or without."""

    def __init__(self, app: ASGIApp, door: Callable[[], Door]) -> None:
        super().__init__(app, exclude_from_auth_key="public")
        self._door = door

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """The viewer whose session the cookie names, with the session's token."""
        cookie = connection.cookies.get(SESSION_COOKIE)
        token = Token(cookie) if cookie else None
        viewer = await self._door().who(token) if token else None
        if viewer is None and not connection.route_handler.opt.get("anybody"):
            raise NotAuthorizedException
        return AuthenticationResult(user=viewer, auth=token)


def needs(right: Right) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """A guard for routes that only some roles may use."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if not connection.user.may(right):
            raise Forbidden("Your role does not include this page.")

    return guard
