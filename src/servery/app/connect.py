"""Joining an outside system: prove the credentials first, then keep them sealed and link its locations to venues."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
from msgspec import Struct

from servery.app import credentials
from servery.app.credentials import HISTORY_DAYS, all_settings, entered
from servery.app.strayed import bring_home
from servery.app.tokens import TIMEOUT, using
from servery.connectors import registry
from servery.connectors.contract import Account, Location, Session
from servery.errors import Invalid, NeedsPerson, NotFound, Refuse
from servery.inbox import claim
from servery.model.venue import Venue
from servery.storage.pool import Connection as Db
from servery.sync import connections, pace, state
from servery.sync.connections import Connection
from servery.venues import rows as venues
from servery.venues.rows import KeptVenue, add_venue, venue_named

__all__ = [
    "DEFAULT_HISTORY", "HISTORY_DAYS", "Connected", "VenueChoice", "all_settings", "change", "check", "connect",
    "join", "refuse_files", "session", "suggested", "using",
]  # fmt: skip

DEFAULT_HISTORY = 730
"""Days of the past that are read where the connection has no setting HISTORY_DAYS."""

VenueChoice = int | Venue
"""Which venue a location is: one that there is, by id, or one to be added."""


class Connected(Struct, frozen=True):
    """A new connection, with the venues its locations were linked to."""

    id: int
    name: str
    account: Account
    venues: list[KeptVenue]
    held_back: bool
    """Nothing is written there until somebody says from when on."""


@asynccontextmanager
async def session(settings: Mapping[str, str]) -> AsyncIterator[Session]:
    """A connector's session, with an HTTP client of its own that closes with it."""
    async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as http:
        yield Session(settings, http)


async def check(connector_name: str, given: Mapping[str, str]) -> Account:
    """Try settings without keeping them; errors name the setting at fault."""
    refuse_files(connector_name)
    connector = registry.connector(connector_name)
    async with session(entered(connector.manifest, given)) as opened:
        return await connector.check(opened)


def refuse_files(connector_name: str) -> None:
    """Refuse what only makes sense for a system that is connected. NotFound when there is no such connector."""
    manifest = registry.manifest(connector_name)
    if not manifest.settings:
        raise Refuse(
            "{title} cannot be asked for anything: files come in when somebody imports them.",
            title=manifest.title,
            mend="Import one with: servery import csv FILE --kind orders",
        )


async def connect(
    db: Db, home: Path, connector_name: str, given: Mapping[str, str], *, name: str | None, venue_name: str | None
) -> Connected:
    """Join a system whose settings work, in the caller's transaction.

    Its locations become venues: the one named, one of the same name, or a new one where the system itself tells time
    zone and currency. Raises what `check` and `join` raise, and NeedsPerson where it must be told which venue a
    location is.
    """
    account = await check(connector_name, given)
    choices = {one.external_id: await _choice(db, one, account, venue_name) for one in account.locations}
    return await join(db, home, connector_name, given, account, name=name, choices=choices)


async def join(
    db: Db,
    home: Path,
    connector_name: str,
    given: Mapping[str, str],
    account: Account,
    *,
    name: str | None,
    choices: Mapping[str, VenueChoice],
) -> Connected:
    """Keep a connection whose credentials were proved; one that was removed is taken up again.

    `choices` tells of each location that is to be read which venue it is. Invalid where a location is read already.
    Nothing is written there until its pace is chosen: what staff see in their own system changes when its owner says.
    """
    manifest = registry.manifest(connector_name)
    settings = entered(manifest, given)
    shown, _ = credentials.split(manifest, settings)
    chosen, opened, locations = name or manifest.title, msgspec.to_builtins(account), list(choices)
    if not locations:
        raise Invalid("Choose a venue for at least one location.", field="venue")
    before = await connections.former(db, connector_name, locations)
    if before is None:
        connection_id = await connections.add_connection(db, chosen, connector_name, shown, opened)
    else:
        connection_id = await connections.bring_back(db, before, chosen, shown, opened)
    await connections.refuse_twice(db, connection_id, locations)
    await credentials.keep(db, home, manifest, connection_id, settings)
    linked = [await _venue(db, choice) for choice in choices.values()]
    for location, kept in zip(locations, linked, strict=True):
        await connections.link_location(db, connection_id, location, kept.id)
    await bring_home(db, manifest)
    if manifest.outgoing:
        await pace.hold_back(db, connection_id)
    return Connected(connection_id, chosen, account, linked, bool(manifest.outgoing))


async def change(db: Db, home: Path, connection: Connection, given: Mapping[str, str]) -> Account:
    """Give a connection other credentials or settings, tried first; what is not given stays, and so does all else.

    Raises what `check` raises, and Invalid where they open another account than the one that was read.
    """
    manifest = registry.manifest(connection.connector)
    settings = {**all_settings(home, connection), **{key: value for key, value in given.items() if value.strip()}}
    account = await check(connection.connector, settings)
    linked = await connections.places(db, connection.id)
    missing = set(linked) - {one.external_id for one in account.locations}
    if linked and len(missing) == len(linked):
        raise Invalid(
            "These credentials open {account}, which is another account than the one that is read.",
            field=next((name for name in given if given[name].strip()), None),
            account=account.name,
            mend="Enter the credentials of the same account, or make a new connection for this one.",
        )
    await credentials.keep(db, home, manifest, connection.id, entered(manifest, settings))
    await connections.keep_account(db, connection.id, msgspec.to_builtins(account))
    await state.retry_now(db, connection.id)
    await claim.try_now(db, connection.id)
    return account


async def _venue(db: Db, choice: VenueChoice) -> KeptVenue:
    if isinstance(choice, int):
        return await venues.venue(db, choice)
    return KeptVenue(await add_venue(db, choice), choice)


async def suggested(db: Db, location: Location) -> VenueChoice | None:
    """The venue that a location is by its name, or the new one it would make; None where too little is known."""
    try:
        return (await venue_named(db, location.name)).id
    except NotFound:
        if location.time_zone is None or location.currency is None:
            return None
        return Venue(name=location.name, time_zone=location.time_zone, currency=location.currency)


async def _choice(db: Db, location: Location, account: Account, venue_name: str | None) -> VenueChoice:
    if venue_name is not None and len(account.locations) == 1:
        return (await venue_named(db, venue_name)).id
    found = await suggested(db, location)
    if found is None:
        raise NeedsPerson(
            "{system} does not tell the time zone and the currency of {location}.",
            field="venue",
            system=account.name,
            location=location.name,
            mend="Add the venue first (servery venues add), then connect with --venue NAME.",
        )
    return found
