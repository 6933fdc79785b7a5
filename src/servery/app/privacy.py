"""What pages and API ask of privacy: each deed in one transaction, written into the audit."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import structs

from servery.accounts.audit import acted, looked
from servery.app.erasing import erase_guest
from servery.connectors import registry
from servery.errors import Forbidden
from servery.guests.hygiene.emails import fault
from servery.model.guest import SourceGuest
from servery.model.viewer import Viewer
from servery.privacy import consent, receipts
from servery.privacy import controller as answering
from servery.privacy import register as registering
from servery.privacy import requests as asked
from servery.privacy import retention as kept
from servery.privacy.before import Before, before
from servery.privacy.controller import Controller, Written
from servery.privacy.erase import Erased
from servery.privacy.export import Export, export
from servery.privacy.keyed import open_key
from servery.privacy.returning import let_in_who_asks
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.venues.rows import venues


class RoomPrivacy:
    """The room's answers, for whose role handles privacy."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool, self._settings = pool, settings

    async def requests(self, viewer: Viewer, *, closed: bool = False) -> list[asked.Request]:
        """The open requests, or those that are closed."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await asked.requests(db, closed=closed)

    async def open_request(
        self, viewer: Viewer, kind: asked.Kind, received_on: date | None, guest_id: int | None, asked_by: str | None
    ) -> asked.Request:
        """Start the clock of a request; without a day it was received today."""
        _demand(viewer)
        async with self._pool.connection() as db:
            today = await _today(db)
            made = await asked.open_request(
                db, viewer, kind, received_on or today, guest_id=guest_id, asked_by=asked_by or None, today=today
            )
            await acted(db, viewer, "request-opened", f"request:{made.id}", {"kind": kind})
        return made

    async def extend_request(self, viewer: Viewer, request_id: int, reason: str) -> asked.Request:
        """Take two months more for a request."""
        _demand(viewer)
        async with self._pool.connection() as db:
            made = await asked.extend(db, request_id, reason, await _today(db))
            await acted(db, viewer, "request-extended", f"request:{request_id}")
        return made

    async def close_request(self, viewer: Viewer, request_id: int, outcome: asked.Outcome) -> asked.Request:
        """Stop the clock of a request."""
        _demand(viewer)
        async with self._pool.connection() as db:
            made = await asked.close(db, request_id, outcome)
            await acted(db, viewer, "request-closed", f"request:{request_id}", {"outcome": outcome})
        return made

    async def reopen_request(self, viewer: Viewer, request_id: int) -> asked.Request:
        """Let the clock of a closed request run on."""
        _demand(viewer)
        async with self._pool.connection() as db:
            made = await asked.reopen(db, request_id)
            await acted(db, viewer, "request-reopened", f"request:{request_id}")
        return made

    async def before(self, viewer: Viewer, guest_id: int) -> Before:
        """Who would be erased; the look is written down."""
        _demand(viewer)
        async with self._pool.connection() as db:
            found = await before(db, guest_id)
            await looked(db, viewer, [found.guest_id], "page")
            return found

    async def erase(self, viewer: Viewer, guest_id: int, seen: str | None = None) -> Erased:
        """Erase a guest, as they were seen."""
        _demand(viewer)
        return await erase_guest(self._pool, self._settings.home, viewer, guest_id, seen=seen)

    async def erasures(self, viewer: Viewer, erasure_id: int | None = None) -> list[receipts.Erasure]:
        """The latest erasures with their receipts, or one."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await receipts.erasures(db, erasure_id=erasure_id)

    async def receipt_done(self, viewer: Viewer, receipt_id: int) -> None:
        """A person erased a guest in a system by hand."""
        _demand(viewer)
        async with self._pool.connection() as db:
            await receipts.done(db, receipt_id, "by_hand")
            await acted(db, viewer, "receipt-done", f"receipt:{receipt_id}")

    async def export(self, viewer: Viewer, guest_id: int) -> Export:
        """Everything about a guest; the look is written down."""
        _demand(viewer)
        async with self._pool.connection() as db:
            await looked(db, viewer, [guest_id], "export")
            return await export(db, guest_id)

    async def consents(self, viewer: Viewer, guest_id: int) -> consent.Ledger:
        """What a guest agreed to, line by line."""
        _demand(viewer)
        async with self._pool.connection() as db:
            ledger = await consent.opened(db, guest_id)
            await looked(db, viewer, [ledger.guest_id], "api" if viewer.kind == "key" else "page")
            return ledger

    async def note_consent(self, viewer: Viewer, guest_id: int, said: consent.Said) -> consent.Line:
        """Write down what a guest said."""
        _demand(viewer)
        async with self._pool.connection() as db:
            line = await consent.write(db, viewer, guest_id, said)
            await acted(db, viewer, "consent-noted", f"guest:{guest_id}", {"line": line.id})
        return line

    async def let_in(self, viewer: Viewer, person: SourceGuest) -> int:
        """Let somebody in again who was erased, and asks for it; the number of this line."""
        _demand(viewer)
        key = open_key(self._settings.home)
        async with self._pool.connection() as db:
            line = await let_in_who_asks(db, key, viewer, person)
            await acted(db, viewer, "guest-let-in", f"let-in:{line}", {"reason": "asked"})
        return line

    async def retention(self, viewer: Viewer) -> list[tuple[kept.Rule, int]]:
        """The rules, each with how many it would touch now as it is, or as suggested."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return [(one, await _preview(db, one)) for one in await kept.rules(db)]

    async def would_go(self, viewer: Viewer, kind: kept.Kind, months: int) -> kept.Preview:
        """What a rule would touch now, and the first of it."""
        _demand(viewer)
        async with self._pool.connection() as db:
            found = await kept.look(db, kind, months)
            if kind == "guests":
                await looked(db, viewer, [one.id for one in found.first], "list")
            return found

    async def retention_runs(self, viewer: Viewer) -> list[kept.Run]:
        """What the rules did."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await kept.runs(db)

    async def keep(self, viewer: Viewer, kind: kept.Kind, months: int | None) -> None:
        """Choose how long a kind of data is kept."""
        _demand(viewer)
        async with self._pool.connection() as db:
            await kept.choose(db, kind, months)
            await acted(db, viewer, "retention-chosen", f"retention:{kind}", {"months": months})

    async def controller(self, viewer: Viewer) -> Written:
        """Who answers for guests' data."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await answering.written(db)

    async def write_controller(self, viewer: Viewer, change: Callable[[Written], Controller]) -> Written:
        """Write down who does; nothing is written where that is what stands there."""
        _demand(viewer)
        async with self._pool.connection() as db:
            before = await answering.written(db, keep=True)
            wanted = answering.checked(change(before), _is_email)
            if wanted == before.controller:
                return before
            after = await answering.write(db, wanted)
            await acted(db, viewer, "controller-written", "controller:1", _changed(before, after))
        return after

    async def take_back_controller(self, viewer: Viewer, revision: int) -> Written:
        """Undo the last change."""
        _demand(viewer)
        async with self._pool.connection() as db:
            before = await answering.written(db, keep=True)
            after = await answering.take_back(db, revision)
            await acted(db, viewer, "controller-taken-back", "controller:1", _changed(before, after))
        return after

    async def register(self, viewer: Viewer) -> registering.Register:
        """The register of processing."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await registering.register(db, {one.name: one for one in registry.manifests()})


async def _preview(db: Db, rule: kept.Rule) -> int:
    return await kept.preview(db, rule.kind, rule.months or rule.suggested)


async def _today(db: Db) -> date:
    """The day that has begun at any of the venues: there a request may have come today."""
    zones = {one.venue.time_zone for one in await venues(db)} or {"UTC"}
    return max(datetime.now(ZoneInfo(zone)).date() for zone in zones)


def _is_email(text: str) -> bool:
    return fault(text) not in ("email_malformed", "email_is_phone")


def _changed(before: Written, after: Written) -> dict[str, object]:
    """Which fields are otherwise. What stands in them may be about a person, and the audit is for ever."""
    were, are = (structs.asdict(one.controller) if one.controller else {} for one in (before, after))
    return {"fields": [name for name in Controller.__struct_fields__ if were.get(name) != are.get(name)]}


def _demand(viewer: Viewer) -> None:
    if not viewer.may("handle_privacy"):
        raise Forbidden("The role {role} does not include this.", role=viewer.role)
