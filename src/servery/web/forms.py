"""What forms send, and where they may lead."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body

from servery.errors import Invalid

Choice = TypeVar("Choice", bound=str)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
"""A form as a route asks for it."""


async def only_kept_text(request: Request[Any, Any, Any]) -> None:
    """Refuse a NUL anywhere in what was sent: no text that is kept may hold one. Invalid."""
    if "\0" in request.scope["path"]:
        raise NotFoundException
    sent = [*request.query_params.multi_items(), *(await request.form()).multi_items()]
    for name, value in sent:
        if isinstance(value, str) and "\0" in f"{name}{value}":
            raise Invalid("The character NUL (U+0000) cannot be kept.", field=name, mend="Leave it out.")


def safe_path(given: str | None) -> str:
    """A path of this site to go on to; anything that a browser could take for another site is the start page."""
    if not given or not given.startswith("/") or given.startswith("//") or "\\" in given or not given.isprintable():
        return "/"
    return given


def choice(given: str, choices: tuple[Choice, ...], field: str) -> Choice:
    """What was chosen of some; Invalid for anything else."""
    chosen = next((one for one in choices if one == given), None)
    if chosen is None:
        raise Invalid("This cannot be chosen.", field=field)
    return chosen


def number(given: str, field: str) -> int:
    """What was written as digits; Invalid for anything else, and for more than an id can be."""
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise Invalid("This is no number.", field=field)
    return int(given)
