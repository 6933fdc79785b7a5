"""The routes of the events."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect
from msgspec import structs

from servery.errors import Invalid
from servery.web.deeds import Deed, after
from servery.web.events.facts import Telling
from servery.web.events.page import STAGES, STATES, TheArrivals, Wanted, told, why
from servery.web.forms import Form
from servery.web.frame import TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.typed import found_at, typed

_Word = TypeVar("_Word", bound=str)
_SHOWN = 200_000
"""Characters of a body that are shown; all of it is in the database."""


@get("/events", guards=[needs("see_events")])
async def events(request: Asked, frame: TheFrame, arrivals: TheArrivals) -> Response[str]:
    """What arrived, the newest first, with what rests in quarantine by reason."""
    asked = dict(request.query_params)
    _number(asked.get("guest"), "guest")
    wanted = _wanted({**asked, "guest": typed(request) or asked.get("guest", "")})
    found = await arrivals.arrived(frame.viewer, wanted)
    follows = wanted.before is None and request.query_params.get("live") != "off"
    return page(
        request, frame, "events/page.html", tab="events", found=found, wanted=wanted, states=STATES, why=why,
        follows=follows, telling=Telling(frame.words, frame.notation, frame.viewer),
    )  # fmt: skip


@post("/events", guards=[needs("see_events")])
async def choose_events(request: Asked, data: Form) -> Redirect:
    """Lead on to the events that a form asks for."""
    wanted = _wanted(data)
    return found_at(request, "/events", wanted.guest or "", **structs.replace(wanted, guest=None, typed=None).query)


@get("/events/{event_id:int}", guards=[needs("see_events")])
async def event(
    request: Asked,
    frame: TheFrame,
    arrivals: TheArrivals,
    event_id: FromPath[int],
    view: Annotated[str | None, QueryParameter(max_length=10)] = None,
) -> Response[str]:
    """One event: they sent, we understood, we did."""
    whole = await arrivals.event(frame.viewer, event_id)
    body = _shown(whole.stored.body, raw=view == "raw") if frame.may("see_contact") else None
    return page(
        request, frame, "events/event.html", tab="events", whole=whole, row=whole.stored.row, body=body,
        raw=view == "raw", cut=len(whole.stored.body) > _SHOWN, why=why, told=told,
        telling=Telling(frame.words, frame.notation, frame.viewer),
    )  # fmt: skip


@post("/events/{event_id:int}/replay", guards=[needs("change_connections")])
async def replay(frame: TheFrame, arrivals: TheArrivals, data: Form, event_id: FromPath[int]) -> Redirect:
    """Have one event taken in again."""
    await arrivals.replay(frame.viewer, event_id)
    return after(Deed("replayed", event_id), data.get("back"))


@post("/events/{event_id:int}/dismiss", guards=[needs("change_connections")])
async def dismiss(frame: TheFrame, arrivals: TheArrivals, data: Form, event_id: FromPath[int]) -> Redirect:
    """Lay one event aside."""
    await arrivals.dismiss(frame.viewer, Wanted(), event_id)
    return after(Deed("dismissed", event_id), data.get("back"))


@post("/events/{event_id:int}/restore", guards=[needs("change_connections")])
async def restore(frame: TheFrame, arrivals: TheArrivals, data: Form, event_id: FromPath[int]) -> Redirect:
    """Take a dismissal back."""
    await arrivals.restore(frame.viewer, event_id)
    return after(Deed("restored", event_id), data.get("back"))


@post("/events/replay", guards=[needs("change_connections")])
async def replay_group(frame: TheFrame, arrivals: TheArrivals, data: Form) -> Redirect:
    """Have all that rest for one reason taken in again."""
    await arrivals.replay_group(frame.viewer, _wanted(data))
    return after(Deed("replayed", _latest(data)), data.get("back"))


@post("/events/dismiss", guards=[needs("change_connections")])
async def dismiss_group(frame: TheFrame, arrivals: TheArrivals, data: Form) -> Redirect:
    """Lay all aside that rest for one reason."""
    await arrivals.dismiss(frame.viewer, _wanted(data), None)
    return after(Deed("dismissed", _latest(data)), data.get("back"))


def _latest(data: dict[str, str]) -> int:
    return _number(data.get("latest"), "latest") or 0


def _wanted(given: dict[str, str]) -> Wanted:
    """What an address or a form asks for; what it misspells is an error, for else it would mean everything."""
    return Wanted(
        connection=_number(given.get("connection"), "connection"),
        kind=given.get("kind") or None,
        state=_one_of(STATES, given.get("state"), "state"),
        stage=_one_of(STAGES, given.get("stage"), "stage"),
        code=given.get("code") or None,
        order=(given.get("order") or "").strip() or None,
        guest=(given.get("guest") or "").strip() or None,
        before=_number(given.get("before"), "before"),
        typed=given.get("typed") or None,
    )


def _number(given: str | None, name: str) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise Invalid("{given} is no number.", field=name, given=given)
    return int(given)


def _one_of(known: tuple[_Word, ...], given: str | None, name: str) -> _Word | None:
    if given and given not in known:
        raise Invalid("There is no {name} {given}.", field=name, name=name, given=given)
    return next((one for one in known if one == given), None)


def _shown(body: bytes, raw: bool) -> str:
    """A body as text; pretty where it is JSON."""
    text = body.decode(errors="replace")
    if not raw and len(body) <= _SHOWN:
        try:
            text = msgspec.json.format(text, indent=2)
        except (msgspec.DecodeError, RecursionError):
            return text
    return text[:_SHOWN]
