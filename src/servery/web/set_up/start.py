"""The first steps: which system, how we sign in there, and which venues its locations are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from litestar import Response, get, post
from litestar.params import FromPath

from servery.connectors import registry
from servery.connectors.contract import Manifest, Setting
from servery.errors import NotFound, ServeryError
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.set_up.answers import go, refused, speech, stage_page, wrong
from servery.web.set_up.page import DraftPage, Joined, VenueChosen, systems
from servery.web.set_up.sources import SetUp, TheSetUp

_ELSEWHERE = ("_csrf_token", "connection_name", "back")


@get("/connections/new", guards=[needs("change_connections")])
async def choose_system(request: Asked, frame: TheFrame) -> Response[str]:
    """The systems that can be joined."""
    asked = request.query_params.get("q", "")
    known = systems(asked)
    return stage_page(request, frame, "set_up/systems.html", "system", None, kinds=known, asked=asked)


@get("/connections/new/{connector:str}", guards=[needs("change_connections")])
async def ask_access(request: Asked, frame: TheFrame, set_up: TheSetUp, connector: FromPath[str]) -> Response[str]:
    """What a system needs to let us in."""
    return await access_page(request, frame, set_up, _connectable(connector), None, {}, None)


@post("/connections/new/{connector:str}", guards=[needs("change_connections")])
async def take_access(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connector: FromPath[str]
) -> Response[Any]:
    """Try what was entered, and go on where it works."""
    manifest = _connectable(connector)
    try:
        draft_id = await set_up.prove(frame.viewer, connector, given(data), data.get("connection_name", "").strip())
    except ServeryError as error:
        return refused(request, await access_page(request, frame, set_up, manifest, None, data, error))
    return go(request, f"/connections/set-up/{draft_id}/venues")


@post("/connections/new/{connector:str}/authorise", guards=[needs("change_connections")])
async def send_away(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connector: FromPath[str]
) -> Response[Any]:
    """Show the way to the vendor's own page."""
    manifest = _connectable(connector)
    name = data.get("connection_name", "").strip()
    try:
        url = await set_up.send(frame.viewer, request.auth.reveal(), connector, given(data), name, None)
    except ServeryError as error:
        return await access_page(request, frame, set_up, manifest, None, data, error)
    return page(request, frame, "set_up/go.html", tab="connections", manifest=manifest, url=url)


@get("/connections/authorised", guards=[needs("change_connections")])
async def come_back(request: Asked, frame: TheFrame, set_up: TheSetUp) -> Response[Any]:
    """Where a vendor sends somebody who has authorised us, or has not."""
    answer = {name: str(value) for name, value in request.query_params.items()}
    arrival = await set_up.bring_back(frame.viewer, request.auth.reveal(), answer)
    if arrival.draft_id is not None:
        return go(request, f"/connections/set-up/{arrival.draft_id}/venues")
    return go(request, f"/connections/{arrival.connection_id}/credentials?mended=1")


@get("/connections/applications/{connector:str}", guards=[needs("change_connections")])
async def ask_application(request: Asked, frame: TheFrame, set_up: TheSetUp, connector: FromPath[str]) -> Response[str]:
    """What a vendor gives the makers of an integration."""
    return await _application_page(request, frame, set_up, _connectable(connector), {}, None)


@post("/connections/applications/{connector:str}", guards=[needs("change_connections")])
async def take_application(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, connector: FromPath[str]
) -> Response[Any]:
    """Keep an application's id and secrets."""
    manifest = _connectable(connector)
    try:
        await set_up.set_application(frame.viewer, connector, given(data))
    except ServeryError as error:
        return refused(request, await _application_page(request, frame, set_up, manifest, data, error))
    return go(request, f"/connections/new/{connector}")


@get("/connections/set-up/{draft_id:int}/venues", guards=[needs("change_connections")])
async def ask_venues(request: Asked, frame: TheFrame, set_up: TheSetUp, draft_id: FromPath[int]) -> Response[Any]:
    """Which venues the locations are."""
    draft = await set_up.draft(frame.viewer, draft_id)
    if draft.connection_id is not None:
        return go(request, f"/connections/{draft.connection_id}/tables")
    return _venues_page(request, frame, draft, {}, None)


@post("/connections/set-up/{draft_id:int}/venues", guards=[needs("change_connections")])
async def take_venues(
    request: Asked, frame: TheFrame, set_up: TheSetUp, data: Form, draft_id: FromPath[int]
) -> Response[Any]:
    """Make it a connection; from now on it is read."""
    draft = await set_up.draft(frame.viewer, draft_id)
    if draft.connection_id is not None:
        return go(request, f"/connections/{draft.connection_id}/tables")
    chosen = {one.location.external_id: choice for at, one in enumerate(draft.places) if (choice := _choice(data, at))}
    try:
        connection_id = await set_up.join(frame.viewer, draft_id, data.get("connection_name", "").strip(), chosen)
    except ServeryError as error:
        return refused(request, _venues_page(request, frame, draft, data, error))
    return go(request, f"/connections/{connection_id}/tables")


def given(data: Mapping[str, str]) -> dict[str, str]:
    """What a form says of settings."""
    return {name: value for name, value in data.items() if name not in _ELSEWHERE}


def _connectable(connector: str) -> Manifest:
    if connector not in registry.connectable():
        raise NotFound("There is no system {name} that could be joined.", name=connector)
    return registry.manifest(connector)


async def access_page(
    request: Asked,
    frame: Frame,
    set_up: SetUp,
    manifest: Manifest,
    joined: Joined | None,
    entered: Mapping[str, str],
    error: ServeryError | None,
) -> Response[str]:
    """The form of a system's settings, for a new connection or one that there is. A secret never comes back."""
    application = await set_up.application(frame.viewer, manifest.name)
    return stage_page(
        request,
        frame,
        "set_up/access.html",
        "access",
        joined,
        manifest=manifest,
        t=speech(frame, manifest.name),
        fields=_fields(manifest, joined.settings if joined else {}, entered),
        kept=joined.kept if joined else frozenset(),
        name=entered.get("connection_name", ""),
        application=application,
        wrong=wrong(frame, manifest.name, error) if error else None,
        mended=request.query_params.get("mended"),
    )


def _fields(
    manifest: Manifest, before: Mapping[str, str], entered: Mapping[str, str]
) -> list[tuple[Setting, str, bool]]:
    """Each setting, what to show in its field, and whether it is one that hardly anybody changes."""
    return [
        (
            one,
            "" if one.secret else entered.get(one.name, before.get(one.name, one.default or "")),
            not one.required and one.default is not None,
        )
        for one in manifest.settings
    ]


async def _application_page(
    request: Asked,
    frame: Frame,
    set_up: SetUp,
    manifest: Manifest,
    entered: Mapping[str, str],
    error: ServeryError | None,
) -> Response[str]:
    application = await set_up.application(frame.viewer, manifest.name)
    asks = [
        (one, "" if one.secret else entered.get(one.name, application.settings.get(one.name, "")), False)
        for one in application.asks
    ]
    return page(
        request,
        frame,
        "set_up/application.html",
        tab="connections",
        manifest=manifest,
        t=speech(frame, manifest.name),
        fields=asks,
        kept=application.kept,
        application=application,
        wrong=wrong(frame, manifest.name, error) if error else None,
    )


def _choice(data: Mapping[str, str], at: int) -> VenueChosen | None:
    choice = data.get(f"venue-{at}", "")
    if choice.isascii() and choice.isdecimal():
        return VenueChosen(venue_id=int(choice))
    if choice != "new":
        return None
    return VenueChosen(
        name=data.get(f"name-{at}", "").strip(),
        time_zone=data.get(f"zone-{at}", "").strip(),
        currency=data.get(f"currency-{at}", "").strip().upper(),
    )


def _venues_page(
    request: Asked, frame: Frame, draft: DraftPage, entered: Mapping[str, str], error: ServeryError | None
) -> Response[str]:
    return stage_page(
        request,
        frame,
        "set_up/venues.html",
        "venues",
        None,
        draft=draft,
        entered=entered,
        zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
        wrong=wrong(frame, draft.connector, error) if error else None,
    )
