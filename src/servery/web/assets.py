"""The files a page loads: our style and script, and htmx. Each address carries the hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Struct

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# A changed file has another address, so what a browser holds is good for ever.
_FOR_EVER = "public, max-age=31536000, immutable"


class Asset(Struct, frozen=True):
    """One file as it is sent."""

    content: bytes
    media_type: str


@cache
def addresses() -> Mapping[str, str]:
    """Each file's address under the site's root, by its plain name."""
    return {name: f"/static/{_hashed(name, asset.content)}" for name, asset in _assets().items()}


@cache
def _assets() -> Mapping[str, Asset]:
    ours = [each for each in files("servery.web").joinpath("static").iterdir() if each.is_file()]
    # The package's other files are extensions for htmx 1.
    htmx = files("js_lib_htmx").joinpath("static", "htmx", "htmx.min.js")
    return {each.name: Asset(each.read_bytes(), _TYPES[PurePath(each.name).suffix]) for each in (*ours, htmx)}


def _hashed(name: str, content: bytes) -> str:
    path = PurePath(name)
    return f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"


@cache
def _by_address() -> Mapping[str, Asset]:
    return {_hashed(name, asset.content): asset for name, asset in _assets().items()}


@get("/static/{name:str}", public=True, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """One of the files, for ever."""
    found = _by_address().get(name)
    if found is None:
        raise NotFoundException
    return Response(found.content, media_type=found.media_type, headers={"cache-control": _FOR_EVER})
