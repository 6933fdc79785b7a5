"""What guests of the invented restaurant asked for."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from servery.connectors import registry
from servery.errors import Invalid
from servery.model.viewer import Viewer
from servery.privacy.erase import Erased
from servery.privacy.export import Export
from servery.privacy.receipts import Erasure, Receipt
from servery.privacy.register import Register, System
from servery.privacy.requests import Kind, Outcome, Request, months_after
from servery.privacy.retention import KINDS, SUGGESTED, Rule, Run
from servery.privacy.retention import Kind as Kept

TODAY = datetime.now(UTC).date()


def asked(number: int, kind: Kind, days: int, **more: object) -> Request:
    received = TODAY - timedelta(days=days)
    facts = {
        "id": number, "kind": kind, "guest_id": number, "asked_by": "anna@example.com", "received_on": received,
        "due_on": months_after(received, 1), "extended_on": None, "extension_reason": None, "closed_at": None,
        "outcome": None, "opened_by": "person:1",
    }  # fmt: skip
    return Request(**(facts | more))  # type: ignore[arg-type]


def receipt(number: int, connection: str, **more: object) -> Receipt:
    facts = {
        "id": number, "erasure_id": 1, "connection_id": number, "connection": connection, "connector": "square",
        "external_id": None, "state": "done", "outcome": "deleted", "attempts": 1, "error": None, "done_at": None,
    }  # fmt: skip
    return Receipt(**(facts | more))  # type: ignore[arg-type]


class InventedPrivacy:
    """Three open requests: one late, one soon due, one new; an erasure with a receipt that waits for a person."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.empty = False

    async def requests(self, viewer: Viewer, *, closed: bool = False) -> Sequence[Request]:
        if self.empty:
            return ()
        if closed:
            return [asked(9, "portability", 60, closed_at=datetime.now(UTC), outcome="done")]
        return [asked(1, "erasure", 33), asked(2, "access", 26), asked(3, "rectification", 1)]

    async def open_request(
        self, viewer: Viewer, kind: Kind, received_on: date, guest_id: int | None, asked_by: str | None
    ) -> Request:
        if received_on > TODAY:
            raise Invalid("It cannot have been received in the future.", field="received_on")
        self.done.append(f"opened {kind}")
        return asked(4, kind, 0)

    async def extend_request(self, viewer: Viewer, request_id: int, reason: str) -> Request:
        self.done.append(f"extended {request_id}")
        return asked(request_id, "access", 1)

    async def close_request(self, viewer: Viewer, request_id: int, outcome: Outcome) -> Request:
        self.done.append(f"closed {request_id} {outcome}")
        return asked(request_id, "access", 1)

    async def erase(self, viewer: Viewer, guest_id: int) -> Erased:
        self.done.append(f"erased {guest_id}")
        return Erased(id=1, counts={}, tables=())

    async def erasures(self, viewer: Viewer, erasure_id: int | None = None) -> Sequence[Erasure]:
        told = (
            receipt(1, "Square Havnen"),
            receipt(2, "Odoo", state="due", outcome=None),
            receipt(3, "resOS Havnen", state="by_hand", outcome=None, external_id="kd83nDk2"),
        )
        counts = {"records": 3, "bookings": 41, "checks": 38}
        return (
            ()
            if self.empty
            else [Erasure(id=1, at=datetime.now(UTC), reason="request", counts=counts, cleaned_at=None, receipts=told)]
        )

    async def receipt_done(self, viewer: Viewer, receipt_id: int) -> None:
        self.done.append(f"receipt {receipt_id}")

    async def export(self, viewer: Viewer, guest_id: int) -> Export:
        parts = ("records", "staff", "bookings", "visits", "checks", "payments", "consent", "requests", "looks",
                 "outgoing", "received")  # fmt: skip
        profile = [{"id": guest_id, "name": "Anna Lindqvist"}]
        return Export(made_at=datetime.now(UTC), guest_ids=(guest_id,), profile=profile, **{one: [] for one in parts})

    async def retention(self, viewer: Viewer) -> Sequence[tuple[Rule, int]]:
        return [(Rule(kind, 36 if kind == "guests" else None, SUGGESTED[kind]), 12 * n) for n, kind in enumerate(KINDS)]

    async def retention_runs(self, viewer: Viewer) -> Sequence[Run]:
        at = datetime.now(UTC)
        return [Run(id=1, at=at, kind="guests", months=36, found=4, done=4, ended_at=at)]

    async def keep(self, viewer: Viewer, kind: Kept, months: int | None) -> None:
        self.done.append(f"keep {kind} {months}")

    async def register(self, viewer: Viewer) -> Register:
        square = System(
            name="Square Havnen",
            title=registry.manifest("square").title,
            gives=("identity", "orders"),
            gets=("allergies",),
            erases=True,
            erasing="The customer is deleted.",
        )
        rules = tuple(Rule(kind, None, SUGGESTED[kind]) for kind in KINDS)
        return Register(controller=("Havnen",), systems=(square,), files=False, retention=rules)
