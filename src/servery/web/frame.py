"""What every page stands in: who is looking, in which language, at which venue, in which light."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from servery.errors import Forbidden, NotFound
from servery.language.notation import Notation, notation
from servery.language.words import Words, choose, words
from servery.model.viewer import Right, Viewer
from servery.venues.rows import KeptVenue
from servery.web.connections.health import Alarm, TheHealth
from servery.web.sources import TheSources

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)

LANGUAGE_COOKIE = "servery_language"
THEME_COOKIE = "servery_theme"
VENUE_COOKIE = "servery_venue"


class Tab(Struct, frozen=True):
    """One of the main pages, for whose role has the right."""

    name: str
    path: str
    right: Right


TABS = (
    Tab("tonight", "/tonight", "see_notes"),
    Tab("guests", "/guests", "see_guests"),
    Tab("connections", "/connections", "see_connections"),
    Tab("events", "/events", "see_events"),
)


class Frame(Struct, frozen=True, kw_only=True):
    """One request's frame. Without a person signed in there are no tabs and no venues."""

    words: Words
    theme: Theme
    path: str
    query: str
    who: Viewer | None = None
    places: Sequence[KeptVenue] = ()
    place: KeptVenue | None = None
    alarms: Sequence[Alarm] = ()
    now: datetime = datetime.min.replace(tzinfo=UTC)

    @property
    def viewer(self) -> Viewer:
        """On whose behalf rooms are asked. Forbidden when nobody is signed in."""
        if self.who is None:
            raise Forbidden("Nobody is signed in.")
        return self.who

    @property
    def here(self) -> KeptVenue:
        """The venue that is looked at. NotFound while there is none."""
        if self.place is None:
            raise NotFound("There is no venue yet.", mend="Add one: servery venues add NAME.")
        return self.place

    @property
    def notation(self) -> Notation:
        """How figures are written: as this venue does."""
        return notation(self.words.language, self.place.venue.time_zone if self.place else "UTC")

    def notation_of(self, time_zone: str) -> Notation:
        """How figures of another venue are written."""
        return notation(self.words.language, time_zone)

    def may(self, right: Right) -> bool:
        """Whether whoever looks has this right."""
        return self.who is not None and self.who.may(right)

    @property
    def tabs(self) -> list[Tab]:
        """The main pages for this role."""
        return [tab for tab in TABS if self.may(tab.right)]

    @property
    def home(self) -> str:
        """The page this role begins with."""
        return self.tabs[0].path if self.tabs else "/sign-in"

    @property
    def back(self) -> str:
        """The address of this page, for a form that brings one back to it; what was `done` before is told once."""
        query = urlencode([(name, value) for name, value in parse_qsl(self.query) if name != "done"])
        return f"{self.path}?{query}" if query else self.path

    @property
    def sign_in(self) -> str:
        """Where to sign in and come back from."""
        return f"/sign-in?next={quote(self.back)}"


TheFrame = NamedDependency[SkipValidation[Frame]]
"""As a route asks for it."""


def frame_of_stranger(request: Request[Any, Any, Any]) -> Frame:
    """The frame of a page for somebody who need not be signed in."""
    return Frame(
        words=words(choose(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))),
        theme=_theme(request.cookies.get(THEME_COOKIE)),
        path=request.url.path,
        query=request.url.query,
    )


async def frame_of(request: Request[Any, Any, Any], sources: TheSources, house: TheHealth) -> Frame:
    """The frame of a page for whoever is signed in."""
    viewer = cast(Viewer, request.user)
    places = await sources.places(viewer)
    wanted = request.query_params.get("venue") or request.cookies.get(VENUE_COOKIE)
    return msgspec.structs.replace(
        frame_of_stranger(request),
        who=viewer,
        places=places,
        alarms=await house.alarms(viewer),
        now=datetime.now(UTC),
        place=next((place for place in places if str(place.id) == wanted), places[0] if places else None),
    )


def _theme(given: str | None) -> Theme:
    return given if given in THEMES else "auto"
