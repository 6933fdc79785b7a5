"""A front before a simulator that spoils chosen answers, as networks, proxies and vendors do."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from msgspec import Struct

from servery.connectors.contract import Asgi

HANG = 30.0
"""Seconds after which a hanging answer ends at the latest; a client should have left long before."""


class Fault(Struct, frozen=True, kw_only=True):
    """One way in which an answer goes wrong.

    `how`: "answer" gives `status`, `headers` and `body` instead of the simulator; "cut" ends the connection before the
    answer, "half" in the middle of it; "hang" never answers. With `after` the simulator first does what was asked: the
    effect is there, and nobody is told.
    """

    how: Literal["answer", "cut", "half", "hang"] = "answer"
    status: int = 500
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"
    after: bool = False


def too_many(retry_after: str | None = None) -> Fault:
    """429, with the advice given or none."""
    headers = (("retry-after", retry_after),) if retry_after is not None else ()
    return Fault(status=429, headers=(("content-type", "application/json"), *headers))


def in_seconds(seconds: int) -> str:
    """A time from now as a Retry-After header gives it as a date."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


HTML = (("content-type", "text/html"),)
UNAUTHORIZED = Fault(status=401, headers=(("content-type", "application/json"),))
"""Credentials that were right are so no longer."""
PASSING: dict[str, Fault] = {
    "429 without advice": too_many(),
    "500": Fault(),
    "500 in HTML": Fault(headers=HTML, body=b"<html><h1>Oops</h1></html>"),
    "502": Fault(status=502, headers=HTML, body=b"<html><h1>Bad gateway</h1></html>"),
    "503": Fault(status=503, body=b""),
    "cut": Fault(how="cut"),
    "half an answer": Fault(how="half"),
    "no answer": Fault(how="hang"),
}
"""What passes by itself: the same question a little later is answered."""

STRANGE: dict[str, Fault] = {
    "HTML instead": Fault(status=200, headers=HTML, body=b"<html>Welcome to the guest network</html>"),
    "JSON cut short": Fault(status=200, headers=(("content-type", "application/json"),), body=b'{"a": [1, '),
    "nothing": Fault(status=200, body=b""),
}
"""What a wrong address, a captive network or a broken proxy answers: nobody can tell whether it passes by itself."""

UNKNOWN_END: dict[str, Fault] = {
    "done, then no answer": Fault(how="hang", after=True),
    "done, then cut": Fault(how="cut", after=True),
    "done, then half an answer": Fault(how="half", after=True),
    "done, then 502": Fault(status=502, headers=HTML, body=b"<html>Bad gateway</html>", after=True),
}
"""The other side has done what was asked, and we are not told so."""


class Front:
    """An ASGI application that passes on to a simulator what no fault is planned for."""

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self._planned: dict[int, Fault] = {}
        self._always: Fault | None = None
        self.asked: list[str] = []
        """What was asked so far, as `GET /path`."""
        self.spoilt = 0
        """How many answers a fault has spoilt."""

    def spoil(self, fault: Fault, after: int = 0) -> None:
        """Spoil the answer to the next request, or to the one that comes after so many others."""
        self._planned[len(self.asked) + after] = fault

    def spoil_all(self, fault: Fault | None) -> None:
        """Spoil every answer from now on; None: no more."""
        self._always = fault

    def recover(self) -> None:
        """Forget every fault that is still planned."""
        self._planned.clear()
        self._always = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = self._planned.pop(len(self.asked), None) or self._always
        self.asked.append(f"{scope['method']} {scope['path']}")
        if fault is None:
            await self._app(scope, receive, send)
            return
        self.spoilt += 1
        told = await _told(self._app, scope, receive) if fault.after or fault.how == "half" else _Told()
        await _spoilt(fault, told, receive, send)


class _Told(Struct):
    """An answer kept back."""

    start: dict[str, Any] = {}
    body: bytes = b""


async def _told(app: Asgi, scope: dict[str, Any], receive: Any) -> _Told:
    """Let the simulator do what is asked, and keep what it says."""
    told = _Told()

    async def keep(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            told.start = message
        else:
            told.body += message.get("body", b"")

    await app(scope, receive, keep)
    return told


async def _spoilt(fault: Fault, told: _Told, receive: Any, send: Any) -> None:
    if fault.how == "hang":
        await _until_left(receive)
        return
    if fault.how == "answer":
        headers = [(name.encode(), value.encode()) for name, value in fault.headers]
        await send({"type": "http.response.start", "status": fault.status, "headers": headers})
        await send({"type": "http.response.body", "body": fault.body})
        return
    sent = told.body[: len(told.body) // 2] if fault.how == "half" else b""
    promised = [(b"content-type", b"application/json"), (b"content-length", b"%d" % (len(told.body) + 1))]
    await send({"type": "http.response.start", "status": told.start.get("status", 200), "headers": promised})
    await send({"type": "http.response.body", "body": sent, "more_body": True})
    # The server can only break off: it promised more than it was given.
    raise ConnectionAbortedError("the answer ends here, as planned")


async def _until_left(receive: Any) -> None:
    try:
        async with asyncio.timeout(HANG):
            while (await receive())["type"] != "http.disconnect":
                continue
    except TimeoutError:
        return
