"""What may be asked for in a query, and how routes are declared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias

from litestar import get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter, SkipValidation
from msgspec import Struct

from servery.api.problem import MEDIA_TYPE, Asked, Problem
from servery.errors import Forbidden, Invalid
from servery.model.viewer import Right
from servery.storage.pool import Pool

_LARGEST = 2**63 - 1

Id: TypeAlias = Annotated[int, PathParameter(ge=1, le=_LARGEST)]
"""An id of ours."""
UpdatedSince: TypeAlias = Annotated[
    datetime | None,
    QueryParameter(
        description="Whose source has said something new since this instant (RFC 3339 with an offset). Give the "
        "`as_of` of the last time. What is gone since then is listed too, and says so.",
    ),
]
ThePool = NamedDependency[SkipValidation[Pool]]
"""The database, as a route asks for it."""


class Paging(Struct, frozen=True):
    """Which part of a list is wanted, and how."""

    limit: int
    cursor: str | None
    as_csv: bool


class Filters(Struct, frozen=True):
    """What the records of a list have in common; None: anything."""

    venue_id: int | None
    business_date: date | None
    guest_id: int | None
    updated_since: datetime | None


ThePaging = NamedDependency[SkipValidation[Paging]]
TheFilters = NamedDependency[SkipValidation[Filters]]


def paging(
    request: Asked,
    limit: Annotated[int, QueryParameter(ge=1, le=200, description="Items on a page.")] = 50,
    cursor: Annotated[
        str | None, QueryParameter(max_length=500, description="`next` of the page before, with the same filters.")
    ] = None,
    format: Annotated[
        Literal["json", "csv"] | None,
        QueryParameter(
            description="`csv` gives the whole list as CSV, like the header `Accept: text/csv`; "
            "`limit` and `cursor` then count for nothing. Needs a role that may export lists.",
        ),
    ] = None,
) -> Paging:
    """The part of a list that a request asks for."""
    preferred = request.accept.best_match(["application/json", "text/csv"])
    return Paging(limit, cursor, (format or "").endswith("csv") or (not format and preferred == "text/csv"))


def filters(
    venue_id: Annotated[int | None, QueryParameter(ge=1, le=_LARGEST, description="At this venue.")] = None,
    business_date: Annotated[date | None, QueryParameter(description="On this business day of the venue.")] = None,
    guest_id: Annotated[int | None, QueryParameter(ge=1, le=_LARGEST, description="Of this guest.")] = None,
    updated_since: UpdatedSince = None,
) -> Filters:
    """The filters that several lists share."""
    return Filters(venue_id, business_date, guest_id, with_zone(updated_since))


def with_zone(instant: datetime | None) -> datetime | None:
    """The instant of `updated_since`; Invalid where nobody can tell which one is meant."""
    if instant is not None and instant.tzinfo is None:
        raise Invalid(
            "An instant needs an offset from UTC.", field="updated_since", mend="Write it as 2026-01-31T18:00:00Z."
        )
    return instant


def demand(request: Asked, right: Right) -> None:
    """Let pass whose role has this right; Forbidden for everybody else."""
    if not request.user.may(right):
        raise Forbidden("The role {role} does not include this.", role=request.user.role)


async def only_known_parameters(request: Asked) -> None:
    """Refuse a query parameter that the document does not name: a misspelt filter would give everything."""
    known = _known(request)
    for name in request.query_params:
        if name not in known:
            raise Invalid(
                "There is no such parameter here.",
                code="unknown-parameter",
                field=name.replace("~", "~0").replace("/", "~1"),
                mend="There are: {known}." if known else None,
                known=", ".join(sorted(known)),
            )


def _known(request: Asked) -> frozenset[str]:
    paths = request.app.openapi_schema.paths or {}
    item = paths.get(request.scope["path_template"])
    operation = getattr(item, request.method.lower(), None)
    named: Any = operation.parameters if operation else ()
    return frozenset(one.name for one in named or () if getattr(one, "param_in", None) == "query")


def _problems(*kinds: tuple[int, str, str]) -> Mapping[int, ResponseSpec]:
    return {
        status: ResponseSpec(
            Problem,
            description=why,
            media_type=MEDIA_TYPE,
            generate_examples=False,
            examples=[Example(value=_example(status, code))],
        )
        for status, code, why in kinds
    }


def _example(status: int, code: str) -> dict[str, Any]:
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    faults = {"errors": [{"pointer": "/query/limit", "detail": "Expected `int` <= 200"}]} if status == 400 else {}
    return told | faults | {"request_id": "0f0ac1a7f0b14a0c9c0a3d1c5b0c2d4e"}


_ALWAYS = (
    (400, "invalid", "A parameter cannot be accepted; `errors` point at it."),
    (401, "key-expired", "No API key, or one that opens nothing any more."),
    (403, "forbidden", "The key's role does not include this."),
    (429, "too-many-requests", "This key has asked too often; Retry-After says in how many seconds to ask again."),
)

listed = partial(get, responses=_problems(*_ALWAYS), sync_to_thread=None)
"""Declares a route of many things."""
shown = partial(get, responses=_problems(*_ALWAYS, (404, "not-found", "There is no such thing.")), sync_to_thread=None)
"""Declares a route of one thing."""
searched = partial(post, responses=_problems(*_ALWAYS), status_code=200, sync_to_thread=None)
"""Declares a route of many things that takes what is looked for in its body."""
done = partial(
    post,
    responses=_problems(*_ALWAYS, (404, "not-found", "There is no such thing.")),
    status_code=200,
    sync_to_thread=None,
)
"""Declares a route by which something is done to one thing."""
_asking = _problems(
    *_ALWAYS,
    (404, "not-found", "There is no such thing."),
    (422, "needs-person", "The other system refuses it; `errors` point at the setting that a person is to mend."),
    (503, "retry", "The other system does not answer just now; Retry-After says when to ask again."),
)
_at_work = _problems((409, "in-progress", "The first request with this Idempotency-Key is still at work."))
_of_what = _problems(
    (412, "stale", "It was changed since the state that If-Match names."),
    (428, "if-match-missing", "A change needs If-Match."),
)
AT_WORK = _problems(
    *_ALWAYS,
    (404, "not-found", "There is no such thing."),
    (409, "at-work", "Something of its kind is under way, or the first request with this Idempotency-Key."),
)
"""What may go wrong where something is only begun, one at a time."""
tried = partial(post, responses=_asking, status_code=200, sync_to_thread=None)
"""Declares a route by which an outside system is asked."""
once_done = partial(post, responses={**_asking, **_at_work}, status_code=200, sync_to_thread=None)
"""Declares a route that takes an Idempotency-Key, and by which an outside system is asked."""
changed = partial(patch, responses={**_asking, **_of_what}, status_code=200, sync_to_thread=None)
"""Declares a route by which something is changed, and an outside system is asked."""
altered = partial(
    patch,
    responses=_problems(
        *_ALWAYS,
        (404, "not-found", "There is no such thing."),
        (412, "changed-since", "It has changed since it was read: If-Match names another state."),
        (428, "match-missing", "If-Match is missing."),
    ),
    status_code=200,
    sync_to_thread=None,
)
"""Declares a route by which one thing is changed that its asker has read."""
replaced = partial(put, responses={**_problems(*_ALWAYS), **_of_what}, status_code=200, sync_to_thread=None)
"""Declares a route by which one thing that its asker has read is written anew, whole."""
