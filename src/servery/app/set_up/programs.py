"""What the API's routes of joining systems are given, over the rooms."""

from collections.abc import Mapping

from msgspec import UNSET, structs

from servery.accounts.audit import acted
from servery.api.joining import (
    ConnectionChange,
    FoundLocation,
    JoinedConnection,
    Joining,
    NewConnection,
    Opened,
)
from servery.api.unchanged import demand_unchanged
from servery.app import connect
from servery.app.arrive import tell_pages
from servery.connectors.contract import Location
from servery.errors import NeedsPerson
from servery.model.viewer import Viewer
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.pace import gone_through, keep_rhythm, read_times, set_up_state


class RoomJoining(Joining):
    """Joining systems, for programs."""

    def __init__(self, pool: Pool, house: Settings) -> None:
        self._pool = pool
        self._house = house

    async def test(self, connector: str, settings: Mapping[str, str]) -> Opened:
        """Try settings and keep nothing."""
        account = await connect.check(connector, settings)
        async with self._pool.connection() as db:
            found = [await _found(db, one) for one in account.locations]
        return Opened(account=account.name, locations=tuple(found))

    async def join(self, viewer: Viewer, new: NewConnection) -> JoinedConnection:
        """Make a connection whose settings work."""
        account = await connect.check(new.connector, new.settings)
        async with self._pool.connection() as db:
            choices = {one.external_id: await _choice(db, one, new.venues) for one in account.locations}
            made = await connect.join(
                db, self._house.home, new.connector, new.settings, account, name=new.name, choices=choices
            )
            await acted(db, viewer, "connected", f"connection:{made.id}", {"connector": new.connector})
            await tell_pages(db, ["connections"])
        return JoinedConnection(id=made.id, name=made.name, venue_ids=tuple(sorted({one.id for one in made.venues})))

    async def change(
        self, viewer: Viewer, connection_id: int, wanted: ConnectionChange, if_match: str | None
    ) -> JoinedConnection:
        """Change a connection that is still as `if_match` names it."""
        async with self._pool.connection() as db:
            await demand_unchanged(db, connection_id, if_match)
            one = await connections.connection(db, connection_id)
            if wanted.settings is not UNSET:
                await connect.change(db, self._house.home, one, wanted.settings)
            if wanted.name is not UNSET:
                await connections.rename(db, connection_id, wanted.name)
            if wanted.paused is not UNSET:
                await connections.pause(db, connection_id, wanted.paused)
            await _pace(db, connection_id, wanted)
            await acted(db, viewer, "connection-changed", f"connection:{connection_id}", {"outcome": "changed"})
            await tell_pages(db, ["connections"])
            places = await connections.places(db, connection_id)
            name = (await connections.connection(db, connection_id)).name
        venue_ids = tuple(sorted({place.venue_id for place in places.values()}))
        return JoinedConnection(id=connection_id, name=name, venue_ids=venue_ids)


async def _pace(db: Db, connection_id: int, wanted: ConnectionChange) -> None:
    """Change when things cross, where any of that is given."""
    times = UNSET if wanted.batch_at is UNSET else read_times(",".join(wanted.batch_at))
    given = {"pace": wanted.pace, "batch_at": times, "live_from": wanted.live_from,
             "spare_service": wanted.spare_service}  # fmt: skip
    changes = {field: value for field, value in given.items() if value is not UNSET}
    if changes:
        before = (await set_up_state(db, connection_id)).rhythm
        await keep_rhythm(db, connection_id, structs.replace(before, **changes))
        await gone_through(db, connection_id, "pace")


async def _found(db: Db, one: Location) -> FoundLocation:
    known = await connect.suggested(db, one)
    return FoundLocation(
        external_id=one.external_id,
        name=one.name,
        time_zone=one.time_zone,
        currency=one.currency,
        venue_id=known if isinstance(known, int) else None,
    )


async def _choice(db: Db, one: Location, venues: Mapping[str, int]) -> connect.VenueChoice:
    found = venues.get(one.external_id, await connect.suggested(db, one))
    if found is None:
        raise NeedsPerson(
            "It does not tell the time zone and the currency of {location}.",
            field="venue",
            location=one.name,
            mend="Add the venue first, and say in `venues` which it is.",
        )
    return found
