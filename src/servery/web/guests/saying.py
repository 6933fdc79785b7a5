"""What staff write of a guest: fields changed, entries made and struck out; each can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Protocol

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation
from litestar.response import Redirect

from servery.errors import Invalid
from servery.guests.edits import EDITED, EntryKind
from servery.model.venue import business_date
from servery.model.viewer import Viewer
from servery.web.deeds import Deed, after
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.guests.views import guest_page
from servery.web.render import Asked, with_status
from servery.web.sources import Sources, TheSources
from servery.web.tonight.views import parsed_day

_GUARDS = [needs("edit_guests")]


class Saying(Protocol):
    """What these routes ask the house for. NotFound, Invalid with the field."""

    async def edit(self, viewer: Viewer, guest_id: int, values: Mapping[str, Any]) -> int:
        """Change fields; the id of the edit."""

    async def take_back_edit(self, viewer: Viewer, edit_id: int) -> int:
        """Undo an edit; the guest's id."""

    async def enter(self, viewer: Viewer, guest_id: int, kind: EntryKind, text: str, day: date | None) -> int:
        """Write an entry; its id."""

    async def strike(self, viewer: Viewer, entry_id: int, again: bool) -> int:
        """Strike an entry out, or let it stand again; the guest's id."""


TheSaying = NamedDependency[SkipValidation[Saying]]


@post("/guests/{guest_id:int}/edit", guards=_GUARDS)
async def edit_guest(
    request: Asked, frame: TheFrame, saying: TheSaying, sources: TheSources, data: Form, guest_id: FromPath[int]
) -> Response[Any]:
    """Change the fields that are other than they were when the form was shown."""
    values = {name: data[name].strip() for name in EDITED if name in data and name != "vip"}
    changed: dict[str, Any] = {name: value for name, value in values.items() if value != data.get(f"was-{name}", "")}
    if "was-vip" in data and ("vip" in data) != (data["was-vip"] == "yes"):
        changed["vip"] = "vip" in data
    back = f"/guests/{guest_id}"
    if not changed:
        return Redirect(back, status_code=303)
    try:
        return after(Deed("guest-changed", await saying.edit(frame.viewer, guest_id, changed)), back)
    except Invalid as error:
        return await _again(request, frame, sources, guest_id, data, error)


@post("/guest-edits/{edit_id:int}/undo", guards=_GUARDS)
async def undo_edit(frame: TheFrame, saying: TheSaying, edit_id: FromPath[int]) -> Redirect:
    """Take an edit back."""
    guest_id = await saying.take_back_edit(frame.viewer, edit_id)
    return after(Deed("unstepped", edit_id), f"/guests/{guest_id}")


@post("/guests/{guest_id:int}/entries", guards=_GUARDS)
async def add_entry(
    request: Asked, frame: TheFrame, saying: TheSaying, sources: TheSources, data: Form, guest_id: FromPath[int]
) -> Response[Any]:
    """Write an entry; one for tonight holds on the business date looked at, else on the one that it is at the venue."""
    try:
        kind = msgspec.convert(data.get("kind"), EntryKind)
    except msgspec.ValidationError as error:
        raise Invalid("There is no such kind of entry.", field="kind") from error
    day = None
    if kind == "tonight":
        venue = frame.here.venue
        day = parsed_day(data.get("day")) or business_date(datetime.now(UTC), venue.time_zone, venue.cutoff)
    try:
        entry_id = await saying.enter(frame.viewer, guest_id, kind, data.get("text", ""), day)
    except Invalid as error:
        if _back(data, guest_id).startswith("/tonight"):
            raise
        return await _again(request, frame, sources, guest_id, data, error)
    return after(Deed("entered", entry_id), _back(data, guest_id))


@post("/guest-entries/{entry_id:int}/strike", guards=_GUARDS)
async def strike_entry(frame: TheFrame, saying: TheSaying, data: Form, entry_id: FromPath[int]) -> Redirect:
    """Strike an entry out."""
    guest_id = await saying.strike(frame.viewer, entry_id, False)
    return after(Deed("struck", entry_id), _back(data, guest_id))


@post("/guest-entries/{entry_id:int}/again", guards=_GUARDS)
async def enter_again(frame: TheFrame, saying: TheSaying, data: Form, entry_id: FromPath[int]) -> Redirect:
    """Let a struck entry stand again."""
    guest_id = await saying.strike(frame.viewer, entry_id, True)
    return after(Deed("entered-again", entry_id), _back(data, guest_id))


async def _again(
    request: Asked, frame: Frame, sources: Sources, guest_id: int, data: Mapping[str, str], error: Invalid
) -> Response[Any]:
    """The guest's page with the form as it was filled in, and what is wrong with it beside the field."""
    guest = await sources.guest(frame.viewer, guest_id)
    shown = guest_page(request, frame, guest, {**data, "at": error.field or ""}, error.told(frame.words.gettext))
    return with_status(shown, 422)


def _back(data: Mapping[str, str], guest_id: int) -> str:
    """The page that was written on: the evening, or the guest's."""
    back = data.get("back", "")
    return back if back.partition("?")[0] == "/tonight" else f"/guests/{guest_id}"
