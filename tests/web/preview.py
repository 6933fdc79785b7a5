"""The pages over the invented restaurant, served for tests and for whoever works on their looks.

python -m tests.web.preview [PORT]
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime

from litestar import Litestar

from servery.accounts.rows import Language, Person
from servery.accounts.tokens import Token
from servery.errors import Invalid, NotFound, Refuse, Retry
from servery.model.venue import business_date
from servery.model.viewer import ROLES, Viewer
from servery.testing import served
from servery.venues.rows import KeptVenue
from servery.web.connections.page import ConnectionRow, Health
from servery.web.door import Door
from servery.web.guests.page import GuestList, GuestsAsked, Profile
from servery.web.live import Live
from servery.web.site import Site
from servery.web.sources import Sources
from servery.web.tonight.page import Evening
from tests.web import joined, regulars, restaurant
from tests.web.arrived import InventedArrivals
from tests.web.healthy import InventedHouse
from tests.web.likely import InventedSamePerson, InventedSaying
from tests.web.private import InventedPrivacy
from tests.web.ruling import InventedTagRules
from tests.web.running import InventedRuns
from tests.web.tidy import InventedHygiene
from tests.web.valued import InventedSurvivorship

PASSWORD = "correct horse battery"


class InventedSources(Sources):
    """The invented restaurant. `empty` is one without a booking, a guest or a connection."""

    def __init__(self) -> None:
        self.empty = False
        self.broken = False
        self.no_venue = False
        self.arrived: set[int] = set()
        self.placed: dict[int, int | None] = {}
        self.paused: set[int] = set()
        self.asked: list[int] = []
        self.many = False
        self.now = datetime.now(UTC)

    async def places(self, viewer: Viewer) -> Sequence[KeptVenue]:
        return () if self.no_venue else restaurant.PLACES

    async def evening(self, viewer: Viewer, place: KeptVenue, day: date | None) -> Evening:
        if self.broken:
            raise ZeroDivisionError("secret words of the inside")
        today = business_date(self.now, place.venue.time_zone, place.venue.cutoff)
        evening = restaurant.evening(day or today, today)
        if self.empty:
            return Evening(day=evening.day, today=today, now=evening.now, bookings=())
        return restaurant.arrived(evening, self.arrived)

    async def guests(self, viewer: Viewer, asked: GuestsAsked) -> GuestList:
        if self.empty:
            return GuestList((), 0)
        if self.many:
            return GuestList(regulars.guest_rows()[:8], 8 if asked.text else 10_000, more=True)
        rows = regulars.found(asked.text)
        start = int(asked.cursor or 0)
        more = start == 0 and len(rows) > 6
        return GuestList(rows[start : 6 if more else None][: asked.limit], len(rows), "6" if more else None)

    async def guest(self, viewer: Viewer, guest_id: int) -> Profile:
        if guest_id == 999:
            raise NotFound("There is no guest {id}.", id=guest_id)
        return regulars.profile(13 if guest_id == 1300 else guest_id)

    async def connections(self, viewer: Viewer) -> Sequence[ConnectionRow]:
        return (await self.health(viewer)).connections

    async def health(self, viewer: Viewer) -> Health:
        if self.empty:
            return Health(connections=(), now=self.now)
        return joined.changed(joined.health(self.now), self.placed, self.paused)

    async def link(self, viewer: Viewer, check_id: int, reservation_id: int | None) -> None:
        if check_id == 999:
            raise NotFound("There is no check {id}.", id=check_id)
        self.placed[check_id] = reservation_id

    async def unlink(self, viewer: Viewer, check_id: int) -> None:
        del self.placed[check_id]

    async def read_now(self, viewer: Viewer, connection_id: int) -> None:
        self.asked.append(connection_id)

    async def pause(self, viewer: Viewer, connection_id: int, paused: bool) -> None:
        (self.paused.add if paused else self.paused.discard)(connection_id)


class InventedDoor(Door):
    """Sessions named by role: the cookie `host` is a host's."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self.left: list[str] = []

    async def who(self, session: Token) -> Viewer | None:
        role = next((role for role in ROLES if role == session.reveal()), None)
        return Viewer("person", 1, "Rosa", role) if role else None

    async def by_password(self, email: str, password: str, address: str, device: str) -> tuple[Person, Token]:
        if email == "busy@example.com":
            raise Retry("Too many attempts to sign in have failed.", retry_after=60)
        if password != PASSWORD:
            raise Refuse("The e-mail address or the password is wrong.")
        return _person(language="da"), Token("host")

    async def by_link(self, link: Token, device: str) -> tuple[Person, Token]:
        if link.reveal() in self.used:
            raise Refuse("This sign-in link has been used already.", mend="Ask an owner for a new one.")
        self.used.add(link.reveal())
        return _person(has_password=False), Token("owner")

    async def set_password(self, viewer: Viewer, password: str, session: Token) -> None:
        if len(password) < 8:
            raise Invalid("A password needs at least {least} characters.", field="password", least=8)

    async def set_language(self, viewer: Viewer, language: Language) -> None:
        pass

    async def leave(self, session: Token) -> None:
        self.left.append(session.reveal())

    async def leave_everywhere(self, viewer: Viewer) -> None:
        self.left.append(f"all of {viewer.id}")


def _person(language: Language | None = None, has_password: bool = True) -> Person:
    return Person(
        id=1,
        name="Rosa",
        email="rosa@example.com",
        role="host",
        language=language,
        has_password=has_password,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        deactivated_at=None,
    )


class Preview:
    """An application with its invented parts at hand."""

    def __init__(self, public_url: str = "http://127.0.0.1:8420") -> None:
        self.sources = InventedSources()
        self.house = InventedHouse(self.sources.now)
        self.arrivals = InventedArrivals(self.sources.now)
        self.who = InventedSamePerson()
        self.saying = InventedSaying()
        self.privacy = InventedPrivacy()
        self.tag_rules = InventedTagRules()
        self.values = InventedSurvivorship()
        self.hygiene = InventedHygiene()
        self.runs = InventedRuns()
        self.door = InventedDoor()
        self.live = Live()
        site = Site(
            public_url=public_url,
            csrf_secret="only for the preview",
            sources=self.sources,
            house=self.house,
            door=self.door,
            live=self.live,
            arrivals=self.arrivals,
            who=self.who,
            saying=self.saying,
            privacy=self.privacy,
            tag_rules=self.tag_rules,
            values=self.values,
            hygiene=self.hygiene,
            runs=self.runs,
        )
        self.app = Litestar(plugins=[site], openapi_config=None)

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[None]:
        """Serve until the block ends, with the streams of open pages."""
        async with served.serving(self.app, port):
            try:
                yield
            finally:
                self.live.stop()


async def _look_at(port: int) -> None:
    async with Preview().serving(port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_look_at(int(sys.argv[1]) if len(sys.argv) > 1 else 8420))
