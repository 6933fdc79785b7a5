"""How the house is, for pages: the room's answers, and what people do about them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import cast

from servery.accounts.audit import acted
from servery.app import shown_connections, watching
from servery.app.arrive import tell_pages
from servery.connectors import registry
from servery.errors import NotFound
from servery.health import alerts, hours, repairs, watch
from servery.health.alerts import Least, Receiver
from servery.health.repairs import Repair
from servery.health.report import report
from servery.health.review import Review, review
from servery.model.viewer import Right, Viewer
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync.compare import reconciliations
from servery.sync.pace import set_up_state
from servery.sync.status import statuses
from servery.web.connections.health import Alarm, ConnectionPage, HealthSources, RepairRow

COMPARED_SHOWN = 7
"""Days whose comparison with the source a connection's page shows."""
_ON_PAGES: tuple[Right, ...] = ("see_notes", "see_connections")
"""Who works on the pages during service has one of these rights."""


class RoomHealth(HealthSources):
    """The answers of the room `health`."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings

    async def alarms(self, viewer: Viewer) -> Sequence[Alarm]:
        """What stops service and nobody put off."""
        if not any(viewer.may(right) for right in _ON_PAGES):
            return ()
        async with self._pool.connection() as db:
            open_ = await repairs.repairs(db)
            found = repairs.loud(open_, await watch.clock(db)) if open_ else []
        return [_alarm(one) for one in found if one.words.stops_service]

    async def repairs(self, viewer: Viewer) -> Sequence[RepairRow]:
        """All that waits to be mended."""
        async with self._pool.connection() as db:
            return await _repairs(db)

    async def connection(self, viewer: Viewer, connection_id: int) -> ConnectionPage:
        """One connection. Raises NotFound."""
        async with self._pool.connection() as db:
            now = await watch.clock(db)
            health = next((one for one in await report(db, now) if one.id == connection_id), None)
            status = next((one for one in await statuses(db) if one.connection.id == connection_id), None)
            if health is None or status is None:
                raise NotFound("There is no connection {id}.", id=connection_id)
            if viewer.may("change_connections"):
                await db.execute("update connection set looked_at = now() where id = %s", [connection_id])
            manifest = registry.manifest(health.connector)
            return ConnectionPage(
                row=shown_connections.connection_row(status, health, manifest),
                hours=await hours.history(db, connection_id, now),
                repairs=await _repairs(db, connection_id),
                capabilities=manifest.capabilities,
                compared=await reconciliations(db, connection_id, COMPARED_SHOWN),
                settings=status.connection.settings,
                rhythm=(await set_up_state(db, connection_id)).rhythm,
                now=now,
            )

    async def put_off(self, viewer: Viewer, repair_id: int, hours: float | None) -> None:
        """Say nothing of a repair for a while. Raises NotFound and Invalid."""
        async with self._pool.connection() as db:
            now = await watch.clock(db)
            if hours is None:
                await repairs.ignore(db, repair_id, now)
            else:
                await repairs.snooze(db, repair_id, now + timedelta(hours=hours), now)
            await acted(db, viewer, "repair-put-off", f"repair:{repair_id}", {"hours": hours})
            await tell_pages(db, ["connections"])

    async def heed(self, viewer: Viewer, repair_id: int) -> None:
        """Take back that a repair was put off. Raises NotFound."""
        async with self._pool.connection() as db:
            await repairs.heed(db, repair_id)
            await acted(db, viewer, "repair-heeded", f"repair:{repair_id}")
            await tell_pages(db, ["connections"])

    async def review(self, viewer: Viewer, month: date | None) -> Review:
        """One month looked back on."""
        async with self._pool.connection() as db:
            return await review(db, month, await watch.clock(db))

    async def receivers(self, viewer: Viewer) -> Sequence[Receiver]:
        """Who is told when something breaks."""
        async with self._pool.connection() as db:
            return await alerts.receivers(db)

    async def add_receiver(self, viewer: Viewer, address: str, least: Least, digest: bool, language: str) -> str | None:
        """Tell somebody. Raises Invalid."""
        async with self._pool.connection() as db:
            receiver_id, secret = await watching.add_receiver(
                db, self._settings.home, address, least=least, digest=digest, language=language
            )
            await acted(db, viewer, "alert-receiver-added", f"alert-receiver:{receiver_id}")
        return secret

    async def change_receiver(self, viewer: Viewer, receiver_id: int, least: Least, digest: bool) -> None:
        """Choose what somebody is told. Raises NotFound."""
        async with self._pool.connection() as db:
            await alerts.change(db, receiver_id, least=least, digest=digest)
            await acted(db, viewer, "alert-receiver-changed", f"alert-receiver:{receiver_id}")

    async def remove_receiver(self, viewer: Viewer, receiver_id: int) -> None:
        """Tell somebody no more. Raises NotFound."""
        async with self._pool.connection() as db:
            await alerts.remove(db, receiver_id)
            await acted(db, viewer, "alert-receiver-removed", f"alert-receiver:{receiver_id}")

    async def test_receiver(self, viewer: Viewer, receiver_id: int) -> None:
        """Send a test now. Raises what went wrong."""
        async with self._pool.connection() as db:
            owed = await alerts.owe_test(db, receiver_id, await watch.clock(db))
        for error in await watching.send_due(self._pool, self._settings, owed):
            raise error


def _alarm(one: Repair) -> Alarm:
    connector = str(one.params.get("connector", ""))
    return Alarm(
        id=one.id,
        name=str(one.params.get("connection", "")),
        kind=registry.manifest(connector).kind if connector in registry.packages() else None,
        since=one.since,
        needs_person=one.words.person,
        waiting=cast(int, one.params.get("waiting", 0)),
    )


async def _repairs(db: Db, connection_id: int | None = None) -> list[RepairRow]:
    now = await watch.clock(db)
    return [RepairRow(one, one.is_quiet(now)) for one in await repairs.repairs(db, connection_id)]
