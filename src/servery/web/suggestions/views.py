"""The routes on who is who."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from servery.errors import Invalid
from servery.guests.matching.words import told
from servery.web.deeds import Deed
from servery.web.deeds import after as after_deed
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.guests.page import GuestsAsked
from servery.web.render import Asked, page
from servery.web.sources import TheSources
from servery.web.suggestions.page import CHOSEN, Answer, Pair, TheSamePerson
from servery.web.typed import found_at, typed

_GUARDS = [needs("merge_guests")]
_CHOSEN = "field-"
_FOUND = 8
_LATER = 30
_LOOK_AGAIN = {"changed-meanwhile", "said-apart"}


@get("/suggestions", guards=_GUARDS)
async def suggestions(
    request: Asked, frame: TheFrame, who: TheSamePerson, after: FromQuery[int | None] = None
) -> Response[str]:
    """Who may be one person, the likeliest first; `after`: those behind that suggestion."""
    queue = await who.queue(frame.viewer, after)
    return page(request, frame, "suggestions/page.html", tab="guests", queue=queue, **_spoken(frame))


@get("/guests/{guest_id:int}/same", guards=_GUARDS)
async def find_same(request: Asked, frame: TheFrame, sources: TheSources, guest_id: FromPath[int]) -> Response[str]:
    """Find the other guest that this one is, too: of the same name, or of what was typed."""
    guest = await sources.guest(frame.viewer, guest_id)
    text = typed(request) or (guest.name or "")
    found = await sources.guests(frame.viewer, GuestsAsked(text, limit=_FOUND + 1)) if text else None
    rows = [row for row in (found.rows if found else ()) if row.id != guest.id][:_FOUND]
    return page(request, frame, "suggestions/find.html", tab="guests", guest=guest, rows=rows, text=text)


@post("/guests/{guest_id:int}/same", guards=_GUARDS)
async def search_same(request: Asked, data: Form, guest_id: FromPath[int]) -> Redirect:
    """Lead on to the others that a text finds."""
    return found_at(request, f"/guests/{guest_id}/same", data.get("q", ""))


@get("/guests/{guest_id:int}/same/{other_id:int}", guards=_GUARDS)
async def compare(
    request: Asked, frame: TheFrame, who: TheSamePerson, guest_id: FromPath[int], other_id: FromPath[int]
) -> Response[str]:
    """Two guests side by side."""
    pair = await who.pair(frame.viewer, guest_id, other_id)
    return page(request, frame, "suggestions/pair.html", tab="guests", pair=pair, **_spoken(frame))


@post("/guests/{guest_id:int}/same/{other_id:int}", guards=_GUARDS)
async def decide(
    frame: TheFrame, who: TheSamePerson, data: Form, guest_id: FromPath[int], other_id: FromPath[int]
) -> Redirect:
    """Say that two guests are the same person, or that they are not, for ever."""
    same = data.get("same") == "yes"
    given = {name.removeprefix(_CHOSEN): value for name, value in data.items() if name.startswith(_CHOSEN)}
    chosen = {name: value for name, value in given.items() if name in CHOSEN and value} if same else {}
    answer = Answer(same=same, chosen=chosen, seen=data.get("seen"), anyway=data.get("anyway") == "yes")
    back = "/suggestions" if data.get("back") == "/suggestions" else None
    try:
        step, left = await who.decide(frame.viewer, guest_id, other_id, answer)
    except Invalid as error:
        if error.code not in _LOOK_AGAIN:
            raise
        return after_deed(Deed("look-again", guest_id), back or f"/guests/{guest_id}/same/{other_id}")
    return after_deed(Deed("merged" if same else "kept-apart", step), back or f"/guests/{left}")


@post("/suggestions/{suggestion_id:int}/later", guards=_GUARDS)
async def later(frame: TheFrame, who: TheSamePerson, suggestion_id: FromPath[int]) -> Redirect:
    """Put a pair off for a month."""
    await who.put_off(frame.viewer, suggestion_id, _LATER)
    return after_deed(Deed("pair-later", suggestion_id), "/suggestions")


@post("/suggestions/{suggestion_id:int}/now", guards=_GUARDS)
async def now(frame: TheFrame, who: TheSamePerson, suggestion_id: FromPath[int]) -> Redirect:
    """Ask of a pair that was put off."""
    await who.put_off(frame.viewer, suggestion_id, 0)
    return after_deed(Deed("pair-now", suggestion_id), "/suggestions")


@post("/guests/{guest_id:int}/part", guards=_GUARDS)
async def part(frame: TheFrame, who: TheSamePerson, data: Form, guest_id: FromPath[int]) -> Redirect:
    """Take a record out of a guest."""
    record = data.get("record", "")
    if not (record.isascii() and record.isdecimal()):
        raise Invalid("There is no such record.", field="record")
    step, left = await who.part(frame.viewer, guest_id, int(record))
    return after_deed(Deed("parted", step), f"/guests/{left}")


@post("/guest-steps/{step_id:int}/undo", guards=_GUARDS)
async def undo(frame: TheFrame, who: TheSamePerson, data: Form, step_id: FromPath[int]) -> Redirect:
    """Take a step back."""
    step, left = await who.undo(frame.viewer, step_id)
    back = data.get("back", "")
    return after_deed(Deed("unstepped", step), back if back.startswith("/suggestions") else f"/guests/{left}")


def _spoken(frame: Frame) -> dict[str, Any]:
    def because(pair: Pair) -> str:
        return ", ".join(told(reason, frame.words.gettext) for reason in pair.reasons)

    return {"because": because, "chosen": CHOSEN}
