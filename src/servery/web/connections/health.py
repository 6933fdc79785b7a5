"""What pages show of how the house is, and what they ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from servery.connectors import registry
from servery.connectors.contract import Capability, Kind
from servery.health.alerts import Least, Receiver
from servery.health.hours import Hour
from servery.health.kinds import ENTER_AGAIN, Button
from servery.health.repairs import Repair, said
from servery.health.review import Review
from servery.language.notation import Notation
from servery.language.words import Words, words
from servery.model.viewer import Viewer
from servery.sync.compare import Reconciliation
from servery.sync.pace import NOT_YET, Rhythm, written
from servery.web.connections.page import ConnectionRow


class RepairRow(Struct, frozen=True):
    """One repair, and whether somebody put it off."""

    repair: Repair
    quiet: bool

    def told(self, spoken: Words, notation: Notation) -> tuple[str, str]:
        """What is not well and what mends it, in the reader's language and time."""
        connector = str(self.repair.params.get("connector", ""))
        known = connector in registry.packages()
        errors = words(spoken.language, registry.locale(connector)) if known else spoken
        return said(self.repair, spoken.gettext, errors.gettext, notation.moment, spoken.form)

    @property
    def button(self) -> Button | None:
        """What mends it with one press; what a person must enter again has a form of its own."""
        if (self.repair.trouble or {}).get("field") and self.repair.kind == "needs_person":
            return ENTER_AGAIN
        return self.repair.words.button

    @property
    def path(self) -> str:
        """Where the button leads."""
        return self.repair.leads(self.button.path) if self.button else ""


class Alarm(Struct, frozen=True, kw_only=True):
    """What a host must know at once: a system that does not work, since when, and how much waits for it.

    `kind` is the system's; None where it is our own worker.
    """

    id: int
    name: str
    kind: Kind | None
    since: datetime
    needs_person: bool
    waiting: int = 0

    def told(self, spoken: Words, notation: Notation, now: datetime) -> str:
        """What is wrong, in a sentence or two."""
        _ = spoken.gettext
        today = notation.local_day(self.since) == notation.local_day(now)
        since = notation.clock(self.since) if today else notation.moment(self.since)
        if self.kind is None:
            what = _("Nothing is read or sent since {since}.", since=since)
        elif self.needs_person:
            what = _("{name} refuses us since {since}.", name=self.name, since=since)
        else:
            what = _("{name} unreachable since {since}.", name=self.name, since=since)
        if not self.waiting:
            return what
        waits = spoken.ngettext("{n} update waiting.", "{n} updates waiting.", self.waiting)
        return f"{what} {waits}"

    def advice(self, spoken: Words) -> str:
        """What whoever stands at the door does now."""
        _ = spoken.gettext
        first = {
            "pos": _("Tell the servers allergies and requests yourself: the till may not show them."),
            "reservations": _("New bookings may be missing here: look in the reservation system."),
        }.get(self.kind or "", "")
        then = _("Tell a manager.") if self.needs_person else _("Nothing is lost. If it lasts, tell a manager.")
        return f"{first} {then}".strip()


class ConnectionPage(Struct, frozen=True, kw_only=True):
    """One connection with its last day, and what crosses."""

    row: ConnectionRow
    hours: Sequence[Hour]
    repairs: Sequence[RepairRow]
    capabilities: Sequence[Capability]
    compared: Sequence[Reconciliation]
    """The last business dates, each beside what its source says of it."""
    settings: Mapping[str, Any]
    rhythm: Rhythm
    now: datetime

    @property
    def held_back(self) -> bool:
        """Whether nothing is written to it at this moment."""
        return self.rhythm.live_from is not None and self.now < self.rhythm.live_from

    def crossing(self, spoken: Words, notation: Notation) -> str:
        """When things cross, in a sentence or two."""
        _ = spoken.gettext
        pace = {
            "live": _("As it happens."),
            "hybrid": _("As it happens, and all once more at {times}.", times=written(self.rhythm.batch_at)),
            "batch": _("At {times} only.", times=written(self.rhythm.batch_at)),
        }[self.rhythm.pace]
        if not self.held_back:
            return pace
        begins = self.rhythm.live_from
        if begins is None or begins == NOT_YET:
            waits = _("Nothing is written there yet.")
        else:
            waits = _("Nothing is written there before {moment}.", moment=notation.moment(begins))
        return f"{pace} {waits}"


class HealthSources(Protocol):
    """How the house is, for pages. Each call is one transaction; what is refused is raised as a ServeryError."""

    async def alarms(self, viewer: Viewer) -> Sequence[Alarm]:
        """What everybody who works on the pages must know at once, the oldest first."""

    async def repairs(self, viewer: Viewer) -> Sequence[RepairRow]:
        """All that waits to be mended, the gravest first."""

    async def connection(self, viewer: Viewer, connection_id: int) -> ConnectionPage:
        """One connection; whoever may change it has then looked at it. Raises NotFound."""

    async def put_off(self, viewer: Viewer, repair_id: int, hours: float | None) -> None:
        """Say nothing of a repair for some hours; None: as long as it lasts. Raises NotFound and Invalid."""

    async def heed(self, viewer: Viewer, repair_id: int) -> None:
        """Take back that a repair was put off. Raises NotFound."""

    async def review(self, viewer: Viewer, month: date | None) -> Review:
        """One month looked back on; None: the last one that is over."""

    async def receivers(self, viewer: Viewer) -> Sequence[Receiver]:
        """Who is told when something breaks."""

    async def add_receiver(self, viewer: Viewer, address: str, least: Least, digest: bool, language: str) -> str | None:
        """Tell somebody; for a webhook the secret that signs, shown once. Raises Invalid."""

    async def change_receiver(self, viewer: Viewer, receiver_id: int, least: Least, digest: bool) -> None:
        """Choose what somebody is told. Raises NotFound."""

    async def remove_receiver(self, viewer: Viewer, receiver_id: int) -> None:
        """Tell somebody no more. Raises NotFound."""

    async def test_receiver(self, viewer: Viewer, receiver_id: int) -> None:
        """Send a test now. Raises what went wrong."""


TheHealth = NamedDependency[SkipValidation[HealthSources]]
"""As a route asks for them."""
