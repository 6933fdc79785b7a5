"""The routes of guest data."""

from __future__ import annotations

from datetime import date

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from servery.errors import Invalid, Refuse
from servery.guests.hygiene.ageing import KINDS
from servery.guests.hygiene.faults import FAULTS, Fault
from servery.guests.hygiene.mending import MOST, Item
from servery.web.deeds import Deed, after
from servery.web.download import csv_file
from servery.web.forms import Form, choice, number
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.hygiene import words
from servery.web.hygiene.sources import TheHygiene
from servery.web.render import Asked, page, with_status

_MENDS = [needs("mend_guests")]
_RULES = [needs("make_rules")]
_ROWS = 50
_EVERYTHING = MOST * len(FAULTS)


@get("/hygiene", guards=_MENDS)
async def overview(request: Asked, frame: TheFrame, hygiene: TheHygiene, month: FromQuery[str] = "") -> Response[str]:
    """What is to be mended at each venue, and how complete profiles are."""
    shown = await hygiene.shown(frame.viewer, _month(month) if month else None)
    return page(
        request,
        frame,
        "hygiene/page.html",
        tab="guests",
        shown=shown,
        order=FAULTS,
        faults=words.faults(frame.words),
        fields=words.fields(frame.words),
    )


@get("/hygiene/lists/{list_id:int}", guards=_MENDS)
async def mend_list(
    request: Asked,
    frame: TheFrame,
    hygiene: TheHygiene,
    list_id: FromPath[int],
    fault: FromQuery[str] = "",
    start: FromQuery[int] = 0,
) -> Response[str]:
    """What stands on one list, page by page."""
    chosen = _fault(fault)
    start = max(0, min(start, _EVERYTHING))
    found = await hygiene.items(frame.viewer, list_id, chosen, _ROWS + 1, start)
    return page(
        request,
        frame,
        "hygiene/list.html",
        tab="guests",
        one=found.of,
        items=found.items[:_ROWS],
        fault=chosen,
        start=start,
        next=start + _ROWS if len(found.items) > _ROWS else None,
        place=found.venue or frame.words.gettext("Guests who were nowhere yet"),
        order=FAULTS,
        faults=words.faults(frame.words),
    )


@get("/hygiene/lists/{list_id:int}/guests.csv", guards=[*_MENDS, needs("export_lists"), needs("see_contact")])
async def mend_list_csv(
    frame: TheFrame, hygiene: TheHygiene, list_id: FromPath[int], fault: FromQuery[str] = ""
) -> Response[bytes]:
    """One list as a file, for who may see contact details."""
    found = await hygiene.items(frame.viewer, list_id, _fault(fault), _EVERYTHING)
    _ = frame.words.gettext
    header = [
        _("Guest"), _("Name"), _("To mend"), _("E-mail"), _("Probably meant"), _("Phone"), _("Other guest"),
        _("Visits"), _("Mended"),
    ]  # fmt: skip
    named = words.faults(frame.words)
    return csv_file(f"guests-to-mend-{list_id}", header, [_line(one, named[one.fault]) for one in found.items])


@post("/hygiene/guests/{guest_id:int}/meant", guards=[*_MENDS, needs("edit_guests")])
async def accept(frame: TheFrame, hygiene: TheHygiene, data: Form, guest_id: FromPath[int]) -> Redirect:
    """Write the address that was probably meant."""
    edit_id = await hygiene.accept(frame.viewer, guest_id)
    return after(Deed("guest-changed", edit_id), data.get("back"))


@post("/hygiene/look", guards=_MENDS)
async def look(frame: TheFrame, hygiene: TheHygiene) -> Redirect:
    """Look now."""
    await hygiene.look(frame.viewer)
    return after(Deed("looked-over", 0), "/hygiene")


@get("/hygiene/ageing", guards=_RULES)
async def ageing(
    request: Asked, frame: TheFrame, hygiene: TheHygiene, preview: FromQuery[bool] = False
) -> Response[str]:
    """The rules of ageing; with `preview` what they would leave out now, found among all guests."""
    return await _ageing(request, frame, hygiene, preview=preview)


@post("/hygiene/ageing/{kind:str}", guards=_RULES)
async def choose(
    request: Asked, frame: TheFrame, hygiene: TheHygiene, data: Form, kind: FromPath[str]
) -> Response[str] | Redirect:
    """Choose after how many months a kind of fact is left out."""
    try:
        months = data.get("months", "").strip()
        await hygiene.choose(frame.viewer, choice(kind, KINDS, "kind"), number(months, "months") if months else None)
    except Refuse as wrong:
        return with_status(await _ageing(request, frame, hygiene, wrong=wrong, given={kind: months}), 422)
    return after(Deed("ageing-chosen", 0), "/hygiene/ageing")


@post("/hygiene/leave-out", guards=_RULES)
async def leave_out(frame: TheFrame, hygiene: TheHygiene) -> Redirect:
    """Have the chosen rules done now."""
    run = await hygiene.leave_out(frame.viewer)
    return after(Deed("facts-aged", run.id) if run else Deed("nothing-old", 0), "/hygiene/ageing")


@post("/hygiene/runs/{run_id:int}/undo", guards=_RULES)
async def undo(frame: TheFrame, hygiene: TheHygiene, run_id: FromPath[int]) -> Redirect:
    """Let what a run left out be heard again."""
    await hygiene.undo(frame.viewer, run_id)
    return after(Deed("facts-back", run_id), "/hygiene/ageing")


async def _ageing(
    request: Asked,
    frame: Frame,
    hygiene: TheHygiene,
    *,
    preview: bool = False,
    wrong: Refuse | None = None,
    given: dict[str, str] | None = None,
) -> Response[str]:
    return page(
        request,
        frame,
        "hygiene/ageing.html",
        tab="guests",
        aged=await hygiene.old(frame.viewer, preview=preview),
        kinds=words.kinds(frame.words),
        wrong=wrong.told(frame.words.gettext) if wrong else None,
        given=given or {},
    )


def _line(one: Item, fault: str) -> list[object]:
    mended = one.mended_at.date() if one.mended_at else None
    return [one.guest_id, one.name, fault, one.email, one.meant, one.phone, one.other_id, one.visits, mended]


def _month(given: str) -> date:
    try:
        return date.fromisoformat(f"{given}-01")
    except ValueError:
        raise Invalid("This is no month.", field="month") from None


def _fault(given: str) -> Fault | None:
    return choice(given, FAULTS, "fault") if given else None
