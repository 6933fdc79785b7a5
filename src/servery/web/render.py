"""Templates into pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup

from servery.language.words import LANGUAGES, Words, name_of
from servery.web import headers
from servery.web.assets import addresses
from servery.web.deeds import deed_of
from servery.web.frame import Frame

Asked = Request[Any, Any, Any]
"""A request, as a route asks for it."""


@cache
def environment() -> Environment:
    """The templates of every screen. Everything put into one is escaped."""
    templates = Environment(
        loader=FileSystemLoader(str(files("servery.web"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["without_none"] = _without_none
    return templates


def _without_none(query: Mapping[str, object]) -> dict[str, object]:
    """The parts of an address that say something."""
    return {name: value for name, value in query.items() if value is not None}


def page(request: Asked, frame: Frame, template: str, /, **context: object) -> Response[str]:
    """A template as an answer. In it `_`, `ngettext` and `pgettext` speak, and `n` writes figures."""
    html = (
        environment()
        .get_template(template)
        .render(
            **_speech(frame.words),
            **context,
            frame=frame,
            done=deed_of(request),
            n=frame.notation,
            assets=addresses(),
            csrf_token=ScopeState.from_scope(request.scope).csrf_token or "",
            languages=[(language, name_of(language)) for language in LANGUAGES],
            request_id=headers.request_id(request.scope),
        )
    )
    return Response(html, media_type=MediaType.HTML, status_code=200)


def paper(template: str, words: Words, /, **context: object) -> str:
    """A template that stands by itself, to be kept, printed or sent."""
    return environment().get_template(template).render(**_speech(words), **context, language=words.language)


def with_status(answer: Response[str], status_code: int) -> Response[str]:
    """The same page, as the answer to something that did not go well."""
    answer.status_code = status_code
    return answer


def _speech(words: Words) -> dict[str, Callable[..., Markup]]:
    """The functions by which templates say something: what fills the places is escaped, the message is ours."""

    def gettext(message: str, **places: object) -> Markup:
        return _filled(words.gettext(message), places)

    def ngettext(one: str, many: str, n: int, **places: object) -> Markup:
        return _filled(words.form(one, many, n), {"n": n, **places})

    def pgettext(context: str, message: str, **places: object) -> Markup:
        return _filled(words.pgettext(context, message), places)

    return {"_": gettext, "ngettext": ngettext, "pgettext": pgettext}


def _filled(message: str, places: dict[str, object]) -> Markup:
    return Markup(message).format(**places) if places else Markup(message)
