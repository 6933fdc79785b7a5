"""The cookies of the pages: only for this site, only over HTTPS where the site has it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from servery.accounts.sessions import LASTS
from servery.accounts.tokens import Token
from servery.web.frame import LANGUAGE_COOKIE
from servery.web.guard import SESSION_COOKIE

_A_YEAR = int(timedelta(days=365).total_seconds())


def session_cookie(request: Request[Any, Any, Any], token: Token) -> Cookie:
    """The cookie of a session. No script can read it."""
    return cookie(request, SESSION_COOKIE, token.reveal(), int(LASTS.total_seconds()))


def ended_session(request: Request[Any, Any, Any]) -> Cookie:
    """What makes the browser forget its session."""
    return cookie(request, SESSION_COOKIE, "", 0)


def choice_cookie(request: Request[Any, Any, Any], name: str, value: str) -> Cookie:
    """What somebody chose for this browser."""
    return cookie(request, name, value, _A_YEAR)


def language_cookie(request: Request[Any, Any, Any], language: str) -> Cookie:
    """The language that somebody chose."""
    return choice_cookie(request, LANGUAGE_COOKIE, language)


def cookie(request: Request[Any, Any, Any], key: str, value: str, max_age: int) -> Cookie:
    """A cookie of these pages that no script can read; `max_age` in seconds, 0 forgets it."""
    secure = bool(request.app.state.site_secure)
    return Cookie(key=key, value=value, max_age=max_age, path="/", httponly=True, secure=secure, samesite="lax")
