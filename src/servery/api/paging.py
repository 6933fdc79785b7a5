"""Lists: page by page with cursors, or whole as CSV.

A list stands in the order of ids, which never change and only grow: whoever reads page after page gets everything that
was there when they began, once, whatever is added or changed meanwhile.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import msgspec
from litestar import Response
from litestar.response import Stream
from msgspec import Meta, Struct

from servery.accounts.audit import looked
from servery.api import spreadsheet
from servery.api.asked import Paging, demand
from servery.api.problem import Asked
from servery.api.projection import hidden_fields, seen_by
from servery.errors import Invalid
from servery.model.viewer import Viewer
from servery.storage.pool import Connection, Pool

Item = TypeVar("Item", bound=Struct)
Read = Callable[[Connection, int | None, int], Awaitable[Sequence[Item]]]
"""Reads on from the id given (None: from the start), up to so many."""

_AT_ONCE = 1000
"""Lines of a CSV that are read and sent together."""


class Page(Struct, Generic[Item], frozen=True):
    """A part of a list. Each resource has a page of its own that says again what its items are, for the document."""

    items: tuple[Item, ...]
    next: Annotated[str | None, Meta(description="The `cursor` of the next page; null on the last one.")]
    as_of: Annotated[
        datetime,
        Meta(description="Nothing older than this can still appear: give it as `updated_since` the next time."),
    ]


class Listing(NamedTuple, Generic[Item]):
    """One kind of list. `columns` are the fields that its CSV shows; `guest_of` is whom an item tells about."""

    name: str
    kind: type[Item]
    columns: tuple[str, ...]
    guest_of: Callable[[Any], int | None] = lambda _: None


class _Place(Struct, frozen=True, array_like=True):
    """Where a page ended, when its list was begun, and what was asked for."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    as_of: Annotated[datetime, Meta(tz=True)]
    asked: str


async def answered(
    request: Asked, pool: Pool, listing: Listing[Item], read: Read[Item], paging: Paging, asked: Mapping[str, Any]
) -> Response[Any]:
    """The part of a list that was asked for; each guest in it is a look that is written down.

    `asked` are the filters, to which a cursor is bound: with others it would lead nowhere.
    """
    if paging.as_csv:
        return _whole(request, pool, listing, read)
    asked_for = _digest(asked)
    async with pool.connection() as db:
        place = _read_cursor(paging.cursor, asked_for) if paging.cursor else None
        as_of = place.as_of if place else await _settled(db)
        found = await read(db, place.after if place else None, paging.limit + 1)
        items = tuple(found[: paging.limit])
        await _note(db, request.user, listing, items, "api")
    more = len(found) > paging.limit
    following = _cursor(_Place(_id(items[-1]), as_of, asked_for)) if more else None
    return Response(Page(seen_by(request.user, items), following, as_of))


def _whole(request: Asked, pool: Pool, listing: Listing[Item], read: Read[Item]) -> Response[Any]:
    demand(request, "export_lists")
    return Stream(
        _lines(request.user, pool, listing, read),
        media_type="text/csv; header=present",
        headers={"content-disposition": f'attachment; filename="{listing.name}.csv"'},
    )


async def _lines(viewer: Viewer, pool: Pool, listing: Listing[Item], read: Read[Item]) -> AsyncIterator[bytes]:
    hidden = hidden_fields(viewer, listing.kind)
    columns = [name for name in listing.columns if name not in hidden]
    yield spreadsheet.header(columns)
    after = None
    while True:
        # A connection for each part: a reader who is slow to take the lines holds none meanwhile.
        async with pool.connection() as db:
            items = await read(db, after, _AT_ONCE)
            await _note(db, viewer, listing, items, "export")
        if items:
            yield spreadsheet.lines(items, columns)
            after = _id(items[-1])
        if len(items) < _AT_ONCE:
            return


async def _note(db: Connection, viewer: Viewer, listing: Listing[Item], items: Sequence[Item], purpose: Any) -> None:
    told_of = {guest for item in items if (guest := listing.guest_of(item)) is not None}
    await looked(db, viewer, told_of, purpose)


async def _settled(db: Connection) -> datetime:
    """The instant before which every change is visible: no transaction that began earlier is still at work."""
    cursor = await db.execute(
        "select least(now(), min(xact_start)) as at from pg_stat_activity "
        "where datname = current_database() and backend_type = 'client backend'"
    )
    row = await cursor.fetchone()
    assert row is not None
    at: datetime = row["at"]
    return at


def _id(item: Any) -> int:
    return int(item.id)


def _digest(asked: Mapping[str, Any]) -> str:
    return blake2b(msgspec.json.encode(asked, order="sorted"), digest_size=6).hexdigest()


def _cursor(place: _Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read_cursor(cursor: str, asked_for: str) -> _Place:
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        place = msgspec.json.decode(text, type=_Place)
    except (ValueError, binascii.Error) as error:
        raise _no_cursor() from error
    if place.asked != asked_for:
        raise _no_cursor()
    return place


def _no_cursor() -> Invalid:
    return Invalid(
        "This cursor is of another list or of other filters.",
        code="wrong-cursor",
        field="cursor",
        mend="Begin without one, and go on with the `next` of each page.",
    )
