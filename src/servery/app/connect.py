"""Joining an outside system: prove the credentials first, then keep them sealed and link its locations to venues."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
from msgspec import Struct

from servery.accounts.vault import open_vault, seal, unseal
from servery.connectors import registry
from servery.connectors.contract import Account, Location, Manifest, Session
from servery.errors import Invalid, NeedsPerson, NotFound, Refuse
from servery.model.venue import Venue
from servery.storage.pool import Connection as Db
from servery.sync import connections
from servery.sync.connections import Connection
from servery.venues.rows import KeptVenue, add_venue, venue_named

HISTORY_DAYS = "history_days"
"""The setting, of every connection, that says how many days of the past are read; without it DEFAULT_HISTORY."""
DEFAULT_HISTORY = 730

_TIMEOUT = httpx.Timeout(30, connect=10)


class Connected(Struct, frozen=True):
    """A new connection, with the venues its locations were linked to."""

    id: int
    name: str
    account: Account
    venues: list[KeptVenue]


def entered(manifest: Manifest, given: Mapping[str, str]) -> dict[str, str]:
    """The settings as entered, defaults filled in. Invalid names one that is unknown, NeedsPerson one that lacks."""
    known = {setting.name: setting for setting in manifest.settings}
    for name in given:
        if name not in known and name != HISTORY_DAYS:
            raise Invalid(
                "{connector} has no setting {name}. It has: {known}.",
                field=name,
                connector=manifest.title,
                name=name,
                known=", ".join(known),
            )
    filled = {name: setting.default for name, setting in known.items() if setting.default is not None}
    values = {**filled, **{name: value.strip() for name, value in given.items() if value.strip()}}
    for name, setting in known.items():
        if setting.required and name not in values:
            raise NeedsPerson("{label} is missing.", field=name, label=setting.label, mend=setting.help or None)
    return values


@asynccontextmanager
async def session(settings: Mapping[str, str]) -> AsyncIterator[Session]:
    """A connector's session, with an HTTP client of its own that closes with it."""
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as http:
        yield Session(settings, http)


async def check(connector_name: str, given: Mapping[str, str]) -> Account:
    """Try settings without keeping them; errors name the setting at fault."""
    refuse_files(connector_name)
    connector = registry.connector(connector_name)
    async with session(entered(connector.manifest, given)) as opened:
        return await connector.check(opened)


def refuse_files(connector_name: str) -> None:
    """Refuse what only makes sense for a system that can be asked. NotFound when there is no such connector."""
    manifest = registry.manifest(connector_name)
    if not manifest.resources:
        raise Refuse(
            "{title} cannot be asked for anything: files come in when somebody imports them.",
            title=manifest.title,
            mend="Import one with: servery import csv FILE --kind orders",
        )


async def connect(
    db: Db, home: Path, connector_name: str, given: Mapping[str, str], *, name: str | None, venue_name: str | None
) -> Connected:
    """Join a system whose settings work, in the caller's transaction.

    One that was removed is taken up again. Its locations become venues: the one named, one of the same name, or a new
    one where the system itself tells time zone and currency. Raises what `check` raises, Invalid where a location is
    read already, and NeedsPerson where it must be told which venue a location is.
    """
    manifest = registry.manifest(connector_name)
    settings = entered(manifest, given)
    account = await check(connector_name, given)
    secret = {one.name for one in manifest.settings if one.secret}
    shown = {key: value for key, value in settings.items() if key not in secret}
    chosen = name or manifest.title
    opened, locations = msgspec.to_builtins(account), [one.external_id for one in account.locations]
    before = await connections.former(db, connector_name, locations)
    if before is None:
        connection_id = await connections.add_connection(db, chosen, connector_name, shown, opened)
    else:
        connection_id = await connections.bring_back(db, before, chosen, shown, opened)
    await connections.refuse_twice(db, connection_id, locations)
    hidden = msgspec.json.encode({key: value for key, value in settings.items() if key in secret})
    key = open_vault(home, in_use=await connections.any_secrets(db))
    await connections.keep_secrets(db, connection_id, seal(key, hidden, _purpose(connection_id)))
    venues = [await _venue_of(db, location, account, venue_name) for location in account.locations]
    for location, kept in zip(account.locations, venues, strict=True):
        await connections.link_location(db, connection_id, location.external_id, kept.id)
    return Connected(connection_id, chosen, account, venues)


def _purpose(connection_id: int) -> str:
    return f"connection:{connection_id}"


def all_settings(home: Path, connection: Connection) -> dict[str, str]:
    """A connection's settings with its secrets opened. NeedsPerson when the key is lost or another."""
    if connection.sealed is None:
        return connection.settings
    opened = unseal(open_vault(home, in_use=True), connection.sealed, _purpose(connection.id))
    return connection.settings | msgspec.json.decode(opened, type=dict[str, str])


async def _venue_of(db: Db, location: Location, account: Account, venue_name: str | None) -> KeptVenue:
    if venue_name is not None and len(account.locations) == 1:
        return await venue_named(db, venue_name)
    try:
        return await venue_named(db, location.name)
    except NotFound:
        if location.time_zone is None or location.currency is None:
            raise NeedsPerson(
                "{system} does not tell the time zone and the currency of {location}.",
                field="venue",
                system=account.name,
                location=location.name,
                mend="Add the venue first (servery venues add), then connect with --venue NAME.",
            ) from None
    venue = Venue(name=location.name, time_zone=location.time_zone, currency=location.currency)
    return KeptVenue(await add_venue(db, venue), venue)
