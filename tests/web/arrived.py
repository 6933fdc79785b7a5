"""Invented events: of each state, one that cannot be read, and one that tells of everything."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from servery.errors import NotFound
from servery.inbox.events import EventRow, State, Stored
from servery.inbox.quarantine import Group
from servery.model.changes import CheckSeen, GuestSeen, PaymentSeen, Removed, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.order import Check, Line, Payment
from servery.model.reservation import Reservation
from servery.model.viewer import Viewer
from servery.sync.finding import HeldRecord
from servery.web.events.page import Arrivals, Arrived, Caused, Understood, Wanted, Whole

UNPLACED = {
    "code": "unplaced", "template": "The location {location} is no venue here.", "params": {"location": "L9F2"},
    "mend": "Link the location to a venue on the connection's page.",
}  # fmt: skip
BODY = b"""{"merchant_id":"M1","type":"order.updated","event_id":"e7b1","created_at":"2026-03-06T18:42:10Z",
"data":{"type":"order","id":"ord-1042","object":{"order_updated":{"order_id":"ord-1042","state":"OPEN","version":4}}}}"""


class InventedArrivals(Arrivals):
    """Events that nobody sent."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.empty = False
        self.dismissed: set[int] = set()
        self.replayed: list[int] = []
        self.asked: list[Wanted] = []

    def rows(self) -> list[EventRow]:
        states: Sequence[State] = (
            "waiting",
            "applied",
            "unchanged",
            "retrying",
            "quarantined",
            "quarantined",
            "applied",
        )
        return [self.row(107 - place, state) for place, state in enumerate(states)]

    def row(self, event_id: int, state: State) -> EventRow:
        state = "dismissed" if event_id in self.dismissed else state
        failed = state in ("retrying", "quarantined", "dismissed")
        at = self.now - timedelta(minutes=7 * (108 - event_id))
        return EventRow(
            id=event_id, day=at.date(), connection_id=1, connection="Torvet till", connector="square",
            via="poll" if event_id % 3 else "webhook", kind="orders" if event_id % 3 else "order.updated",
            received_at=at, state=state, at=None if state == "waiting" else at + timedelta(seconds=1),
            stage="translate" if failed else None, reason=UNPLACED if failed else None, attempts=3 if failed else 0,
        )  # fmt: skip

    async def arrived(self, viewer: Viewer, wanted: Wanted) -> Arrived:
        self.asked.append(wanted)
        rows = [] if self.empty else [one for one in self.rows() if wanted.state in (None, one.state)]
        waiting = sum(one.state == "quarantined" for one in rows)
        group = Group(
            connection_id=1, connection="Torvet till", connector="square", stage="translate", code="unplaced",
            reason=UNPLACED, events=waiting, latest_id=103,
        )  # fmt: skip
        return Arrived(
            rows=rows, next=None if wanted.before else 101, groups=[group] if waiting else [],
            connections={1: "Torvet till", 2: "resOS"}, kinds=["order.updated", "orders"], now=self.now,
        )  # fmt: skip

    async def event(self, viewer: Viewer, event_id: int) -> Whole:
        row = next((one for one in self.rows() if one.id == event_id), None)
        if row is None:
            raise NotFound("There is no event {id}, or it came too long ago to be kept.", id=event_id)
        held = [
            HeldRecord(kind="check", external_id="ord-1042", id=9, guest_id=13, visit_id=4, venue="Torvet", venue_id=1,
                       business_date=self.now.date(), number="1042"),
            HeldRecord(kind="guest", external_id="cust-77", id=3, guest_id=13),
            HeldRecord(kind="payment", external_id="pay-1"),
        ]  # fmt: skip
        return Whole(
            stored=Stored(
                row=row, body=BODY, headers={"content-type": "application/json"}, lane="order:ord-1042",
                next_try_at=self.now + timedelta(minutes=4), records=(("check", "ord-1042"), ("guest", "cust-77")),
            ),
            understood=Understood(changes=self.changes(), wanted=[("orders", "ord-1042")], news=["customers"]),
            records=held, names={13: "Mette Østergaard"},
            caused=[
                Caused(connection="resOS", kind="guest", state="rests", sent_at=self.now - timedelta(minutes=2)),
                Caused(connection="resOS", kind="visit", state="due", sent_at=None),
            ],
            now=self.now,
        )  # fmt: skip

    def changes(self) -> list[CheckSeen | GuestSeen | ReservationSeen | PaymentSeen | Removed]:
        check = Check(
            currency="DKK", opened_at=self.now, status="open", number="1042", table="7", covers=4, guest_id="cust-77",
            lines=(Line(name="Ribeye", amount=31_500),),
        )  # fmt: skip
        return [
            CheckSeen("ord-1042", 4, "main", check),
            GuestSeen(
                "cust-77", 2, SourceGuest(name="Mette Østergaard", email="mette@example.com", phone="+45 20 30 40 50")
            ),
            ReservationSeen("r-9", 1, "main", Reservation(status="seated", starts_at=self.now, party_size=4)),
            PaymentSeen("pay-1", 1, "ord-1042", Payment(amount=31_500, tender="card")),
            Removed("ord-1041", 5, "check", "ord-1042"),
        ]

    async def replay(self, viewer: Viewer, event_id: int) -> None:
        self.replayed.append(event_id)

    async def replay_group(self, viewer: Viewer, wanted: Wanted) -> int:
        self.asked.append(wanted)
        return 2

    async def dismiss(self, viewer: Viewer, wanted: Wanted, event_id: int | None) -> int:
        chosen = {event_id or 0} if event_id else {one.id for one in self.rows() if one.state == "quarantined"}
        self.dismissed |= chosen
        return len(chosen)

    async def restore(self, viewer: Viewer, event_id: int) -> None:
        self.dismissed.clear()
