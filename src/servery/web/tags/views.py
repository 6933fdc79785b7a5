"""The routes of tags by rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from servery.errors import Invalid
from servery.guests.tagging.facts import KNOWN_FIELDS, TABLE
from servery.guests.tagging.rule import Effect, Rule
from servery.web.deeds import Deed, after
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page, with_status
from servery.web.tags.form import Filled, drafted, of_data, of_rule
from servery.web.tags.sources import TagRules, TheTagRules
from servery.web.tags.words import fact_names, field_names, rule_told

_GUARDS = [needs("make_rules")]
_LIST = "/tags"


@get("/tags", guards=_GUARDS)
async def tag_rules(request: Asked, frame: TheFrame, tags: TheTagRules) -> Response[str]:
    """All rules that give tags."""
    rules = await tags.rules(frame.viewer)
    return page(request, frame, "tags/page.html", tab="guests", rules=rules, told=_told(frame))


@get("/tags/new", guards=_GUARDS)
async def new_tag_rule(request: Asked, frame: TheFrame, tags: TheTagRules) -> Response[str]:
    """The empty form."""
    return await _form(request, frame, tags, of_rule(None))


@get("/tags/{rule_id:int}", guards=_GUARDS)
async def tag_rule(request: Asked, frame: TheFrame, tags: TheTagRules, rule_id: FromPath[int]) -> Response[str]:
    """One rule, to be changed."""
    rule = await tags.rule(frame.viewer, rule_id)
    return await _form(request, frame, tags, of_rule(rule.draft), rule=rule)


@post("/tags/new", guards=_GUARDS)
async def add_tag_rule(request: Asked, frame: TheFrame, tags: TheTagRules, data: Form) -> Response[str] | Redirect:
    """Show what a new rule would do; with `keep`, keep it."""
    return await _take(request, frame, tags, data, None)


@post("/tags/{rule_id:int}", guards=_GUARDS)
async def change_tag_rule(
    request: Asked, frame: TheFrame, tags: TheTagRules, data: Form, rule_id: FromPath[int]
) -> Response[str] | Redirect:
    """Show what another wording would do; with `keep`, keep it."""
    return await _take(request, frame, tags, data, await tags.rule(frame.viewer, rule_id))


@post("/tags/{rule_id:int}/remove", guards=_GUARDS)
async def remove_tag_rule(frame: TheFrame, tags: TheTagRules, rule_id: FromPath[int]) -> Redirect:
    """Remove a rule."""
    await tags.remove(frame.viewer, rule_id)
    return after(Deed("rule-removed", rule_id), _LIST)


@post("/tags/{rule_id:int}/undo", guards=_GUARDS)
async def undo_tag_rule(frame: TheFrame, tags: TheTagRules, rule_id: FromPath[int]) -> Redirect:
    """Take the last change of a rule back."""
    await tags.undo(frame.viewer, rule_id)
    return after(Deed("rule-back", rule_id), _LIST)


async def _take(
    request: Asked, frame: Frame, tags: TagRules, data: Mapping[str, str], rule: Rule | None
) -> Response[str] | Redirect:
    filled, rule_id = of_data(data), rule.id if rule else None
    try:
        draft = drafted(filled)
        if "keep" in data:
            return after(Deed("rule-kept", await tags.keep(frame.viewer, draft, rule_id)), _LIST)
        effect = await tags.effect(frame.viewer, draft, rule_id)
    except Invalid as wrong:
        return with_status(await _form(request, frame, tags, filled, rule=rule, wrong=wrong), 422)
    shown = of_rule(draft)
    return await _form(request, frame, tags, shown, rule=rule, effect=effect)


async def _form(
    request: Asked,
    frame: Frame,
    tags: TagRules,
    filled: Filled,
    *,
    rule: Rule | None = None,
    effect: Effect | None = None,
    wrong: Invalid | None = None,
) -> Response[str]:
    faults: dict[str, Any] = {"wrong": None, "wrong_at": None}
    if wrong is not None:
        faults = {"wrong": wrong.told(frame.words.gettext), "wrong_at": filled.place_of(wrong.field)}
    draft = drafted(filled) if effect is not None else None
    return page(
        request, frame, "tags/rule.html", tab="guests", rule=rule, filled=filled, effect=effect, draft=draft,
        path=f"{_LIST}/{rule.id}" if rule else f"{_LIST}/new", told=_told(frame), facts=TABLE,
        names=fact_names(frame.words), fields=field_names(frame.words), known=KNOWN_FIELDS,
        channels=await tags.channels(frame.viewer), **faults,
    )  # fmt: skip


def _told(frame: Frame) -> partial[str]:
    venues = {one.id: one.venue.name for one in frame.places}
    return partial(rule_told, words=frame.words, notation=frame.notation, venues=venues)
