"""The later steps, of a connection that there is: tables, directions, when, and the proof. Each can be come back to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath

from servery.errors import Invalid, ServeryError
from servery.model.venue import NotOnTheClock, from_local
from servery.sync.pace import NOT_YET, PACES, Pace, Rhythm, read_times, written
from servery.web.fields.words import any_name
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.set_up.answers import go, path_of, refused, speech, stage_page, wrong
from servery.web.set_up.page import Joined, ways
from servery.web.set_up.sources import SetUp, TheSetUp
from servery.web.set_up.start import access_page, given
from servery.web.set_up.words import proof_words


@get("/connections/{connection_id:int}/set-up", guards=[needs("change_connections")])
async def go_on(request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]) -> Response[Any]:
    """The first step that is left, or the proof where none is."""
    joined = await set_up.joined(frame.viewer, connection_id)
    return go(request, path_of(joined.state.next or "proof", connection_id) or "/connections")


@get("/connections/{connection_id:int}/credentials", guards=[needs("change_connections")])
async def ask_credentials(
    request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]
) -> Response[str]:
    """How we sign in to a system that is joined."""
    joined = await set_up.joined(frame.viewer, connection_id)
    return await access_page(request, frame, set_up, joined.manifest, joined, {}, None)


@post("/connections/{connection_id:int}/credentials", guards=[needs("change_connections")])
async def take_credentials(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connection_id: FromPath[int]
) -> Response[Any]:
    """Try other credentials, and keep them where they work; everything else stays."""
    joined = await set_up.joined(frame.viewer, connection_id)
    try:
        await set_up.change(frame.viewer, connection_id, given(data))
    except ServeryError as error:
        return refused(request, await access_page(request, frame, set_up, joined.manifest, joined, data, error))
    return go(request, f"/connections/{connection_id}/credentials?mended=1")


@post("/connections/{connection_id:int}/authorise", guards=[needs("change_connections")])
async def authorise_again(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connection_id: FromPath[int]
) -> Response[Any]:
    """Show the way to the vendor, for a connection that is to stay what it is."""
    joined = await set_up.joined(frame.viewer, connection_id)
    session = request.auth.reveal()
    try:
        url = await set_up.send(frame.viewer, session, joined.connector, given(data), joined.name, connection_id)
    except ServeryError as error:
        return await access_page(request, frame, set_up, joined.manifest, joined, data, error)
    return page(request, frame, "set_up/go.html", tab="connections", manifest=joined.manifest, url=url)


@get("/connections/{connection_id:int}/tables", guards=[needs("change_connections")])
async def ask_tables(request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]) -> Response[str]:
    """Which tables of the two sides are one."""
    joined = await set_up.joined(frame.viewer, connection_id)
    tables = await set_up.tables(frame.viewer, connection_id)
    saved = request.query_params.get("saved")
    return stage_page(request, frame, "set_up/tables.html", "tables", joined, tables=tables, saved=saved)


@post("/connections/{connection_id:int}/tables", guards=[needs("change_connections")])
async def take_tables(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connection_id: FromPath[int]
) -> Response[Any]:
    """Pair tables; days that this changes are matched anew in the background."""
    tables = await set_up.tables(frame.viewer, connection_id)
    for pairing in tables.pairings:
        chosen: dict[str, str | None] = {}
        left: list[str] = []
        for at, one in enumerate(pairing.theirs):
            answer = data.get(f"table-{pairing.venue_id}-{at}")
            if answer == "open":
                left.append(one.table.key)
            elif answer is not None:
                chosen[one.table.key] = None if answer == "none" else answer.removeprefix("is ")
        await set_up.pair(frame.viewer, connection_id, pairing.venue_id, chosen, left)
    if "stay" in data:
        return go(request, f"/connections/{connection_id}/tables?saved=1")
    return await _through(request, frame, set_up, connection_id, "tables")


@get("/connections/{connection_id:int}/directions", guards=[needs("change_connections")])
async def ask_directions(
    request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]
) -> Response[str]:
    """What crosses, and which way."""
    joined = await set_up.joined(frame.viewer, connection_id)
    return stage_page(
        request, frame, "set_up/directions.html", "directions", joined, ways=ways(joined.manifest),
        t=speech(frame, joined.connector),
        called=partial(any_name, words=frame.words, say=speech(frame, joined.connector)),
    )  # fmt: skip


@post("/connections/{connection_id:int}/directions", guards=[needs("change_connections")])
async def take_directions(
    request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]
) -> Response[Any]:
    """Leave it so, and go on."""
    return await _through(request, frame, set_up, connection_id, "directions")


@get("/connections/{connection_id:int}/pace", guards=[needs("change_connections")])
async def ask_pace(request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]) -> Response[str]:
    """When things cross, and from when on."""
    joined = await set_up.joined(frame.viewer, connection_id)
    return _pace_page(request, frame, joined, {}, None)


@post("/connections/{connection_id:int}/pace", guards=[needs("change_connections")])
async def take_pace(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connection_id: FromPath[int]
) -> Response[Any]:
    """Choose when things cross."""
    joined = await set_up.joined(frame.viewer, connection_id)
    try:
        await set_up.choose_rhythm(frame.viewer, connection_id, _rhythm(data, joined))
    except ServeryError as error:
        return refused(request, _pace_page(request, frame, joined, data, error))
    return await _through(request, frame, set_up, connection_id, "pace")


def _rhythm(data: Mapping[str, str], joined: Joined) -> Rhythm:
    pace: Pace = next((each for each in PACES if each == data.get("pace")), "live")
    return Rhythm(
        pace=pace,
        batch_at=read_times(data.get("batch_at", "")) if pace != "live" else (),
        live_from=_live_from(data, _zone(joined)),
        spare_service="spare_service" in data,
    )


def _live_from(data: Mapping[str, str], zone: str) -> datetime | None:
    if data.get("live") != "later":
        return NOT_YET if data.get("live") == "never" else None
    try:
        return from_local(datetime.fromisoformat(data.get("live_from", "")).replace(tzinfo=None), zone)
    except (ValueError, NotOnTheClock) as error:
        raise Invalid("Say from which day and time on.", field="live_from") from error


def _zone(joined: Joined) -> str:
    return joined.venues[0].venue.time_zone if joined.venues else "UTC"


def _pace_page(
    request: Asked, frame: Frame, joined: Joined, entered: Mapping[str, str], error: ServeryError | None
) -> Response[str]:
    rhythm = joined.state.rhythm
    later = rhythm.live_from if rhythm.live_from and rhythm.live_from != NOT_YET else None
    # Whoever comes here for the first time wants it to begin; who said so before has chosen to wait.
    waits = rhythm.live_from == NOT_YET and "pace" in joined.state.steps_done
    shown = {
        "pace": rhythm.pace,
        "batch_at": written(rhythm.batch_at),
        "live": "later" if later else "never" if waits else "now",
        "live_from": later.astimezone(ZoneInfo(_zone(joined))).strftime("%Y-%m-%dT%H:%M") if later else "",
        "spare_service": "on" if rhythm.spare_service else "",
    }
    return stage_page(
        request, frame, "set_up/pace.html", "pace", joined, shown=shown | dict(entered), zone=_zone(joined),
        wrong=wrong(frame, joined.connector, error) if error else None,
    )  # fmt: skip


@get("/connections/{connection_id:int}/verify", guards=[needs("change_connections")])
async def ask_proof(request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]) -> Response[str]:
    """The proof that it works, as it goes on."""
    joined = await set_up.joined(frame.viewer, connection_id)
    proof = await set_up.proof(frame.viewer, connection_id)
    said = proof_words(frame, joined, proof)
    return stage_page(request, frame, "set_up/proof.html", "proof", joined, proof=proof, said=said)


@post("/connections/{connection_id:int}/verify", guards=[needs("change_connections")])
async def begin_proof(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connection_id: FromPath[int]
) -> Response[Any]:
    """Begin to prove it."""
    await set_up.verify(frame.viewer, connection_id, "write" in data)
    await set_up.gone_through(frame.viewer, connection_id, "proof")
    return go(request, f"/connections/{connection_id}/verify")


@post("/connections/{connection_id:int}/verify/go-on", guards=[needs("change_connections")])
async def stop_waiting(
    request: Asked, frame: TheFrame, set_up: TheSetUp, connection_id: FromPath[int]
) -> Response[Any]:
    """Wait no longer for what was asked for."""
    await set_up.stop_waiting(frame.viewer, connection_id)
    return go(request, f"/connections/{connection_id}/verify")


async def _through(request: Asked, frame: Frame, set_up: SetUp, connection_id: int, step: Any) -> Response[Any]:
    """On to the next step in order, whether or not it was gone through before."""
    await set_up.gone_through(frame.viewer, connection_id, step)
    following = {"tables": "directions", "directions": "pace", "pace": "verify"}
    return go(request, f"/connections/{connection_id}/{following[step]}")
