"""The routes of the fields: looked at, tried out, kept, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from servery.connectors import registry
from servery.language.words import words
from servery.web.deeds import Deed, after
from servery.web.fields.sources import FieldEffect, FieldsPage, TheFields
from servery.web.fields.words import direction_name, field_name, written_told
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page

_PREFIX = "field-"


@get("/connections/{connection_id:int}/fields", guards=[needs("change_connections")])
async def show_fields(
    request: Asked, frame: TheFrame, choices: TheFields, connection_id: FromPath[int]
) -> Response[str]:
    """Which way each field goes, and which ways it could."""
    return _shown(request, frame, await choices.fields(frame.viewer, connection_id), {}, None)


@post("/connections/{connection_id:int}/fields", guards=[needs("change_connections")])
async def choose_fields(
    request: Asked, frame: TheFrame, choices: TheFields, data: Form, connection_id: FromPath[int]
) -> Response[Any] | Redirect:
    """Show what the directions chosen would do; with `keep`, keep them."""
    wanted = {name.removeprefix(_PREFIX): value for name, value in data.items() if name.startswith(_PREFIX)}
    if "keep" not in data:
        told = await choices.effect(frame.viewer, connection_id, wanted)
        return _shown(request, frame, await choices.fields(frame.viewer, connection_id), wanted, told)
    back = _path(request, connection_id)
    if await choices.choose(frame.viewer, connection_id, wanted):
        return after(Deed("fields-chosen", connection_id), back)
    return Redirect(back, status_code=303)


@post("/connections/{connection_id:int}/fields/undo", guards=[needs("change_connections")])
async def undo_fields(frame: TheFrame, choices: TheFields, data: Form, connection_id: FromPath[int]) -> Redirect:
    """Take back what was chosen last."""
    await choices.undo(frame.viewer, connection_id)
    return after(Deed("fields-back", connection_id), data.get("back"))


def _setting_up(request: Asked) -> bool:
    """Whether the page was reached from the steps of setting up, and leads back there."""
    return "set-up" in request.query_params


def _path(request: Asked, connection_id: int) -> str:
    return f"/connections/{connection_id}/fields" + ("?set-up=1" if _setting_up(request) else "")


def _shown(
    request: Asked,
    frame: Frame,
    fields: FieldsPage,
    wanted: Mapping[str, str],
    told: Sequence[FieldEffect] | None,
) -> Response[str]:
    spoken = frame.words
    return page(
        request, frame, "fields/page.html", tab="connections", fields=fields, wanted=wanted, told=told,
        path=_path(request, fields.id), setting_up=_setting_up(request),
        name_of=partial(field_name, words=spoken), way=partial(direction_name, title=fields.title, words=spoken),
        written=partial(written_told, words=spoken),
        t=words(spoken.language, registry.locale(fields.connector)).gettext,
    )  # fmt: skip
