"""What guests of the invented restaurant asked for."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from servery.connectors import registry
from servery.errors import Invalid, NotFound, Refuse
from servery.model.consent import Line
from servery.model.guest import Consent, SourceGuest
from servery.model.viewer import Viewer
from servery.privacy.before import Before, HeldRecord
from servery.privacy.consent import Ledger, Said
from servery.privacy.controller import Controller, Written, checked
from servery.privacy.erase import Erased
from servery.privacy.export import Export
from servery.privacy.receipts import Erasure, Receipt
from servery.privacy.register import Register, System
from servery.privacy.requests import Kind, Outcome, Request, months_after
from servery.privacy.retention import KINDS, SUGGESTED, Last, Old, Preview, Rule, Run
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


def line(number: int, at: datetime, state: Consent, **more: object) -> Line:
    facts = {
        "id": number, "at": at, "channel": "any", "purpose": "marketing", "state": state, "text_version": None,
        "source": "guest", "by_guest": False, "viewer_kind": "person", "viewer_id": 1,
    }  # fmt: skip
    return Line(**(facts | more))  # type: ignore[arg-type]


NOBODY = 404
ABSORBED = 405
_AT = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
EXPORTED: dict[str, list[dict[str, Any]]] = {
    "profile": [{"name": "Anna Lindqvist", "golden": {"email": {"value": "anna@example.com", "source": 3}, "vip": True},
                 "created_at": _AT}],
    "records": [{"system": "resOS Havnen", "external_id": "kd83nDk2", "removed": False, "seen_at": _AT,
                 "body": {"name": "Anna Lindqvist", "phone": "+45 20 30 40 50", "marketing": "granted",
                          "notes": [{"text": "Likes the window", "author": "Mette"}], "allergies": ["nuts", "milk"]}}],
    "checks": [{"system": "Square Havnen", "venue": "Havnen", "business_date": date(2026, 3, 2), "total": 49000,
                "tips": 2000, "currency": "DKK",
                "body": {"lines": [{"name": "Ribeye", "amount": 24500, "quantity": "1"},
                                   {"name": "Sole", "amount": 24500, "quantity": "1", "note": "no butter"}],
                         "opened_at": "2026-03-02T18:30:00Z"}}],
    "consent": [{"at": _AT, "channel": "any", "purpose": "marketing", "state": "granted", "source": "resOS Havnen",
                 "by_guest": False}],
    "looks": [{"at": _AT, "viewer_kind": "person", "role": "host", "purpose": "tonight"}],
    "received": [{"system": "resOS Havnen", "via": "webhook", "received_at": _AT,
                  "body": '{"guest": {"name": "Anna Lindqvist", "phone": "+45 20 30 40 50"}}'}],
}  # fmt: skip

HAVNEN = Controller(
    name="Havnen ApS",
    address="Havnegade 1\n1058 København K",
    email="privat@havnen.example",
    phone="+45 33 12 34 56",
    officer="Dorte Ravn\ndpo@havnen.example",
    authority="Datatilsynet",
    authority_website="https://www.datatilsynet.dk",
)


class InventedPrivacy:
    """Three open requests: one late, one soon due, one new; an erasure with a receipt that waits for a person."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.empty = False
        self.answering: list[Controller | None] = [HAVNEN]

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

    async def reopen_request(self, viewer: Viewer, request_id: int) -> Request:
        self.done.append(f"reopened {request_id}")
        return asked(request_id, "access", 1)

    async def consents(self, viewer: Viewer, guest_id: int) -> Ledger:
        if guest_id == NOBODY:
            raise NotFound("There is no guest {id}.", id=guest_id)
        at = datetime(2026, 3, 2, 18, tzinfo=UTC)
        lines = (
            line(1, at, "granted", source="resOS Havnen"),
            line(2, at + timedelta(days=9), "granted", source="at the table", by_guest=True, text_version="2026-01"),
            line(3, at + timedelta(days=40), "denied", by_guest=True, channel="sms"),
        )
        return Ledger(guest_id=guest_id, lines=() if self.empty else lines, who={"person:1": "Mette Holm"})

    async def note_consent(self, viewer: Viewer, guest_id: int, said: Said) -> Line:
        if said.state == "granted" and not said.text_version:
            raise Invalid("Which text did the guest agree to?", field="text_version")
        self.done.append(f"{guest_id} {said.state} {said.channel} {said.purpose} {said.source}")
        return line(4, datetime.now(UTC), said.state)

    async def let_in(self, viewer: Viewer, person: SourceGuest) -> int:
        if person.name == "Nobody":
            raise NotFound("Nobody of this name with this e-mail address or phone number is kept out.")
        self.done.append(f"let in {person.name}")
        return 1

    async def would_go(self, viewer: Viewer, kind: Kept, months: int) -> Preview:
        if months > 600:
            raise Invalid("Choose from 1 to 600 months.", field="months")
        kinds: tuple[Last, ...] = ("visit", "booking", "check", "known")
        first = tuple(
            Old(id=n, day=TODAY - timedelta(days=1500 - n), name=f"Guest Number {n}", last=last)
            for n, last in enumerate(kinds, 3)
        )
        return Preview(kind=kind, months=months, found=0 if self.empty else 12, first=() if self.empty else first)

    async def before(self, viewer: Viewer, guest_id: int) -> Before:
        if guest_id == NOBODY:
            raise NotFound("There is no guest {id}.", id=guest_id)
        records = (HeldRecord("resOS Havnen", "kd83nDk2", "Anna Lindqvist"), HeldRecord("Square Havnen", "C7", "Anna"))
        return Before(
            guest_id=2 if guest_id == ABSORBED else guest_id, name="Anna Lindqvist", absorbed=(ABSORBED,),
            records=records, bookings=41, checks=38, seen="seen",
        )  # fmt: skip

    async def erase(self, viewer: Viewer, guest_id: int, seen: str | None = None) -> Erased:
        if seen != "seen":
            raise Invalid("Guest {id} changed since you looked: records came or went.", id=guest_id)
        self.done.append(f"erased {guest_id}")
        return Erased(id=1, counts={}, tables=())

    async def erasures(self, viewer: Viewer, erasure_id: int | None = None) -> Sequence[Erasure]:
        told = (
            receipt(1, "Square Havnen"),
            receipt(2, "Odoo", state="due", outcome=None),
            receipt(3, "resOS Havnen", state="by_hand", outcome=None, external_id="kd83nDk2"),
            receipt(4, "Newsletter", way="message", outcome="told"),
            receipt(
                5,
                "Old till",
                state="by_hand",
                outcome=None,
                way="files",
                error={"code": "files-left", "params": {"names": "done/20260601-guests.csv"}},
            ),
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
        parts = dict.fromkeys(name for name in Export.__struct_fields__ if name not in ("made_at", "guest_ids"))
        rows: dict[str, list[dict[str, Any]]] = {name: EXPORTED.get(name, []) for name in parts}
        rows["profile"] = [{"id": guest_id, **EXPORTED["profile"][0]}]
        return Export(made_at=datetime.now(UTC), guest_ids=(guest_id,), **rows)

    async def retention(self, viewer: Viewer) -> Sequence[tuple[Rule, int]]:
        return [(Rule(kind, 36 if kind == "guests" else None, SUGGESTED[kind]), 12 * n) for n, kind in enumerate(KINDS)]

    async def retention_runs(self, viewer: Viewer) -> Sequence[Run]:
        at = datetime.now(UTC)
        return [Run(id=1, at=at, kind="guests", months=36, found=4, done=4, ended_at=at)]

    async def keep(self, viewer: Viewer, kind: Kept, months: int | None) -> None:
        self.done.append(f"keep {kind} {months}")

    async def controller(self, viewer: Viewer) -> Written:
        at = datetime(2026, 3, 2, 18, 30, tzinfo=UTC) if self.answering[-1] else None
        return Written(controller=self.answering[-1], revision=len(self.answering), changed_at=at)

    async def write_controller(self, viewer: Viewer, change: Callable[[Written], Controller]) -> Written:
        made = checked(change(await self.controller(viewer)), lambda text: "@" in text)
        self.answering.append(made)
        return await self.controller(viewer)

    async def take_back_controller(self, viewer: Viewer, revision: int) -> Written:
        if revision != len(self.answering):
            raise Refuse("Somebody has changed it since, so nothing was taken back.")
        self.answering.append(self.answering[-2])
        return await self.controller(viewer)

    async def register(self, viewer: Viewer) -> Register:
        square = System(
            name="Square Havnen",
            connector="square",
            title=registry.manifest("square").title,
            gives=("identity", "orders"),
            gets=("allergies",),
            erases=True,
            erasing=next(one.note for one in registry.manifest("square").capabilities if one.field == "erasure"),
        )
        rules = tuple(Rule(kind, None, SUGGESTED[kind]) for kind in KINDS)
        return Register(
            controller=self.answering[-1], venues=("Havnen",), systems=(square,), files=("identity",), retention=rules
        )
