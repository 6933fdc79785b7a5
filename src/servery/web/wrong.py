"""What a person sees when something goes wrong: what it was, and what to do now."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.exceptions import HTTPException, NotAuthorizedException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from litestar.types import ExceptionHandlersMap

from servery.errors import Forbidden, NotFound, Refuse, Retry, ServeryError
from servery.language.words import Words
from servery.web.frame import Frame, frame_of_stranger
from servery.web.headers import request_id
from servery.web.render import page, with_status

_log = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[ServeryError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Refuse, 422),
    (Retry, 503),
)


@route(
    "/{rest:path}",
    http_method=[HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE],
    anybody=True,
    sync_to_thread=False,
)
def nowhere(rest: FromPath[str]) -> None:
    """Every address that no page has: found as a route, so that who is signed in keeps the header and its tabs."""
    raise NotFoundException


def _not_signed_in(request: Request[Any, Any, Any], _: NotAuthorizedException) -> Response[Any]:
    if _is_api(request):
        return _problem(request, 401, "Nobody is signed in.")
    where = frame_of_stranger(request).sign_in if request.method == "GET" else "/sign-in"
    if "hx-request" in request.headers:
        # A redirect would put the sign-in page into a part of this one.
        return Response(None, status_code=204, headers={"hx-redirect": "/sign-in"})
    return Redirect(where, status_code=HTTP_303_SEE_OTHER)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code >= 500:
        _log.error("request %s failed", request_id(request.scope), exc_info=error)
    frame = _frame(request)
    return _told(request, frame, error.status_code, _title(error.status_code, frame.words), None)


def _ours(request: Request[Any, Any, Any], error: ServeryError) -> Response[Any]:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    frame = _frame(request)
    if status == 500:
        _log.error("request %s failed: %s", request_id(request.scope), error.code, exc_info=error)
    return _told(request, frame, status, _title(status, frame.words), error.told(frame.words.gettext))


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _log.error("request %s failed", request_id(request.scope), exc_info=error)
    frame = _frame(request)
    return _told(request, frame, 500, _title(500, frame.words), None)


HANDLERS: ExceptionHandlersMap = {
    NotAuthorizedException: _not_signed_in,
    HTTPException: _http,
    ServeryError: _ours,
    Exception: _unforeseen,
}
"""For the application. A router that answers programs has its own."""


def _frame(request: Request[Any, Any, Any]) -> Frame:
    return msgspec.structs.replace(frame_of_stranger(request), who=request.scope.get("user"))


def _told(request: Request[Any, Any, Any], frame: Frame, status: int, title: str, detail: str | None) -> Response[Any]:
    if _is_api(request):
        return _problem(request, status, title)
    answer = page(request, frame, "templates/error.html", status=status, title=title, detail=detail)
    return with_status(answer, status)


def _title(status: int, words: Words) -> str:
    titles = {
        403: words.gettext("This page is not for your role"),
        404: words.gettext("There is no such page"),
        405: words.gettext("There is no such page"),
        503: words.gettext("Not just now"),
    }
    if status in titles:
        return titles[status]
    if status >= 500:
        return words.gettext("Something went wrong here, and it is not your doing")
    return words.gettext("That did not work")


def _is_api(request: Request[Any, Any, Any]) -> bool:
    return request.url.path.startswith("/api/")


def _problem(request: Request[Any, Any, Any], status: int, title: str) -> Response[Any]:
    """Paths that no API route knows never reach the API's own handlers; RFC 9457."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "request_id": request_id(request.scope),
    }
    return Response(body, status_code=status, media_type="application/problem+json")
