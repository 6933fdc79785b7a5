"""What somebody typed to find a guest: kept by their own browser in a cookie, so that no address tells it.

Addresses stay in the history of a shared tablet and in the logs of whatever stands before Servery. `?typed=` names one
of the last searches; going back and loading again find it there.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from servery.errors import NotFound
from servery.web.cookies import cookie

COOKIE = "servery_typed"
LONGEST = 200
"""Characters of a text that are kept."""
_A_SHIFT = int(timedelta(hours=8).total_seconds())
_MOST = 8
_ROOM = 3000
"""Characters of the cookie: browsers drop one that is longer than 4096 bytes with its name."""


def typed(request: Request[Any, Any, Any]) -> str:
    """The text of the search that the address names, empty where it names none. NotFound where it is no longer kept."""
    name = request.query_params.get("typed")
    if not name:
        return ""
    text = _kept(request).get(name)
    if text is None:
        raise NotFound("What was searched for here is no longer kept.", code="search-gone", mend="Type it again.")
    return text


def found_at(request: Request[Any, Any, Any], path: str, text: str, **query: object) -> Redirect:
    """Lead on to what a text finds, under an address that does not tell it; without a text to all."""
    text = text.strip()[:LONGEST]
    if not text:
        return Redirect(_address(path, query), status_code=HTTP_303_SEE_OTHER)
    before = _kept(request)
    name = next((name for name, one in before.items() if one == text), secrets.token_urlsafe(6))
    kept = _written({name: text, **{other: one for other, one in before.items() if other != name}})
    where = _address(path, {**query, "typed": name})
    return Redirect(where, status_code=HTTP_303_SEE_OTHER, cookies=[cookie(request, COOKIE, kept, _A_SHIFT)])


def forgotten(request: Request[Any, Any, Any]) -> Cookie:
    """What makes the browser forget all that was typed."""
    return cookie(request, COOKIE, "", 0)


def _address(path: str, query: dict[str, object]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _kept(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The last searches by name, the latest first; none where the cookie is not ours."""
    written = request.cookies.get(COOKIE, "")
    try:
        return msgspec.json.decode(urlsafe_b64decode(written + "=" * (-len(written) % 4)), type=dict[str, str])
    except ValueError:
        return {}


def _written(searches: dict[str, str]) -> str:
    """As many of the latest as there is room for."""
    latest = list(searches.items())[:_MOST]
    while len(text := urlsafe_b64encode(msgspec.json.encode(dict(latest))).decode()) > _ROOM:
        latest.pop()
    # Padding would have to be quoted in a cookie.
    return text.rstrip("=")
