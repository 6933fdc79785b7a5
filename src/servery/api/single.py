"""One thing as an answer, with an ETag, so that who has it already is not sent it again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
from litestar import Response
from msgspec import Struct

from servery.api.problem import Asked, NoneGiven, Stale
from servery.api.projection import seen_by

Resource = TypeVar("Resource", bound=Struct)

_JSON = msgspec.json.Encoder()


def single(request: Asked, resource: Resource, choices: str | None = None) -> Response[Resource]:
    """The resource as this viewer may see it: 200, or 304 where the request's If-None-Match names this very state.

    `choices` becomes the tag's first part: what a change of the resource is held against.
    """
    body = _JSON.encode(seen_by(request.user, resource))
    tag = _tag(body, choices)
    # no-cache: keep it, but ask every time whether it still holds.
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "Authorization"}
    answer: Response[Any]
    if _names(request.headers.get("if-none-match", ""), tag):
        answer = Response(None, status_code=304, headers=headers)
    else:
        answer = Response(body, status_code=200, media_type="application/json", headers=headers)
    return answer


def demand_match(request: Asked, resource: Struct) -> None:
    """Let pass who names in If-Match the state that is changed: NoneGiven without it, Stale where it is another."""
    asked = request.headers.get("if-match", "")
    if not asked:
        raise NoneGiven("A change needs If-Match.", mend="Send the ETag of what you read, or * for whatever it is.")
    if not _names(asked, _tag(_JSON.encode(seen_by(request.user, resource)))):
        raise Stale("It has changed since you read it.", mend="Ask for it again, and decide anew.")


def _tag(body: bytes, choices: str | None = None) -> str:
    parts = (choices, blake2b(body, digest_size=12).hexdigest())
    return '"' + "-".join(part for part in parts if part) + '"'


def _names(asked: str, tag: str) -> bool:
    """Whether an If-None-Match means this tag; RFC 9110 compares weakly here."""
    return any(one.strip().removeprefix("W/") in {tag, "*"} for one in asked.split(","))
