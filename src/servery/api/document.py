"""The OpenAPI 3.1 document of the API, at /api/v1/openapi.json. There is no page of it: those load from elsewhere."""

from __future__ import annotations

from typing import Any

from litestar import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.types import Method

from servery import __version__

_DESCRIPTION = """Read what Servery knows: venues, reservations, checks, visits, guests, menus and connections.

Send an API key (`servery keys create`) in the header `Authorization: Bearer KEY`. The key's role decides which fields
an answer has: those it does not see are left out; null means not known.

- Instants are RFC 3339 in UTC. A business date is the trading day by the venue's own clock and cut-off.
- Money is `{"amount": 12550, "currency": "DKK"}`: whole minor units (here 125.50). Decimals are strings.
- Lists stand in the order of ids, up to 200 on a page; pass `next` as `cursor` until it is null. Every list is also
  there as CSV: `Accept: text/csv` or `?format=csv`.
- To follow what changes, give the `as_of` of the first page as `updated_since` the next time.
- One thing carries an ETag; send it as If-None-Match and get 304 while nothing changed.
- A change of a connection needs that ETag as If-Match: 428 without it, 412 where somebody changed it since.
- A POST that joins or changes takes an Idempotency-Key: a repeat within seven days gets the first answer and does
  nothing; 422 where the key came with another request, 409 while the first is at work.
- Errors are `application/problem+json` (RFC 9457). Act on `code`, which stays the same when the words change.
- RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset tell how much a key may still ask; 429 has Retry-After.
"""
_TAGS = {
    "Venues": "The restaurants, their clocks and tables.",
    "Reservations": "Who is expected, and what became of it.",
    "Checks": "What was ordered and paid.",
    "Visits": "One party at one venue, joined of bookings and checks.",
    "Guests": "One person, of many records. An absorbed id answers for ever, with `merged_into`.",
    "Menus": "What each venue sells, as its systems give it.",
    "Connections": "The outside systems: how each is, and how far it has been read.",
    "Repairs": "What is not well, and what mends it.",
    "Events": "What outside systems sent or were asked for, and what became of it.",
    "Outbox": "What other systems are to hold of ours, and whether they do.",
}


def document(path: str) -> OpenAPIConfig:
    """What the document says beside the routes; `path` is the API's own."""
    key = SecurityScheme(type="http", scheme="bearer", description="An API key: sv_ and 38 letters and digits.")
    return OpenAPIConfig(
        title="Servery API",
        version=__version__,
        description=_DESCRIPTION,
        path=f"{path}/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/", media_type=MediaType.JSON)],
        components=Components(security_schemes={"key": key}),
        security=[{"key": []}],
        tags=[Tag(name, description) for name, description in _TAGS.items()],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
    )


def _operation_id(handler: HTTPRouteHandler, _: Method, __: list[Any]) -> str:
    """The name of the function, by which generated clients call it."""
    return handler.handler_name
