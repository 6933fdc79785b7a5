"""Another system, played from a stage: it sends what stands there in words of its own, and takes what we post to it."""

import base64
import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from servery.connectors.contract import Asgi
from servery.testing.asgi import body_of
from servery.testing.stage import Stage

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()

MAPPING = """
[[record]]
kind = "guest"
each = "contact"
when = { type = "contact.changed" }
gone = { state = "deleted" }

[record.fields]
external_id = "id"
revision = "changed"
given_name = "name.first"
family_name = "name.last"
name = { path = "name.full" }
email = "email"
phone = "phone"
tags = "labels[].text"
notes = "remarks[]"

[[record]]
kind = "reservation"
each = "booking"
when = { type = ["booking.made", "booking.changed"] }

[record.fields]
external_id = "id"
revision = "changed"
starts_at = { path = "start", time = "%d.%m.%Y %H:%M" }
party_size = "people"
status = { path = "state", values = { new = "booked", done = "finished", gone = "cancelled" }, otherwise = "booked" }
tables = "tables[].label"
guest_id = "who"
channel = { value = "their website" }

[[record]]
kind = "check"
each = "receipts[]"

[record.fields]
external_id = "no"
revision = { path = "version" }
opened_at = { path = "opened", time = "unix" }
closed_at = { path = "closed", time = "unix" }
status = { path = "void", values = { True = "void" }, otherwise = "closed" }
guest_id = "who"
table = "table"
covers = "people"

[record.fields.lines]
each = "items[]"
[record.fields.lines.fields]
name = "text"
quantity = "count"
amount = "sum"

[record.fields.payments]
each = "paid[]"
[record.fields.payments.fields]
amount = { path = "cents", unit = "minor" }
tip = { path = "tip", unit = "minor" }
tender = { path = "how", values = { CARD = "card" }, otherwise = "other" }
"""
"""How what this system sends is read."""


class Receiver:
    """The other system's door: it takes what is signed with its secret, and keeps the last state of each object."""

    def __init__(self, secret: str = SECRET) -> None:
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._seen: set[str] = set()
        self.states: dict[str, Any] = {}
        """By our id: what it was told last."""
        self.repeats = 0

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[..., Awaitable[Any]], send: Callable[..., Awaitable[None]]
    ) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            status = self._taken(headers, await body_of(receive))
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    def _taken(self, headers: Mapping[str, str], body: bytes) -> int:
        if not self._is_signed(headers, body):
            return 401
        if headers["webhook-id"] in self._seen:
            self.repeats += 1
        else:
            self._seen.add(headers["webhook-id"])
            data = msgspec.json.decode(body)["data"]
            self.states[data["id"]] = data
        return 204

    def _is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        covered = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(self._key, covered, "sha256")).decode()
        return any(hmac.compare_digest(one, expected) for one in headers.get("webhook-signature", "").split())


def simulator(stage: Stage, secret: str = SECRET) -> Asgi:
    """The other system's door. It says nothing of what stands on the stage unless by `events`."""
    return Receiver(secret)


def events(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """What the other system sends of all that stands there: the event's kind, and the body."""
    for guest in stage.guests:
        who = guest.record
        contact = {
            "id": guest.external_id,
            "changed": guest.modified_at,
            "state": "deleted" if guest.deleted else "there",
            "name": {"first": who.given_name, "last": who.family_name, "full": who.name},
            "email": who.email,
            "phone": who.phone,
            "labels": [{"text": tag} for tag in who.tags],
            "remarks": [note.text for note in who.notes],
        }
        yield "contact.changed", msgspec.json.encode({"type": "contact.changed", "contact": contact})
    yield from _bookings(stage)
    yield from _receipts(stage)


def _bookings(stage: Stage) -> Iterator[tuple[str, bytes]]:
    for staged in stage.reservations:
        booked = staged.record
        local = booked.starts_at.astimezone(ZoneInfo(stage.venue.time_zone))
        booking = {
            "id": staged.external_id,
            "changed": staged.modified_at,
            "start": f"{local:%d.%m.%Y %H:%M}",
            "people": booked.party_size,
            "state": "done" if booked.status == "finished" else "new",
            "tables": [{"label": name} for name in booked.tables],
            "who": booked.guest_id,
        }
        yield "booking.changed", msgspec.json.encode({"type": "booking.changed", "booking": booking})


def _receipts(stage: Stage) -> Iterator[tuple[str, bytes]]:
    for staged in stage.checks:
        check = staged.record
        receipt = {
            "no": staged.external_id,
            "version": staged.version,
            "opened": int(check.opened_at.timestamp()),
            "closed": int(check.closed_at.timestamp()) if check.closed_at else None,
            "void": check.status == "void",
            "who": check.guest_id,
            "table": check.table,
            "people": check.covers,
            "items": [
                {"text": line.name, "count": str(line.quantity), "sum": f"{line.amount / 100:.2f}"}
                for line in check.lines
            ],
            "paid": [{"cents": paid.amount, "tip": paid.tip, "how": paid.tender.upper()} for paid in check.payments],
        }
        yield "receipt.closed", msgspec.json.encode({"type": "receipt.closed", "receipts": [receipt]})
