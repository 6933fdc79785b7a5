"""Answers that several steps give alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Response
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from servery.connectors import registry
from servery.errors import ServeryError
from servery.language.words import words
from servery.web.frame import Frame
from servery.web.render import Asked, page, with_status
from servery.web.set_up.page import STAGES, Joined, Stage

_PATHS: Mapping[Stage, str] = {
    "access": "/connections/{id}/credentials",
    "tables": "/connections/{id}/tables",
    "directions": "/connections/{id}/directions",
    "pace": "/connections/{id}/pace",
    "proof": "/connections/{id}/verify",
}


def go(request: Asked, path: str) -> Response[Any]:
    """On to another page, also where htmx asked and would put that page into a part of this one."""
    if "hx-request" in request.headers:
        return Response(None, status_code=200, headers={"hx-redirect": path})
    return Redirect(path, status_code=HTTP_303_SEE_OTHER)


def path_of(stage: Stage, connection_id: int) -> str | None:
    """The page of a step; None for those that are over once there is a connection."""
    path = _PATHS.get(stage)
    return path.format(id=connection_id) if path else None


def speech(frame: Frame, connector: str) -> Callable[[str], str]:
    """How a connector's own words are said in the language of the page."""
    return words(frame.words.language, registry.locale(connector)).gettext


def wrong(frame: Frame, connector: str, error: ServeryError) -> dict[str, str | None]:
    """A failure for the form: what it was, and on which field."""
    told = error.told(speech(frame, connector))
    return {"told": told, "field": getattr(error, "field", None), "code": error.code}


def refused(request: Asked, answer: Response[str]) -> Response[str]:
    """A form that comes back: htmx only shows what is well."""
    return with_status(answer, 200 if "hx-request" in request.headers else 422)


def stage_page(
    request: Asked, frame: Frame, template: str, stage: Stage, joined: Joined | None, **context: object
) -> Response[str]:
    """A step's page, with the way through all of them above."""
    done = {"system", "access", "venues", *joined.state.steps_done} if joined else _before(stage)
    links = {each: path_of(each, joined.id) if joined else None for each in STAGES}
    return page(
        request, frame, template, tab="connections", stage=stage, stages=STAGES, stages_done=done, links=links,
        joined=joined, **context,
    )  # fmt: skip


def _before(stage: Stage) -> set[Stage]:
    return set(STAGES[: STAGES.index(stage)])
