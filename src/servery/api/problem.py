"""What goes wrong, told to programs: RFC 9457 problems with a `code` that stays the same when the words change."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap, Scope
from msgspec import UNSET, Struct, UnsetType
from psycopg import OperationalError

from servery.errors import Forbidden, Invalid, NotFound, Refuse, Retry, ServeryError

Asked = Request[Any, Any, Any]
"""A request, as a route asks for it."""
MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)


class NoKey(ServeryError):
    """The request carries no API key, or one that opens nothing."""

    default_code = "key-missing"


class NoneGiven(Refuse):
    """A change that does not say, by If-Match, of what state it is one."""

    default_code = "if-match-missing"


class Stale(Refuse):
    """A change of what somebody else has changed since."""

    default_code = "stale"


class AtWork(Refuse):
    """What was asked for waits for something else that is under way."""

    default_code = "at-work"


_STATUS: tuple[tuple[type[ServeryError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (NoneGiven, 428),
    (Stale, 412),
    (AtWork, 409),
    (Refuse, 400),
    (Retry, 503),
)
_CODES = {400: "invalid", 401: "key-missing", 404: "not-found", 405: "method-not-allowed", 429: "too-many-requests"}
_MISSING = re.compile("Object missing required field `(.+)`")
_AGAIN_AFTER = 5
"""Seconds after which a database that did not answer is worth another try."""


class Fault(Struct, frozen=True):
    """One value that cannot be accepted: a JSON pointer to it (/query/limit, /path/check_id), and why."""

    pointer: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True):
    """An error as RFC 9457 has it. `request_id` is how the log knows this request."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | UnsetType = UNSET
    errors: tuple[Fault, ...] | UnsetType = UNSET
    request_id: str


def problem_answer(
    request: Asked,
    status: int,
    code: str,
    detail: str | None = None,
    faults: tuple[Fault, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    """A problem as an answer."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail or UNSET,
        errors=faults or UNSET,
        request_id=_request_id(request.scope),
    )
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers or {})


def _request_id(scope: Scope) -> str:
    # Whoever needs it first makes it: the header of the answer and the log show the same one.
    return str(scope["state"].setdefault("request_id", uuid4().hex))


def _no_key(request: Asked, error: NoKey) -> Response[Problem]:
    challenge = 'Bearer realm="servery"'
    if error.code != NoKey.default_code:
        challenge += f', error="invalid_token", error_description="{error.code}"'
    return problem_answer(request, 401, error.code, error.told(), headers={"www-authenticate": challenge})


def _ours(request: Asked, error: ServeryError) -> Response[Problem]:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        return _unforeseen(request, error)
    faults: tuple[Fault, ...] = ()
    if isinstance(error, Invalid) and error.field:
        is_asked = request.method in ("GET", "HEAD") or error.field in request.query_params
        part = "query" if is_asked else "body"
        faults = (Fault(f"/{part}/{error.field}", error.told()),)
    headers = {"retry-after": str(round(error.retry_after))} if isinstance(error, Retry) else {}
    return problem_answer(request, status, error.code, error.told(), faults, headers)


def _http(request: Asked, error: HTTPException) -> Response[Problem]:
    if error.status_code >= 500:
        return _unforeseen(request, error)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 429:
        headers["retry-after"] = headers.get("ratelimit-reset", "60")
    faults = _faults(error)
    detail = " ".join(f"{one.pointer}: {one.detail}" for one in faults) or None
    if error.status_code == 429:
        detail = "This key has asked too often."
    code = _CODES.get(error.status_code, "refused")
    return problem_answer(request, error.status_code, code, detail, faults, headers)


def _faults(error: HTTPException) -> tuple[Fault, ...]:
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return ()
    return tuple(_fault(one) for one in error.extra)


def _fault(extra: dict[str, Any]) -> Fault:
    """What Litestar tells of one value: its key is `data` for a whole body, else a path such as conditions[0].op."""
    parts = re.findall(r"[^.\[\]]+", str(extra.get("key", "")))
    message = str(extra["message"])
    if _source(extra) == "body" and parts == ["data"]:
        parts = []
    if missing := _MISSING.fullmatch(message):
        parts, message = [*parts, missing[1]], "This is missing."
    return Fault("/" + "/".join([_source(extra), *(part for part in parts if part != "...")]), message)


def _source(extra: dict[str, Any]) -> str:
    source = extra.get("source", "query")
    return str(getattr(source, "value", source))


def _no_database(request: Asked, error: OperationalError) -> Response[Problem]:
    _log.error("request %s: the database does not answer", _request_id(request.scope), exc_info=error)
    detail = "The database does not answer just now."
    return problem_answer(request, 503, "database-away", detail, headers={"retry-after": str(_AGAIN_AFTER)})


def _unforeseen(request: Asked, error: Exception) -> Response[Problem]:
    _log.error("request %s failed", _request_id(request.scope), exc_info=error)
    return problem_answer(request, 500, "internal", "Something went wrong here, and it is not your doing.")


HANDLERS: ExceptionHandlersMap = {
    NoKey: _no_key,
    ServeryError: _ours,
    HTTPException: _http,
    OperationalError: _no_database,
    Exception: _unforeseen,
}


def for_api_paths(others: ExceptionHandlersMap) -> ExceptionHandlersMap:
    """Handlers for the whole application: ours under /api/, `others` elsewhere.

    A path or method that no route of the API knows is found out before any router is asked, so the application's own
    handlers must tell it in the API's way.
    """
    return {kind: _by_path(others) for kind in {*HANDLERS, *others}}


def _by_path(others: ExceptionHandlersMap) -> Callable[[Asked, Any], Response[Any]]:
    def handle(request: Asked, error: Any) -> Response[Any]:
        handlers = HANDLERS if request.url.path.startswith("/api/") else others
        for parent in type(error).__mro__:
            if parent in handlers:
                answer: Response[Any] = handlers[parent](request, error)
                return answer
        raise error

    return handle
