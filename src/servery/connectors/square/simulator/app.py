"""The simulator over HTTP: who may ask, how often, and which operation answers."""

import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from servery.connectors.contract import Asgi
from servery.connectors.square.simulator import questions as ask
from servery.connectors.square.simulator.answers import Answer, Problem, not_found
from servery.connectors.square.simulator.changes import (
    Changes,
    CreateCustomer,
    CreateDefinition,
    RetrieveCustomers,
    UpdateCustomer,
    UpsertAttributes,
)
from servery.connectors.square.simulator.consent import Consent, ObtainToken
from servery.connectors.square.simulator.routes import Routes
from servery.testing.asgi import body_of, in_time, live
from servery.testing.stage import Stage

Receive = Callable[..., Awaitable[Any]]
Send = Callable[..., Awaitable[None]]
_Operation = Callable[["_Request"], bytes]


class _Request(msgspec.Struct, frozen=True):
    """What an operation may look at."""

    ids: tuple[str, ...]
    query: dict[str, str]
    body: bytes


def _now() -> datetime:
    return datetime.now(UTC)


def simulator(
    stage: Stage,
    access_token: str = "sandbox-token",
    requests_per_second: float | None = None,
    now: Callable[[], datetime] = _now,
) -> Asgi:
    """Square's API over a stage, as an ASGI application.

    Square publishes no limit of requests, so none is set unless `requests_per_second` is given; then more than that
    within any second is answered 429 RATE_LIMITED with Retry-After.
    """
    routes, consent = Routes(stage, now), Consent(stage, now)
    operations = _operations(routes) | _changing(routes.changes)
    gate = _Gate(access_token, consent, requests_per_second)

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
        elif scope["type"] == "http":
            await _send(send, await _answer(scope, receive, gate, operations))

    return app


async def _answer(
    scope: dict[str, Any], receive: Receive, gate: "_Gate", operations: Mapping[tuple[str, str], _Operation]
) -> Answer:
    body = await body_of(receive)
    query = dict(parse_qsl(scope["query_string"].decode()))
    try:
        if scope["path"] == "/oauth2/authorize":
            return gate.consent.authorize(query)
        if (scope["method"], scope["path"]) == ("POST", "/oauth2/token"):
            return Answer(200, gate.consent.token(ask.from_body(body, ObtainToken)))
        gate.admit(dict(scope["headers"]).get(b"authorization", b""))
        operation, ids = _find(operations, scope["method"], scope["path"])
        return Answer(200, operation(_Request(ids, query, body)))
    except Problem as problem:
        pause = ((b"retry-after", b"1"),) if problem.status == 429 else ()
        return Answer(problem.status, msgspec.json.encode(problem.body), pause)


async def _send(send: Send, answer: Answer) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer.body)), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


class _Gate:
    """Lets in who has the token, and not too often."""

    def __init__(self, access_token: str, consent: Consent, requests_per_second: float | None) -> None:
        self._expected = f"Bearer {access_token}".encode()
        self.consent = consent
        self._limit = requests_per_second
        self._lately: deque[float] = deque()

    def admit(self, authorization: bytes) -> None:
        """Raises the Problem that Square answers to strangers and to the hasty."""
        given = self.consent.opens(authorization.removeprefix(b"Bearer ").decode("latin-1"))
        if not given and not compare_digest(authorization, self._expected):
            raise Problem(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", "This request could not be authorized.")
        if self._limit is not None and not in_time(self._lately, time.monotonic(), self._limit):
            raise Problem(429, "RATE_LIMIT_ERROR", "RATE_LIMITED", "Too many requests.")


def _find(
    operations: Mapping[tuple[str, str], _Operation], method: str, path: str
) -> tuple[_Operation, tuple[str, ...]]:
    exact = operations.get((method, path))
    if exact:
        return exact, ()
    attribute = re.fullmatch(r"/v2/customers/([^/]+)/custom-attributes/([^/]+)", path)
    if attribute and method == "DELETE":
        return operations[method, "/v2/customers/{id}/custom-attributes/{key}"], (attribute[1], attribute[2])
    known = re.fullmatch(r"(/v2/(?:locations|merchants|orders|payments|customers)/)([^/]+)", path)
    of_one = operations.get((method, f"{known[1]}{{id}}")) if known else None
    if known is None or of_one is None:
        raise not_found("Resource")
    return of_one, (known[2],)


def _operations(routes: Routes) -> dict[tuple[str, str], _Operation]:
    from_body, from_query = ask.from_body, ask.from_query
    return {
        ("GET", "/v2/locations"): lambda _: routes.locations(),
        ("GET", "/v2/locations/{id}"): lambda it: routes.location(*it.ids),
        ("GET", "/v2/merchants"): lambda _: routes.merchants(),
        ("GET", "/v2/merchants/{id}"): lambda it: routes.merchant(*it.ids),
        ("POST", "/v2/orders/search"): lambda it: routes.search_orders(from_body(it.body, ask.SearchOrders)),
        ("POST", "/v2/orders/batch-retrieve"): lambda it: routes.orders(from_body(it.body, ask.RetrieveOrders)),
        ("GET", "/v2/orders/{id}"): lambda it: routes.order(*it.ids),
        ("GET", "/v2/payments"): lambda it: routes.payments(from_query(it.query, ask.ListPayments)),
        ("GET", "/v2/payments/{id}"): lambda it: routes.payment(*it.ids),
        ("GET", "/v2/refunds"): lambda it: routes.refunds(from_query(it.query, ask.ListRefunds)),
        ("GET", "/v2/customers"): lambda it: routes.list_customers(from_query(it.query, ask.ListCustomers)),
        ("POST", "/v2/customers/search"): lambda it: routes.search_customers(from_body(it.body, ask.SearchCustomers)),
        ("GET", "/v2/customers/{id}"): lambda it: routes.customer(*it.ids),
        ("GET", "/v2/catalog/list"): lambda it: routes.list_catalog(from_query(it.query, ask.ListCatalog)),
        ("POST", "/v2/catalog/search"): lambda it: routes.search_catalog(from_body(it.body, ask.SearchCatalog)),
    }


def _changing(changes: Changes) -> dict[tuple[str, str], _Operation]:
    from_body = ask.from_body
    return {
        ("POST", "/v2/customers"): lambda it: changes.create(from_body(it.body, CreateCustomer)),
        ("PUT", "/v2/customers/{id}"): lambda it: changes.update(it.ids[0], from_body(it.body, UpdateCustomer)),
        ("DELETE", "/v2/customers/{id}"): lambda it: changes.delete(*it.ids),
        ("POST", "/v2/customers/bulk-retrieve"): lambda it: changes.retrieve(from_body(it.body, RetrieveCustomers)),
        ("POST", "/v2/customers/custom-attributes/bulk-upsert"): lambda it: changes.upsert(
            from_body(it.body, UpsertAttributes)
        ),
        ("POST", "/v2/customers/custom-attribute-definitions"): lambda it: changes.define(
            from_body(it.body, CreateDefinition)
        ),
        ("DELETE", "/v2/customers/{id}/custom-attributes/{key}"): lambda it: changes.delete_attribute(*it.ids),
    }
