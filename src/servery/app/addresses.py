"""The addresses at which webhooks arrive: what each asks for as proof, and whose the events are that come there.

A process holds them in memory and is told by the database when something of them changes.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from msgspec import Struct, structs
from psycopg import sql

from servery.app.credentials import all_settings, application
from servery.connectors import registry
from servery.connectors.contract import Manifest, Webhook
from servery.errors import NotFound, Refuse
from servery.inbox.verify import secrets_in
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections

log = logging.getLogger(__name__)

CHANNEL = "servery_hooks"
"""The PostgreSQL channel on which the database says that a connection or an application changed."""
PATH = "/hooks/"
_APPLICATIONS = "apps/"
_ALWAYS_KEPT = frozenset({"content-type", "user-agent"})
_HELD = 5.0
"""Seconds for which an address is held at most: should a notification be lost, no longer."""
_MOST_HELD = 10_000
_AGAIN_AFTER = 2.0


class Gone(Refuse):
    """There was such an address, and its connection was removed."""

    default_code = "gone"


class Address(Struct, frozen=True, kw_only=True):
    """One address, as far as it must be known to answer. `merchants`: an application's merchants and whose they are."""

    url: str
    connector: str
    webhook: Webhook
    id_fields: frozenset[str]
    kept_headers: tuple[str, ...]
    secrets: Sequence[str]
    connection_id: int | None = None
    merchants: Mapping[str, Sequence[int]] = {}

    def __repr__(self) -> str:
        return f"Address({self.url})"


class Addresses:
    """All addresses of this installation, each read when it is first asked for."""

    def __init__(self, pool: Pool, home: Path, public_url: str) -> None:
        self._pool = pool
        self._home = home
        self._public_url = public_url
        self._held: dict[str, tuple[float, Address | Refuse]] = {}
        self._changes = 0

    async def at(self, path: str, newer_than: float = 0.0) -> Address:
        """The address behind /hooks/. `newer_than` (monotonic seconds) asks for a fresher one than is held.

        NotFound, Gone; NeedsPerson where its secrets cannot be opened.
        """
        read_at, found = self._held.get(path, (0.0, None))
        if found is None or read_at <= max(newer_than, time.monotonic() - _HELD):
            found = await self._fresh(path)
        if isinstance(found, Refuse):
            raise found.with_traceback(None)
        return found

    async def _fresh(self, path: str) -> Address | Refuse:
        changes, read_at = self._changes, time.monotonic()
        found: Address | Refuse
        try:
            async with self._pool.connection() as db:
                found = await self._read(db, path)
        except Refuse as refused:
            found = refused
        if changes == self._changes:
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
            self._held[path] = read_at, found
        return found

    def forget(self) -> None:
        """Read each anew when it is next asked for."""
        self._changes += 1
        self._held.clear()

    async def _read(self, db: Db, path: str) -> Address:
        if path.startswith(_APPLICATIONS):
            return await self._of_application(db, path)
        return await self._of_connection(db, path)

    async def _of_connection(self, db: Db, path: str) -> Address:
        connection_id = _number(path)
        try:
            one = await connections.connection(db, connection_id)
        except NotFound:
            cursor = await db.execute("select from connection where id = %s", [connection_id])
            if await cursor.fetchone() is not None:
                raise Gone("This connection was removed.") from None
            raise _nothing_here() from None
        found = self._address(_manifest(one.connector), all_settings(self._home, one), path)
        return structs.replace(found, connection_id=one.id)

    async def _of_application(self, db: Db, path: str) -> Address:
        manifest = _manifest(path.removeprefix(_APPLICATIONS))
        settings = await application(db, self._home, manifest.name)
        found = self._address(manifest, settings, path)
        if found.webhook.merchant_path is None:
            raise _nothing_here()
        return structs.replace(found, merchants=await merchants_of(db, manifest))

    def _address(self, manifest: Manifest, settings: Mapping[str, str], path: str) -> Address:
        webhook = manifest.webhook
        secrets = secrets_in(settings.get(webhook.secret, "")) if webhook else []
        if webhook is None or not secrets:
            raise _nothing_here()
        return Address(
            url=f"{self._public_url}{PATH}{path}",
            connector=manifest.name,
            webhook=webhook,
            id_fields=frozenset(manifest.id_fields),
            kept_headers=_kept_headers(webhook),
            secrets=secrets,
        )


def _kept_headers(webhook: Webhook) -> tuple[str, ...]:
    named = {webhook.id_header, webhook.kind_header, webhook.timestamp_header}
    return tuple(sorted(name for name in _ALWAYS_KEPT | named if name and name != webhook.header))


def _number(path: str) -> int:
    if path.isascii() and path.isdecimal() and len(path) <= 18:
        return int(path)
    raise _nothing_here()


def _manifest(connector: str) -> Manifest:
    if connector not in registry.packages():
        raise _nothing_here()
    return registry.manifest(connector)


def _nothing_here() -> NotFound:
    return NotFound("No webhook is expected here.")


async def merchants_of(db: Db, manifest: Manifest) -> dict[str, list[int]]:
    """Whose events a vendor's application sends: connections by the merchant that the events name."""
    by_location = manifest.webhook is not None and manifest.webhook.merchant_of == "location"
    cursor = await db.execute(
        "select distinct link.location as merchant, c.id from connection c "
        "join venue_link link on link.connection_id = c.id "
        "where c.connector = %s and c.removed_at is null order by c.id"
        if by_location
        else "select account ->> 'external_id' as merchant, id from connection "
        "where connector = %s and removed_at is null and account ->> 'external_id' is not null order by id",
        [manifest.name],
    )
    found: dict[str, list[int]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["merchant"], []).append(row["id"])
    return found


async def listen(addresses: Addresses, dsn: str) -> None:
    """Forget what is held whenever the database says that it changed, until cancelled."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
                # Nobody knows what went by while nobody listened.
                addresses.forget()
                async for _ in connection.notifies():
                    addresses.forget()
        except psycopg.OperationalError as lost:
            log.warning("Changes of connections are noticed later: %s.", type(lost).__name__)
        await asyncio.sleep(_AGAIN_AFTER)
