"""What the owner entered, read and looked through."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from servery.errors import NeedsPerson

Kind = Literal["orders", "reservations", "guests", "menu"]
List = Literal["guests", "visits", "checks"]
OUT = "out"
"""The folder, inside the other, into which lists are put."""
_LEAST = 60


class Server(Struct, frozen=True):
    """An SFTP server, and who signs in."""

    host: str
    port: int
    user: str


class Wishes(Struct, frozen=True, kw_only=True):
    """A folder's settings. `server` is None for a folder of this machine; `kind` None where nothing is to be read."""

    path: str
    server: Server | None
    kind: Kind | None
    pattern: str
    every: timedelta
    map: str
    out: tuple[List, ...]
    nightly: bool


def wishes(settings: Mapping[str, str]) -> Wishes:
    """The settings as they are meant. NeedsPerson names the one at fault."""
    server, path = _where(settings["folder"].strip())
    return Wishes(
        path=path,
        server=server,
        kind=_kind(settings.get("kind", "orders")),
        pattern=settings.get("pattern") or "*.csv",
        every=timedelta(seconds=_seconds(settings.get("every", "300"))),
        map=settings.get("map", ""),
        out=_lists(settings.get("out", "")),
        nightly=_nightly(settings.get("out_every", "night")),
    )


def _where(folder: str) -> tuple[Server | None, str]:
    if "://" not in folder:
        if not folder.startswith("/"):
            raise NeedsPerson("The folder must begin at the root: /srv/till.", field="folder")
        return None, folder
    try:
        parts = urlsplit(folder)
        port = parts.port or 22
    except ValueError:
        raise _no_address() from None
    if parts.scheme != "sftp" or not parts.hostname or not parts.username or parts.password:
        raise _no_address()
    return Server(parts.hostname, port, unquote(parts.username)), unquote(parts.path) or "."


def _no_address() -> NeedsPerson:
    return NeedsPerson(
        "This is no address of a folder.",
        field="folder",
        mend="Write sftp://user@files.example.com/folder; the password has a field of its own.",
    )


def _kind(word: str) -> Kind | None:
    if word == "none":
        return None
    if word not in get_args(Kind):
        raise NeedsPerson("Files hold orders, reservations, guests or menu.", field="kind")
    return word  # type: ignore[return-value]


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not _LEAST <= int(text[:9]) <= 86_400:
        raise NeedsPerson("Between two looks lie 60 to 86400 seconds.", field="every")
    return int(text)


def _lists(text: str) -> tuple[List, ...]:
    words = text.replace(",", " ").split()
    if not {*words} <= {*get_args(List)}:
        raise NeedsPerson("There are lists of guests, visits and checks.", field="out")
    return tuple(word for word in get_args(List) if word in words)


def _nightly(word: str) -> bool:
    if word not in ("hour", "night"):
        raise NeedsPerson("Lists are put there every hour or every night.", field="out_every")
    return word == "night"
