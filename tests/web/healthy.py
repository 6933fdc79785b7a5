"""How the invented restaurant's systems are: what waits to be mended, and a month looked back on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from servery.connectors import registry
from servery.errors import NeedsPerson, NotFound
from servery.health.alerts import Least, Receiver, receiver_kind
from servery.health.hours import Hour
from servery.health.kinds import KINDS
from servery.health.repairs import Repair
from servery.health.review import Checks, Completeness, Review, Syncing
from servery.model.viewer import Viewer
from servery.sync.compare import Reconciliation
from servery.sync.pace import Rhythm
from servery.web.connections.health import Alarm, ConnectionPage, HealthSources, RepairRow
from servery.web.connections.page import ConnectionRow
from tests.web import joined


class InventedHouse(HealthSources):
    """Repairs of every kind, until somebody puts one off; alarms only where `away`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.away = False
        self.empty = False
        self.quiet: set[int] = set()
        self.looked: list[int] = []
        self.told: list[Receiver] = [receiver(1, "rosa@example.com", now)]

    async def alarms(self, viewer: Viewer) -> Sequence[Alarm]:
        if not self.away:
            return ()
        since = self.now - timedelta(minutes=26)
        return [Alarm(id=1, name="Torvet till", kind="pos", since=since, needs_person=False, waiting=212)]

    async def repairs(self, viewer: Viewer) -> Sequence[RepairRow]:
        return [] if self.empty else [RepairRow(one, one.id in self.quiet) for one in repairs(self.now)]

    async def connection(self, viewer: Viewer, connection_id: int) -> ConnectionPage:
        row = next((one for one in joined.health(self.now).connections if one.id == connection_id), None)
        if row is None:
            raise NotFound("There is no connection {id}.", id=connection_id)
        self.looked.append(connection_id)
        found = [one for one in await self.repairs(viewer) if one.repair.connection_id == connection_id]
        return ConnectionPage(
            row=row,
            hours=hours(self.now, broken=connection_id == 3),
            repairs=found,
            capabilities=registry.manifest(row.connector).capabilities,
            compared=compared(self.now, row) if row.polled else [],
            settings={},
            rhythm=Rhythm(),
            now=self.now,
        )

    async def put_off(self, viewer: Viewer, repair_id: int, hours: float | None) -> None:
        if repair_id not in {one.id for one in repairs(self.now)}:
            raise NotFound("There is no open repair {id}.", id=repair_id)
        self.quiet.add(repair_id)

    async def heed(self, viewer: Viewer, repair_id: int) -> None:
        self.quiet.discard(repair_id)

    async def review(self, viewer: Viewer, month: date | None) -> Review:
        return review(month or date(2025, 10, 1), self.now)

    async def receivers(self, viewer: Viewer) -> Sequence[Receiver]:
        return self.told

    async def add_receiver(self, viewer: Viewer, address: str, least: Least, digest: bool, language: str) -> str | None:
        kind = receiver_kind(address)
        self.told.append(msgspec.structs.replace(receiver(len(self.told) + 1, address, self.now), least=least))
        return "whsec_c2VjcmV0IG9ubHkgZm9yIHRoZSBwcmV2aWV3" if kind == "webhook" else None

    async def change_receiver(self, viewer: Viewer, receiver_id: int, least: Least, digest: bool) -> None:
        replace = msgspec.structs.replace
        self.told = [replace(one, least=least, digest=digest) if one.id == receiver_id else one for one in self.told]

    async def remove_receiver(self, viewer: Viewer, receiver_id: int) -> None:
        self.told = [one for one in self.told if one.id != receiver_id]

    async def test_receiver(self, viewer: Viewer, receiver_id: int) -> None:
        if receiver_id > 1:
            raise NeedsPerson("No mail server is set.", mend="Set SERVERY_SMTP_URL.")


def receiver(number: int, address: str, now: datetime) -> Receiver:
    return Receiver(
        id=number,
        kind=receiver_kind(address),
        address=address,
        sealed=None,
        least="critical",
        digest=False,
        language="en",
        created_at=now,
        error=None,
    )


def repairs(now: datetime) -> list[Repair]:
    """One of each severity."""
    till = {"connection": "Torvet till", "connector": "square", "connection_id": 3}
    refused = {
        "template": "Square does not accept the access token.",
        "params": {},
        "mend": "Make a new one in the Square dashboard and enter it again.",
        "field": "access_token",
    }
    odd = {"template": "This record says what no field of ours can hold ({why}).", "params": {"why": "DataError"}}
    return [
        _repair(1, "needs_person", now - timedelta(hours=9), 3, {**till, "waiting": 212}, refused),
        _repair(2, "quarantine", now - timedelta(hours=2), 2,
                {**till, "connection": "Till at the harbour", "connection_id": 2, "count": 3, "code": "odd"}, odd),
        _repair(3, "disk_low", now - timedelta(days=1), None, {"free": "1.8 GB", "size": "20.0 GB"}, None),
        _repair(4, "backup_never", now - timedelta(days=8), None, {}, None),
    ]  # fmt: skip


def _repair(
    number: int, kind: str, since: datetime, connection: int | None, params: Mapping[str, Any],
    trouble: Mapping[str, Any] | None,
) -> Repair:  # fmt: skip
    return Repair(
        id=number,
        cause=f"{kind}:{number}",
        kind=kind,
        severity=KINDS[kind].severity,
        connection_id=connection,
        params=dict(params),
        trouble=dict(trouble) if trouble else None,
        since=since,
        opened_at=since,
        closed_at=None,
        snoozed_until=None,
        ignored_at=None,
    )


def hours(now: datetime, broken: bool) -> list[Hour]:
    """A day: quiet at night, and broken from a while ago."""
    top = now.replace(minute=0, second=0, microsecond=0)
    return [
        Hour(
            hour=top - timedelta(hours=23 - number),
            received=0 if broken and number > 14 else (number * 37) % 190,
            applied=0,
            quarantined=2 if number == 9 else 0,
            sent=0,
            failed=0,
            watched_seconds=0 if number < 3 else 3600,
            down_seconds=3600 if broken and number > 14 else 0,
        )
        for number in range(24)
    ]


def review(month: date, now: datetime) -> Review:
    """A month in which one system was forgotten."""

    def row(number: int, name: str, up: float | None, looked: datetime | None) -> Syncing:
        return Syncing(
            id=number,
            name=name,
            connector="square",
            received=48_211 // number,
            applied=48_100 // number,
            quarantined=3 if number == 2 else 0,
            sent=6_020 // number,
            failed=41,
            up_share=up,
            outages=number - 1,
            looked_at=looked,
            looked_after=looked is not None,
        )

    return Review(
        month=month,
        months=[date(2025, 11, 1), date(2025, 10, 1), date(2025, 9, 1)],
        syncing=[
            row(1, "resOS", 0.999, now),
            row(2, "Till at the harbour", 0.97, None),
            row(3, "Old book", None, None),
        ],
        completeness=Completeness(guests=1840, contact=1702, visit=1611, spend=1402, complete=1366),
        checks=Checks(checks=2904, matched=2203, walk_ins=687, ambiguous=14, differing=5),
    )


def compared(now: datetime, row: ConnectionRow) -> list[Reconciliation]:
    """Two days, of which one was short of three records before it was compared."""
    return [
        Reconciliation(
            connection_id=row.id,
            venue_id=1,
            venue=row.venues[0] if row.venues else "Torvet 4",
            currency="EUR",
            resource="orders",
            business_date=now.date() - timedelta(days=back),
            at=now,
            theirs=47,
            their_total=412_350,
            ours=47 - short,
            our_total=412_350 - 9_000 * short,
            missing=short,
            stale=0,
            removed=0,
            mended=short,
        )
        for back, short in ((1, 3), (2, 0))
    ]
