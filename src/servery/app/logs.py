"""What processes say of their work: one line for each thing, with the request it was for, and nothing personal.

An error's own words may quote a record or a row of the database. So of errors that are not ours only the kind and the
place are told; ours are written without personal data and are told in full.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from uuid import uuid4

import msgspec
import psycopg

from servery.errors import ServeryError

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
"""The id of the request that is worked on."""
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,63}")
_log = logging.getLogger("servery.requests")

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure(environ: Mapping[str, str]) -> None:
    """Write the log of this process to stderr: as JSON where SERVERY_LOG says so, else for people to read."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if environ.get("SERVERY_LOG") == "json" else Plain())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # It writes whole addresses, with what is asked for.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # While the database is away it tells of each try of each connection; those who wait for it tell once, with why.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class JsonLines(logging.Formatter):
    """One JSON object for each line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": REQUEST.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = error_told(record.exc_info)
        return msgspec.json.encode({name: value for name, value in line.items() if value is not None}).decode()


class Plain(logging.Formatter):
    """One line for a person to read."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and after it where an error came from."""
        fields = "".join(f" {name}={value}" for name, value in getattr(record, "fields", {}).items())
        request = f" [{REQUEST.get()}]" if REQUEST.get() else ""
        line = f"{record.levelname} {record.name}: {record.getMessage()}{fields}{request}"
        if not record.exc_info:
            return line
        told = error_told(record.exc_info)
        return "\n".join([line, *(f"  {place}" for place in told["at"]), f"  {told['kind']}: {told['message']}"])


def error_told(raised: Raised) -> dict[str, Any]:
    """An error without its words where they are not ours, and the places it went through."""
    kind, error, trace = raised
    if kind is None or error is None:
        return {"kind": "?", "message": "", "at": []}
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
    return {"kind": f"{kind.__module__}.{kind.__qualname__}", "message": _message(error), "at": places}


def _message(error: BaseException) -> str:
    if isinstance(error, ServeryError):
        return f"{error.code}: {error.template}"
    if isinstance(error, psycopg.Error):
        return error.sqlstate or ""
    return error.strerror or "" if isinstance(error, OSError) else ""


class Observed:
    """An application whose requests have an id, in their answer as in the log, and are written down when they end.

    `seen` is given the method, the route (never the address itself, which may hold a token), the status and the
    seconds of each.
    """

    def __init__(
        self, application: Callable[..., Awaitable[None]], seen: Callable[[str, str, int, float], None]
    ) -> None:
        self._application = application
        self._seen = seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        identity = _identity(scope["headers"])
        scope["state"] = {**scope.get("state", {}), "request_id": identity}
        token = REQUEST.set(identity)
        began, status = time.perf_counter(), 500

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._application(scope, receive, sending)
        finally:
            self._write_down(scope, status, time.perf_counter() - began)
            REQUEST.reset(token)

    def _write_down(self, scope: Any, status: int, seconds: float) -> None:
        route = _route(scope)
        self._seen(scope["method"], route, status, seconds)
        fields = {"method": scope["method"], "route": route, "status": status, "milliseconds": round(seconds * 1000)}
        # What is asked for all day long says nothing while it goes well.
        level = logging.DEBUG if status < 400 and route in _QUIET else logging.INFO
        _log.log(level, "request", extra={"fields": fields})


_QUIET = {"/healthz", "/readyz", "/metrics", "/live", "/static/{name}"}


_NOWHERE = "/{rest}"
"""The route of the pages that answers every address that there is not."""


def _identity(headers: Any) -> str:
    given = next((value.decode("latin-1") for name, value in headers if name.lower() == b"x-request-id"), "")
    return given if _GIVEN_ID.fullmatch(given) else uuid4().hex


def _route(scope: Any) -> str:
    template = scope.get("path_template")
    if template and template != _NOWHERE:
        return str(template)
    # Of what no route of the pages answers, only the first part: the rest may be somebody's secret.
    first = scope["path"].split("/", 2)[1]
    return f"/{first}/…" if first == "hooks" else "?"
