"""Changing what is held of a guest: fields, and entries of lists, each with author and time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Any, Protocol

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec import UNSET, Meta, Struct, UnsetType, convert, structs

from servery.accounts.audit import looked
from servery.api.asked import Id, ThePool, altered, demand, done, shown
from servery.api.guest_story import Birthday
from servery.api.guests import Guest, read_guest
from servery.api.problem import Asked
from servery.api.single import demand_match, single
from servery.guests.edits import NOTHING, EditField, EntryKind
from servery.guests.log import living
from servery.guests.say import said
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db

Text = str | UnsetType | None


class GuestChange(Struct, frozen=True, kw_only=True):
    """What is to be otherwise; null: nothing is known. It holds until a source says something else afterwards."""

    name: Text = UNSET
    pronunciation: Annotated[Text, Meta(description="How to say the name.")] = UNSET
    email: Text = UNSET
    phone: Text = UNSET
    birthday: Birthday | UnsetType | None = UNSET
    language: Text = UNSET
    company: Text = UNSET
    city: Text = UNSET
    postcode: Text = UNSET
    vip: bool | UnsetType = UNSET


class GuestEdit(Struct, frozen=True, kw_only=True):
    """What staff or a program wrote of one field, and what holds until a source says something else afterwards."""

    id: int
    field: EditField
    value: Annotated[str | Birthday | None, Meta(description="null: that nothing is known.")]
    at: datetime
    author: Annotated[str, Meta(description="Kind and id of whoever wrote it.")]


class GuestEdits(Struct, frozen=True):
    """The last edit of each field that was not taken back, the latest first."""

    items: tuple[GuestEdit, ...]


class NewEntry(Struct, frozen=True, kw_only=True):
    """An entry of a list. With `present` false: what a source says here is not so."""

    kind: EntryKind
    text: str
    present: bool = True
    business_date: Annotated[date | None, Meta(description="Of a note for tonight, and of nothing else.")] = None


class MadeEntry(Struct, frozen=True):
    """An entry that was made: by this id it is struck out."""

    id: int


class Editing(Protocol):
    """What these routes ask the house for. NotFound, Invalid with the field."""

    async def edit(
        self, viewer: Viewer, guest_id: int, values: dict[EditField, Any], unchanged: Callable[[Db], Awaitable[None]]
    ) -> None:
        """Change fields, unless `unchanged` raises: it is asked when nobody else can change the guest any more."""

    async def take_back_edit(self, viewer: Viewer, edit_id: int) -> int:
        """Undo an edit; the guest's id."""

    async def enter(self, viewer: Viewer, guest_id: int, entry: NewEntry) -> int:
        """Write an entry; its id."""

    async def strike(self, viewer: Viewer, entry_id: int) -> None:
        """Strike an entry out."""


TheEditing = NamedDependency[SkipValidation[Editing]]


@altered("/guests/{guest_id:int}", tags=["Guests"])
async def change_guest(
    request: Asked, pool: ThePool, editing: TheEditing, guest_id: Id, data: JSONBody[GuestChange]
) -> Response[Guest]:
    """Change what is held of a guest. If-Match names the state that is changed."""
    demand(request, "edit_guests")

    async def unchanged(db: Db) -> None:
        demand_match(request, await read_guest(db, request.user, guest_id))

    given = {name: value for name, value in structs.asdict(data).items() if value is not UNSET}
    await editing.edit(request.user, guest_id, given, unchanged)  # type: ignore[arg-type]
    async with pool.connection() as db:
        return single(request, await read_guest(db, request.user, guest_id))


@shown("/guests/{guest_id:int}/edits", tags=["Guests"])
async def guest_edits(request: Asked, pool: ThePool, guest_id: Id) -> Response[GuestEdits]:
    """What was written of a guest's fields, by whom and when."""
    demand(request, "edit_guests")
    async with pool.connection() as db:
        current = await living(db, guest_id)
        found = (await said(db, [current])).get(current, NOTHING).edits.values()
        await looked(db, request.user, [current], "api")
    latest = sorted(found, key=attrgetter("at", "id"), reverse=True)
    return Response(GuestEdits(tuple(convert(one, GuestEdit, from_attributes=True) for one in latest)))


@done("/guest-edits/{edit_id:int}/undo", tags=["Guests"])
async def undo_guest_edit(request: Asked, pool: ThePool, editing: TheEditing, edit_id: Id) -> Response[Guest]:
    """Take an edit back, with the fields that were changed together with it: what held before holds again."""
    demand(request, "edit_guests")
    guest_id = await editing.take_back_edit(request.user, edit_id)
    async with pool.connection() as db:
        return single(request, await read_guest(db, request.user, guest_id))


@done("/guests/{guest_id:int}/entries", tags=["Guests"])
async def add_guest_entry(
    request: Asked, editing: TheEditing, guest_id: Id, data: JSONBody[NewEntry]
) -> Response[MadeEntry]:
    """Write an allergy, a preference, a tag, a note for ever or a note for tonight."""
    demand(request, "edit_guests")
    return Response(MadeEntry(await editing.enter(request.user, guest_id, data)))


@done("/guest-entries/{entry_id:int}/strike", tags=["Guests"])
async def strike_guest_entry(request: Asked, editing: TheEditing, entry_id: Id) -> Response[MadeEntry]:
    """Strike out an entry that staff made."""
    demand(request, "edit_guests")
    await editing.strike(request.user, entry_id)
    return Response(MadeEntry(entry_id))
