"""What forms send, and where they may lead."""

from __future__ import annotations

from typing import Annotated

from litestar.enums import RequestEncodingType
from litestar.params import Body

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
"""A form as a route asks for it."""


def safe_path(given: str | None) -> str:
    """A path of this site to go on to; anything that a browser could take for another site is the start page."""
    if not given or not given.startswith("/") or given.startswith("//") or "\\" in given or not given.isprintable():
        return "/"
    return given
