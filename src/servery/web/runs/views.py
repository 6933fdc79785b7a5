"""The routes of runs over all guests."""

from __future__ import annotations

from collections.abc import Awaitable

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from servery.errors import Invalid, Refuse
from servery.guests.matching.kept import Because
from servery.guests.matching.words import told
from servery.guests.matching.work import Work
from servery.web.deeds import Deed, Verb, after
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.runs import words
from servery.web.runs.sources import TheRuns

PATH = "/guests/runs"
_GUARDS = [needs("merge_guests")]
_AT_WORK = "at-work"


@get(PATH, guards=_GUARDS)
async def runs(request: Asked, frame: TheFrame, all_: TheRuns, behind: FromQuery[int] = 0) -> Response[str]:
    """What a run would change, what was done, and the weights; `behind`: those that would be one after that place."""
    shown = await all_.shown(frame.viewer, max(0, behind))
    return page(
        request,
        frame,
        "runs/page.html",
        tab="guests",
        shown=shown,
        doing=words.doing(frame.words),
        steps=words.steps(frame.words),
        place=words.place,
        share=words.share,
        because=lambda one: _because(frame, one),
        wrong=_wrong(frame, shown.latest),
    )


@post(f"{PATH}/look", guards=_GUARDS)
async def look(frame: TheFrame, all_: TheRuns, data: Form) -> Redirect:
    """Look what a run would change."""
    given = data.get("weights", "")
    if given and not (given.isascii() and given.isdecimal() and len(given) < 10):
        raise Invalid("This is no number.", field="weights")
    return await _asked("look-begun", all_.look(frame.viewer, int(given) if given else None))


@post(f"{PATH}/learn", guards=_GUARDS)
async def learn(frame: TheFrame, all_: TheRuns) -> Redirect:
    """Learn the weights."""
    return await _asked("learning", all_.learn(frame.viewer))


@post(f"{PATH}/looks/{{look_id:int}}/join", guards=_GUARDS)
async def join(frame: TheFrame, all_: TheRuns, look_id: FromPath[int]) -> Redirect:
    """Join whom a look found."""
    return await _asked("run-begun", all_.join(frame.viewer, look_id))


@post(f"{PATH}/looks/{{look_id:int}}/leave", guards=_GUARDS)
async def leave(frame: TheFrame, all_: TheRuns, look_id: FromPath[int]) -> Redirect:
    """Leave a look and what it found."""
    return await _asked("look-left", all_.leave(frame.viewer, look_id))


@post(f"{PATH}/{{run_id:int}}/undo", guards=_GUARDS)
async def undo(frame: TheFrame, all_: TheRuns, run_id: FromPath[int]) -> Redirect:
    """Take a run back."""
    return await _asked("run-going-back", all_.undo(frame.viewer, run_id))


async def _asked(verb: Verb, deed: Awaitable[Work]) -> Redirect:
    try:
        one = await deed
    except Refuse as error:
        if error.code != _AT_WORK:
            raise
        return after(Deed("at-work", 0), PATH)
    return after(Deed(verb, one.id), PATH)


def _because(frame: Frame, one: Because) -> str:
    return ", ".join(told(reason, frame.words.gettext) for reason in one.reasons)


def _wrong(frame: Frame, latest: Work | None) -> str | None:
    return latest.fault.error.told(frame.words.gettext) if latest and latest.fault else None
