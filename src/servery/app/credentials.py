"""What was entered to sign in somewhere: secrets sealed, the rest as it is. Of connections, and of applications.

An application is what a vendor gives the makers of an integration: its id and secret are the same for all connections
to that vendor.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
from psycopg.types.json import Jsonb

from servery.accounts.vault import Key, open_vault, seal, unseal
from servery.connectors import registry
from servery.connectors.contract import Manifest, Setting
from servery.errors import Invalid, NeedsPerson
from servery.storage.pool import Connection as Db
from servery.sync import connections
from servery.sync.connections import Connection

HISTORY_DAYS = "history_days"
"""The setting, of every connection, that says how many days of the past are read."""

_CLIENT = (
    Setting(name="client_id", label="Application id"),
    Setting(name="client_secret", label="Application secret", secret=True),
)


def entered(manifest: Manifest, given: Mapping[str, str], later: Collection[str] = ()) -> dict[str, str]:
    """The settings as entered, defaults filled in. Invalid names one that is unknown, NeedsPerson one that lacks.

    `later` are needed too, and come by another way.
    """
    known = {setting.name: setting for setting in manifest.settings}
    for name in given:
        if name not in known and name not in (HISTORY_DAYS, *given_by_vendor(manifest)):
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
        if setting.required and name not in values and name not in later:
            raise NeedsPerson("{label} is missing.", field=name, label=setting.label, mend=setting.help or None)
    return values


def given_by_vendor(manifest: Manifest) -> tuple[str, ...]:
    """The settings that an authorisation fills: the access token, the one to refresh it with, and when it ends."""
    grant = manifest.oauth2
    return (grant.token, grant.refresh, grant.expires) if grant else ()


def split(manifest: Manifest, settings: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Settings apart: those that anybody may see, and those to be sealed."""
    secret = {one.name for one in manifest.settings if one.secret} | set(given_by_vendor(manifest))
    shown = {key: value for key, value in settings.items() if key not in secret}
    return shown, {key: value for key, value in settings.items() if key in secret}


async def vault(db: Db, home: Path) -> Key:
    """The key that seals; made at the first use, and missed where anything is sealed already."""
    cursor = await db.execute(
        "select exists (select from connection where sealed is not null) or "
        "exists (select from application where sealed is not null) as found"
    )
    row = await cursor.fetchone()
    return open_vault(home, in_use=bool(row and row["found"]))


async def keep(db: Db, home: Path, manifest: Manifest, connection_id: int, settings: Mapping[str, str]) -> None:
    """Make these a connection's settings."""
    shown, hidden = split(manifest, settings)
    sealed = seal(await vault(db, home), msgspec.json.encode(hidden), f"connection:{connection_id}")
    await connections.keep_settings(db, connection_id, shown, sealed)


def all_settings(home: Path, connection: Connection) -> dict[str, str]:
    """A connection's settings with its secrets opened. NeedsPerson when the key is lost or another."""
    if connection.sealed is None:
        return connection.settings
    opened = unseal(open_vault(home, in_use=True), connection.sealed, f"connection:{connection.id}")
    return connection.settings | msgspec.json.decode(opened, type=dict[str, str])


async def sealed_text(db: Db, home: Path, settings: Mapping[str, str], for_: str) -> bytes:
    """Settings sealed as a whole, for something that is not a connection yet."""
    return seal(await vault(db, home), msgspec.json.encode(dict(settings)), for_)


def opened_text(home: Path, sealed: bytes, for_: str) -> dict[str, str]:
    """What `sealed_text` sealed."""
    return msgspec.json.decode(unseal(open_vault(home, in_use=True), sealed, for_), type=dict[str, str])


def application_asks(manifest: Manifest) -> tuple[Setting, ...]:
    """What is to be entered of a vendor's application; nothing where the vendor knows no applications."""
    return manifest.application or (_CLIENT if manifest.oauth2 else ())


async def application(db: Db, home: Path, connector: str) -> dict[str, str]:
    """What was entered of a vendor's application, secrets opened; empty where nothing was."""
    cursor = await db.execute("select settings, sealed from application where connector = %s", [connector])
    row = await cursor.fetchone()
    if row is None:
        return {}
    hidden = opened_text(home, row["sealed"], f"application:{connector}") if row["sealed"] else {}
    return {**row["settings"], **hidden}


async def set_application(db: Db, home: Path, connector: str, given: Mapping[str, str]) -> None:
    """Enter or change a vendor's application; what is not given stays. Invalid and NeedsPerson name the setting."""
    asks = {one.name: one for one in application_asks(registry.manifest(connector))}
    unknown = next((name for name in given if name not in asks), None)
    if unknown or not asks:
        raise Invalid(
            "An application at {title} has no setting {name}. It has: {known}.",
            field=unknown,
            title=registry.manifest(connector).title,
            name=unknown or "-",
            known=", ".join(asks) or "-",
        )
    values = await application(db, home, connector)
    values |= {name: value.strip() for name, value in given.items() if value.strip()}
    for name, one in asks.items():
        if one.required and name not in values:
            raise NeedsPerson("{label} is missing.", field=name, label=one.label, mend=one.help or None)
    hidden = {name: value for name, value in values.items() if asks[name].secret}
    shown = {name: value for name, value in values.items() if name not in hidden}
    sealed = await sealed_text(db, home, hidden, f"application:{connector}")
    await db.execute(
        "insert into application (connector, settings, sealed) values (%s, %s, %s) on conflict (connector) "
        "do update set settings = excluded.settings, sealed = excluded.sealed, updated_at = now()",
        [connector, Jsonb(shown), sealed],
    )
