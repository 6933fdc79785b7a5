"""Changing what is held of a guest: fields, and entries of lists, each with author and time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, Protocol

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from servery.api.asked import Id, ThePool, altered, demand, done
from servery.api.guest_story import Birthday
from servery.api.guests import Guest, read_guest
from servery.api.problem import Asked
from servery.api.single import demand_match, single
from servery.guests.edits import EditField, EntryKind
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
