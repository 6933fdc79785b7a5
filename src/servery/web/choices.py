"""What somebody chooses for their own pages: language, light, venue."""

from __future__ import annotations

from typing import Any, cast, get_args

from litestar import Request, Response, post
from litestar.datastructures import Cookie
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from servery.accounts.rows import Language
from servery.errors import Invalid
from servery.web.cookies import choice_cookie, language_cookie
from servery.web.door import TheDoor
from servery.web.forms import Form, safe_path
from servery.web.frame import THEME_COOKIE, THEMES, VENUE_COOKIE


@post("/choose/language")
async def choose_language(request: Request[Any, Any, Any], door: TheDoor, data: Form) -> Response[Any]:
    """Speak this language from now on, on every device of this person."""
    language = data.get("language", "")
    if language not in get_args(Language):
        raise Invalid("There is no such language.", field="language")
    await door.set_language(request.user, cast(Language, language))
    return _back(data, language_cookie(request, language))


@post("/choose/theme")
async def choose_theme(request: Request[Any, Any, Any], data: Form) -> Response[Any]:
    """Light or dark on this device; auto follows the device."""
    theme = data.get("theme", "")
    if theme not in THEMES:
        raise Invalid("There is no such theme.", field="theme")
    return _back(data, choice_cookie(request, THEME_COOKIE, theme))


@post("/choose/venue")
async def choose_venue(request: Request[Any, Any, Any], data: Form) -> Response[Any]:
    """Look at this venue from now on, on this device."""
    venue = data.get("venue", "")
    if not venue.isdecimal():
        raise Invalid("There is no such venue.", field="venue")
    return _back(data, choice_cookie(request, VENUE_COOKIE, venue))


def _back(data: Form, cookie: Cookie) -> Redirect:
    return Redirect(safe_path(data.get("back")), status_code=HTTP_303_SEE_OTHER, cookies=[cookie])
