"""The simulator over HTTP: JSON-RPC, the JSON-2 API from version 19 on, and who may ask."""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any

import msgspec
from msgspec import Struct

from servery.connectors.odoo.simulator import troubles
from servery.connectors.odoo.simulator.database import Database
from servery.connectors.odoo.simulator.methods import Methods, Rights
from servery.connectors.odoo.simulator.sales import Sales
from servery.connectors.odoo.simulator.world import World
from servery.testing.asgi import body_of, in_time, live
from servery.testing.stage import Stage

Receive = Callable[..., Awaitable[Any]]
Send = Callable[..., Awaitable[None]]
_JSON_2 = "/json/2/"


class _Answer(Struct, frozen=True):
    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


def _now() -> datetime:
    return datetime.now(UTC)


class Play:
    """An Odoo at work: an ASGI application, with what a test may do to it by hand."""

    def __init__(self, world: World, methods: Methods, door: "_Door") -> None:
        self.world, self.methods, self._door = world, methods, door
        self._sales = Sales(world)

    @property
    def database(self) -> Database:
        """Its records."""
        return self.world.database

    def refresh(self) -> None:
        """Bring the records up to date with the stage."""
        self.world.refresh_guests()
        self._sales.refresh()

    def close_till(self) -> None:
        """End the till's session: from now on no order can be made."""
        self.database.update("pos.session", self.world.session, {"state": "closed"})

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await live(receive, send)
        elif scope["type"] == "http":
            body = await body_of(receive)
            self.refresh()
            await _send(send, self._door.answer(scope, body, self.methods))


def simulator(  # noqa: PLR0913 - each is one thing an Odoo may be asked to be
    stage: Stage,
    *,
    database: str = "restaurant",
    login: str = "servery@example.com",
    api_key: str = "sandbox-key",
    version: str = "19.0",
    requests_per_second: float | None = None,
    rights: Rights | None = None,
    session_open: bool = True,
    now: Callable[[], datetime] = _now,
) -> Play:
    """Odoo over a stage, as an ASGI application.

    Odoo itself sets no limit of requests; with `requests_per_second` more than that within any second are answered 429,
    as a proxy before it would. `rights` are those of the user, who sees everything without them.
    """
    records = Database(int(version.partition(".")[0]), now)
    world = World(records, stage, login=login, session_open=session_open)
    methods = Methods(records, world, rights or Rights())
    return Play(world, methods, _Door(database, login, api_key, version, requests_per_second))


class _Door:
    """Who may ask, how often, and in which of Odoo's two languages."""

    def __init__(self, database: str, login: str, api_key: str, version: str, limit: float | None) -> None:
        self._database, self._login, self._key = database, login, api_key
        self._version, self._limit = version, limit
        self._lately: deque[float] = deque()

    def answer(self, scope: Mapping[str, Any], body: bytes, methods: Methods) -> _Answer:
        """The answer to a request."""
        if self._limit is not None and not in_time(self._lately, time.monotonic(), self._limit):
            return _Answer(429, b"<html><h1>Too Many Requests</h1></html>", b"text/html", ((b"retry-after", b"1"),))
        path, modern = scope["path"], int(self._version.partition(".")[0]) >= 19
        if path == "/web/webclient/version_info":
            return _rpc({"server_version": self._version, "server_serie": self._version, "protocol_version": 1})
        if path == "/jsonrpc":
            return self._json_rpc(body, methods)
        if path.startswith(_JSON_2) and modern:
            return self._json_2(scope, body, methods)
        return _Answer(404, b"<!doctype html><html><title>404 Not Found</title></html>", b"text/html")

    def _json_rpc(self, body: bytes, methods: Methods) -> _Answer:
        """Odoo answers 200 whatever happens; what went wrong is in the body. A method's nothing is no result."""
        try:
            params = msgspec.json.decode(body)["params"]
            return _rpc(self._service(params["service"], params["method"], params["args"], methods))
        except troubles.Trouble as trouble:
            data = {"name": trouble.name, "message": trouble.message, "arguments": [trouble.message], "debug": "…"}
            error = {"code": 200, "message": "Odoo Server Error", "data": data}
            return _Answer(200, msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "error": error}))

    def _service(self, service: str, method: str, args: list[Any], methods: Methods) -> Any:
        if args and args[0] != self._database:
            raise troubles.no_database(str(args[0]))
        if (service, method) == ("common", "authenticate"):
            right = args[1] == self._login and _same(str(args[2]), self._key)
            return methods.call("res.users", "context_get", (), {})["uid"] if right else False
        if (service, method) != ("object", "execute_kw") or not _same(str(args[2]), self._key):
            raise troubles.access_denied()
        _, _, _, model, name, positional, named = args
        if model not in methods.models:
            raise troubles.no_model(model, json_2=False)
        return methods.call(model, name, positional[0] if positional else (), named)

    def _json_2(self, scope: Mapping[str, Any], body: bytes, methods: Methods) -> _Answer:
        headers = dict(scope["headers"])
        model, _, name = str(scope["path"]).removeprefix(_JSON_2).partition("/")
        try:
            if not _same(headers.get(b"authorization", b"").decode(), f"Bearer {self._key}"):
                raise troubles.unauthorized()
            if headers.get(b"x-odoo-database", self._database.encode()).decode() != self._database:
                raise troubles.no_database("?")
            if model not in methods.models:
                raise troubles.no_model(model, json_2=True)
            named = msgspec.json.decode(body) if body else {}
            told = methods.call(model, name, named.pop("ids", ()), named)
            return _Answer(200, msgspec.json.encode(told))
        except troubles.Trouble as trouble:
            fault = {"name": trouble.name, "message": trouble.message, "arguments": [trouble.message], "debug": "…"}
            return _Answer(trouble.status, msgspec.json.encode(fault))


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


def _rpc(result: Any) -> _Answer:
    told = {"jsonrpc": "2.0", "id": 1} | ({"result": result} if result is not None else {})
    return _Answer(200, msgspec.json.encode(told))


async def _send(send: Send, answer: _Answer) -> None:
    length = b"%d" % len(answer.body)
    headers = [(b"content-type", answer.content_type), (b"content-length", length), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
