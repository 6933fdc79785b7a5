"""One thing as an answer, with an ETag, so that who has it already is not sent it again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
from litestar import Response
from msgspec import Struct

from servery.api.problem import Asked
from servery.api.projection import seen_by
from servery.errors import Refuse

Resource = TypeVar("Resource", bound=Struct)

_JSON = msgspec.json.Encoder()


def single(request: Asked, resource: Resource) -> Response[Resource]:
    """The resource as this viewer may see it: 200, or 304 where the request's If-None-Match names this very state."""
    body = _JSON.encode(seen_by(request.user, resource))
    tag = _tag(body)
    # no-cache: keep it, but ask every time whether it still holds.
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "Authorization"}
    answer: Response[Any]
    if _names(request.headers.get("if-none-match", ""), tag):
        answer = Response(None, status_code=304, headers=headers)
    else:
        answer = Response(body, status_code=200, media_type="application/json", headers=headers)
    return answer


def demand_match(request: Asked, resource: Struct) -> None:
    """Let pass who names in If-Match the state that is changed: Invalid (428) without it, (412) where it is another."""
    asked = request.headers.get("if-match", "")
    if not asked:
        raise Unmatched("A change names the state that it changes.", 428, code="match-missing",
                        mend="Send the ETag of what you read in the header If-Match.")  # fmt: skip
    if not _names(asked, _tag(_JSON.encode(seen_by(request.user, resource)))):
        raise Unmatched("It has changed since you read it.", 412, code="changed-since", mend="Read it again.")


class Unmatched(Refuse):
    """A change of something that is not in the state its asker knows; `status` is the answer's."""

    def __init__(self, template: str, status: int, *, code: str, mend: str) -> None:
        super().__init__(template, code=code, mend=mend)
        self.status = status


def _tag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def _names(asked: str, tag: str) -> bool:
    """Whether an If-None-Match means this tag; RFC 9110 compares weakly here."""
    return any(one.strip().removeprefix("W/") in {tag, "*"} for one in asked.split(","))
