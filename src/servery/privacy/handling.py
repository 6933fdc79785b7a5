"""What pages and programs ask of privacy; whoever wires the house answers."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from servery.model.guest import SourceGuest
from servery.model.viewer import Viewer
from servery.privacy.consent import Ledger, Line, Said
from servery.privacy.controller import Controller, Written
from servery.privacy.erase import Erased
from servery.privacy.export import Export
from servery.privacy.receipts import Erasure
from servery.privacy.requests import Kind, Outcome, Request


class Handling(Protocol):
    """Each call is one transaction. Forbidden for whose role does not handle privacy."""

    async def requests(self, viewer: Viewer, *, closed: bool = False) -> Sequence[Request]:
        """The open requests, or those that are closed."""

    async def open_request(
        self, viewer: Viewer, kind: Kind, received_on: date, guest_id: int | None, asked_by: str | None
    ) -> Request:
        """Start the clock. Raises Invalid, NotFound."""

    async def extend_request(self, viewer: Viewer, request_id: int, reason: str) -> Request:
        """Take two months more. Raises Refuse, Invalid."""

    async def close_request(self, viewer: Viewer, request_id: int, outcome: Outcome) -> Request:
        """Stop the clock. Raises Refuse."""

    async def erase(self, viewer: Viewer, guest_id: int, seen: str | None = None) -> Erased:
        """Erase a guest, as they were seen. Raises NotFound, Invalid where it is otherwise by now."""

    async def erasures(self, viewer: Viewer, erasure_id: int | None = None) -> Sequence[Erasure]:
        """The latest erasures, or one."""

    async def receipt_done(self, viewer: Viewer, receipt_id: int) -> None:
        """It was done by hand. Raises NotFound."""

    async def export(self, viewer: Viewer, guest_id: int) -> Export:
        """Everything about a guest. Raises NotFound."""

    async def consents(self, viewer: Viewer, guest_id: int) -> Ledger:
        """What a guest agreed to. Raises NotFound."""

    async def note_consent(self, viewer: Viewer, guest_id: int, said: Said) -> Line:
        """Write down what a guest said. Raises NotFound, Invalid."""

    async def let_in(self, viewer: Viewer, person: SourceGuest) -> int:
        """Let somebody in again. Raises NotFound."""

    async def controller(self, viewer: Viewer) -> Written:
        """Who answers for guests' data."""

    async def write_controller(self, viewer: Viewer, change: Callable[[Written], Controller]) -> Written:
        """Write down who does. Raises Invalid with the field.

        `change` makes it of what stands there, when nobody else can change that any more; what it raises stops all.
        """
