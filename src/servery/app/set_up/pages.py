"""What the pages of setting up are given: each call asks or changes the house in a transaction of its own."""

from collections.abc import Mapping, Sequence

from servery.accounts.audit import acted, looked
from servery.app import authorise, connect, credentials
from servery.app.arrive import tell_pages
from servery.app.set_up import drafts
from servery.app.sources import changed
from servery.connectors import registry
from servery.errors import Invalid
from servery.model.venue import Venue
from servery.model.viewer import Viewer
from servery.profile.listing import guest_rows
from servery.settings import Settings
from servery.storage.pool import Pool
from servery.sync import connections, pace, proof, tables
from servery.sync.connections import Connection
from servery.sync.pace import Rhythm, Step
from servery.venues.rows import venue, venues
from servery.web.set_up.page import Application, Arrival, DraftPage, Joined, Placing, Proof, TablesPage, VenueChosen
from servery.web.set_up.sources import SetUp

WAIT = 600
"""Seconds that a verification waits for what a person is asked to do."""


class RoomSetUp(SetUp):
    """Setting up, over the rooms."""

    def __init__(self, pool: Pool, house: Settings) -> None:
        self._pool = pool
        self._house = house

    async def prove(self, viewer: Viewer, connector: str, given: Mapping[str, str], name: str) -> int:
        """Try what was entered; the draft that keeps it where it works."""
        account = await connect.check(connector, given)
        async with self._pool.connection() as db:
            return await drafts.keep(db, self._house.home, connector, name or _title(connector), given, account)

    async def application(self, viewer: Viewer, connector: str) -> Application:
        """What is entered of a vendor's application, without its secrets."""
        asks = credentials.application_asks(registry.manifest(connector))
        async with self._pool.connection() as db:
            values = await credentials.application(db, self._house.home, connector)
        secret = {one.name for one in asks if one.secret}
        return Application(
            asks=asks,
            settings={name: value for name, value in values.items() if name not in secret},
            kept=frozenset(secret & values.keys()),
            redirect=self._house.public_url + authorise.CALLBACK,
        )

    async def set_application(self, viewer: Viewer, connector: str, given: Mapping[str, str]) -> None:
        """Enter or change a vendor's application."""
        async with self._pool.connection() as db:
            await credentials.set_application(db, self._house.home, connector, given)
            await acted(db, viewer, "application-changed", f"application:{connector}")

    async def send(
        self,
        viewer: Viewer,
        session: str,
        connector: str,
        given: Mapping[str, str],
        name: str,
        connection_id: int | None,
    ) -> str:
        """The address at a vendor to authorise us at, for a new connection or one that there is."""
        async with self._pool.connection() as db:
            known = await connections.connection(db, connection_id) if connection_id is not None else None
            way = await authorise.begin(
                db, self._house, connector, given, name=name, who=viewer, session=session, connection=known
            )
        return way.url

    async def bring_back(self, viewer: Viewer, session: str, answer: Mapping[str, str]) -> Arrival:
        """Take what a vendor sent somebody back with."""
        brought = await authorise.bring_back(self._pool, self._house, answer, viewer=viewer, session=session)
        async with self._pool.connection() as db:
            if brought.connection_id is not None:
                await changed(db, viewer, brought.connection_id, "authorised")
                return Arrival(None, brought.connection_id)
            granted = brought.granted
            name = granted.name or _title(granted.connector)
            home = self._house.home
            draft_id = await drafts.keep(db, home, granted.connector, name, granted.settings, brought.account)
        return Arrival(draft_id, None)

    async def draft(self, viewer: Viewer, draft_id: int) -> DraftPage:
        """What was proved, with the venues its locations may be."""
        async with self._pool.connection() as db:
            found = await drafts.draft(db, draft_id)
            places = []
            for location in found.account.locations:
                choice = await connect.suggested(db, location)
                places.append(Placing(location=location, suggested=choice if isinstance(choice, int) else None))
            return DraftPage(
                id=found.id,
                connector=found.connector,
                name=found.name,
                account=found.account.name,
                places=places,
                venues=await venues(db),
                connection_id=found.connection_id,
            )

    async def join(self, viewer: Viewer, draft_id: int, name: str, chosen: Mapping[str, VenueChosen]) -> int:
        """Make a draft a connection, to which nothing is written yet; its id."""
        async with self._pool.connection() as db:
            found = await drafts.draft(db, draft_id)
            given = await drafts.settings(db, self._house.home, draft_id)
            made = await connect.join(
                db,
                self._house.home,
                found.connector,
                given,
                found.account,
                name=name or found.name,
                choices={location: _choice(one) for location, one in chosen.items()},
            )
            await drafts.finish(db, draft_id, made.id)
            await acted(db, viewer, "connected", f"connection:{made.id}", {"connector": found.connector})
            await tell_pages(db, ["connections"])
        return made.id

    async def joined(self, viewer: Viewer, connection_id: int) -> Joined:
        """A connection with how far it is set up."""
        async with self._pool.connection() as db:
            one = await connections.connection(db, connection_id)
            places = await connections.places(db, connection_id)
            return Joined(
                id=one.id,
                name=one.name,
                connector=one.connector,
                settings=one.settings,
                kept=_kept(one),
                venues=[await venue(db, venue_id) for venue_id in sorted({each.venue_id for each in places.values()})],
                state=await pace.set_up_state(db, connection_id),
            )

    async def change(self, viewer: Viewer, connection_id: int, given: Mapping[str, str]) -> None:
        """Give a connection other credentials, tried first."""
        async with self._pool.connection() as db:
            one = await connections.connection(db, connection_id)
            await connect.change(db, self._house.home, one, given)
            await changed(db, viewer, connection_id, "credentials")

    async def tables(self, viewer: Viewer, connection_id: int) -> TablesPage:
        """A connection's tables beside those of the venue's other systems."""
        async with self._pool.connection() as db:
            await connections.connection(db, connection_id)
            found = await tables.pairings(db, connection_id)
            left = await tables.days_left(db, [one.venue_id for one in found])
        return TablesPage(pairings=found, waiting=left, total=max(left, tables.FORMED_BACK))

    async def pair(
        self, viewer: Viewer, connection_id: int, venue_id: int, chosen: Mapping[str, str | None], left: Sequence[str]
    ) -> None:
        """Pair tables by key, None for none of them; what is `left` nobody has decided."""
        async with self._pool.connection() as db:
            for key in left:
                await tables.unpair(db, connection_id, venue_id, key)
            await tables.pair(db, connection_id, venue_id, chosen)
            await changed(db, viewer, connection_id, "tables")

    async def choose_rhythm(self, viewer: Viewer, connection_id: int, rhythm: Rhythm) -> None:
        """Choose when things cross."""
        async with self._pool.connection() as db:
            await pace.keep_rhythm(db, connection_id, rhythm)
            await changed(db, viewer, connection_id, "pace")

    async def gone_through(self, viewer: Viewer, connection_id: int, step: Step) -> None:
        """Note that a step was gone through."""
        async with self._pool.connection() as db:
            await pace.gone_through(db, connection_id, step)

    async def proof(self, viewer: Viewer, connection_id: int) -> Proof:
        """The latest verification, as far as it is; the looks at the guests it shows are written down."""
        async with self._pool.connection() as db:
            found = await proof.newest(db, connection_id)
            shown = sorted({one.guest_id for step in found.steps for one in step.guests} if found else ())
            rows = await guest_rows(db, viewer, shown)
            await looked(db, viewer, list(rows), "list")
            now = await (await db.execute("select now() as now")).fetchone()
        assert now is not None
        return Proof(verification=found, names={one: row.name or "" for one, row in rows.items()}, now=now["now"])

    async def verify(self, viewer: Viewer, connection_id: int, write: bool) -> None:
        """Begin a verification."""
        async with self._pool.connection() as db:
            await connections.connection(db, connection_id)
            await proof.ask(db, connection_id, write=write, wait=WAIT)
            await changed(db, viewer, connection_id, "verified")

    async def stop_waiting(self, viewer: Viewer, connection_id: int) -> None:
        """Go on without what a person was asked to do."""
        async with self._pool.connection() as db:
            await proof.stop_waiting(db, connection_id)


def _title(connector: str) -> str:
    return registry.manifest(connector).title


def _choice(chosen: VenueChosen) -> connect.VenueChoice:
    if chosen.venue_id is not None:
        return chosen.venue_id
    if not chosen.time_zone:
        raise Invalid("Say in which time zone it is.", field="time_zone", mend="For example Europe/Copenhagen.")
    if not chosen.currency:
        raise Invalid("Say in which currency it sells.", field="currency", mend="For example DKK or EUR.")
    return Venue(name=chosen.name, time_zone=chosen.time_zone, currency=chosen.currency)


def _kept(one: Connection) -> frozenset[str]:
    """The secrets that are there; which of them, only the vault could say, and for a form that is near enough."""
    secret = (setting.name for setting in registry.manifest(one.connector).settings if setting.secret)
    return frozenset(secret) if one.sealed is not None else frozenset()
