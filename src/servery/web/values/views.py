"""The routes of survivorship: looked at, tried out, kept, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from servery.errors import Invalid
from servery.guests.survivorship import Effect, FieldRules
from servery.language.words import Words
from servery.model.survivorship import RULES, Chosen
from servery.web.deeds import Deed, after
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.tags.words import field_names
from servery.web.values.sources import TheSurvivorship

_GUARDS = [needs("change_connections")]
_PATH = "/guests/values"
_PREFIX = "field-"


@get("/guests/values", guards=_GUARDS)
async def show_values(request: Asked, frame: TheFrame, values: TheSurvivorship) -> Response[str]:
    """How each field is chosen."""
    return _shown(request, frame, await values.rules(frame.viewer), {}, None)


@post("/guests/values", guards=_GUARDS)
async def choose_values(
    request: Asked, frame: TheFrame, values: TheSurvivorship, data: Form
) -> Response[Any] | Redirect:
    """Show what the rules chosen would do; with `keep`, keep them."""
    given = {name.removeprefix(_PREFIX): value for name, value in data.items() if name.startswith(_PREFIX)}
    wanted = {field: read(field, value) for field, value in given.items()}
    if "keep" not in data:
        told = await values.effect(frame.viewer, wanted)
        return _shown(request, frame, await values.rules(frame.viewer), wanted, told)
    if await values.choose(frame.viewer, wanted):
        return after(Deed("values-chosen", 0), _PATH)
    return Redirect(_PATH, status_code=303)


@post("/guests/values/undo", guards=_GUARDS)
async def undo_values(frame: TheFrame, values: TheSurvivorship) -> Redirect:
    """Take back what was chosen last."""
    await values.undo(frame.viewer)
    return after(Deed("values-back", 0), _PATH)


def read(field: str, value: str) -> Chosen:
    """A rule as forms and commands write it: recent, complete, or owner with the connection's id, as owner:3."""
    name, _, number = value.partition(":")
    rule = next((one for one in RULES if one == name), None)
    if rule is None or (number and not (number.isascii() and number.isdecimal() and len(number) < 19)):
        raise Invalid("There is no rule {name}.", field=field, name=value)
    return Chosen(rule, int(number) if number else None)


def _shown(
    request: Asked,
    frame: Frame,
    rules: FieldRules,
    wanted: Mapping[str, Chosen],
    told: Sequence[Effect] | None,
) -> Response[str]:
    def way(chosen: Chosen) -> str:
        return _rule_told(chosen, rules.connections, frame.words)

    return page(
        request, frame, "values/page.html", tab="guests", rules=rules, wanted=wanted, told=told, way=way,
        written=_written, names=field_names(frame.words), Chosen=Chosen,
    )  # fmt: skip


def _rule_told(chosen: Chosen, connections: Mapping[int, str], words: Words) -> str:
    """A rule as people read it."""
    _ = words.gettext
    if chosen.rule == "owner":
        known = connections.get(chosen.connection_id or 0)
        return _("what {connection} says", connection=known or f"#{chosen.connection_id}")
    return _("what was said last") if chosen.rule == "recent" else _("the most complete")


def _written(chosen: Chosen) -> str:
    return f"owner:{chosen.connection_id}" if chosen.rule == "owner" else chosen.rule
