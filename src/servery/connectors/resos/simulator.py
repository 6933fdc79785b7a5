"""resOS, played from a stage: its API as described and as published clients meet it, and not a field more.

Where the description is silent the stricter reading is taken: bounds count, an unknown path is not found, a deleted
booking is gone from the list, and nothing is told of payments or of when a party sat down and left.
"""

import re
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec
import phonenumbers

from servery.connectors.contract import Asgi
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation, ReservationStatus
from servery.model.venue import OpeningHours, Table
from servery.testing.asgi import body_of
from servery.testing.stage import Stage, Staged

API_KEY = "sandbox-key"
LIMIT = 100
"""Most records in one answer; a request for more is refused."""

_STATUSES: dict[ReservationStatus, str] = {
    "requested": "request",
    "waitlist": "waitlist",
    "booked": "approved",
    "confirmed": "approved",
    "arrived": "arrived",
    "seated": "seated",
    "finished": "left",
    "no_show": "no_show",
    "cancelled": "canceled",
    "declined": "declined",
}
_SOURCES = {"website", "phone", "email", "message", "eatie"}
_LANGUAGES = {"en", "es", "de", "da", "sv"}
_LANDING_PAGE = b"<!DOCTYPE html><html><head><title>resOS</title></head><body>resOS API</body></html>"

_NOTED = re.compile(r"/bookings/([^/]+)/restaurantNote")

Receive = Callable[..., Awaitable[Any]]
Send = Callable[..., Awaitable[None]]


class _Answer(NamedTuple):
    status: int
    body: bytes
    kind: bytes = b"application/json; charset=utf-8"


def _now() -> datetime:
    return datetime.now(UTC)


def simulator(
    stage: Stage, api_key: str = API_KEY, requests_per_second: int = 100, now: Callable[[], datetime] = _now
) -> Asgi:
    """An ASGI app that answers as resOS does for the one restaurant on the stage, under /v1.

    Of what can be written it takes remarks for staff; `now` is the clock by which those are dated.
    """
    bookings = _Bookings(stage)
    window = _Window(requests_per_second)
    authorized = b"Basic " + b64encode(f"{api_key}:".encode())

    def answer(scope: Mapping[str, Any], body: bytes) -> _Answer:
        if not scope["path"].startswith("/v1/"):
            return _Answer(200, _LANDING_PAGE, b"text/html; charset=utf-8")
        if not window.admits():
            return _said(HTTPStatus.TOO_MANY_REQUESTS)
        if not compare_digest(dict(scope["headers"]).get(b"authorization", b""), authorized):
            return _said(HTTPStatus.UNAUTHORIZED)
        path = scope["path"].removeprefix("/v1")
        if scope["method"] == "POST" and (noted := _NOTED.fullmatch(path)):
            return bookings.note(noted[1], body, now())
        if scope["method"] != "GET":
            return _said(HTTPStatus.METHOD_NOT_ALLOWED)
        return _given(stage, bookings, path, _query(scope))

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            status, body, kind = answer(scope, await body_of(receive))
            headers = [(b"content-type", kind), (b"retry-after", str(window.left_ms()).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return app


class _Window:
    """resOS's fixed window of one second. Every answer tells in milliseconds when it ends."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ends = 0.0
        self._seen = 0

    def admits(self) -> bool:
        now = time.monotonic()
        if now >= self._ends:
            self._ends, self._seen = now + 1.0, 0
        self._seen += 1
        return self._seen <= self._limit

    def left_ms(self) -> int:
        return max(0, round((self._ends - time.monotonic()) * 1000))


def _query(scope: Mapping[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode()))


def _said(status: HTTPStatus) -> _Answer:
    return _Answer(status.value, msgspec.json.encode(status.phrase))


def _given(stage: Stage, bookings: "_Bookings", path: str, query: Mapping[str, str]) -> _Answer:
    if path == "/healthcheck":
        return _json({"status": "ok", "restaurantId": stage.location_id})
    if path == "/tables":
        return _json([_table(table.name, stage) for table in stage.venue.tables])
    if path == "/openingHours":
        return _json([_opening(number, hours) for number, hours in enumerate(stage.venue.opening_hours, 1)])
    if path == "/bookings":
        return bookings.page(query)
    if path.startswith("/bookings/"):
        return bookings.one(path.removeprefix("/bookings/"))
    return _said(HTTPStatus.NOT_FOUND)


def _json(value: object) -> _Answer:
    return _Answer(200, msgspec.json.encode(value))


class _Bookings:
    """The stage's reservations as resOS's bookings. Each state is rendered once: pages are then only joined."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._rendered: dict[str, tuple[int, int, bytes]] = {}
        self._noted: dict[str, list[tuple[str, datetime]]] = {}

    def page(self, query: Mapping[str, str]) -> _Answer:
        try:
            limit, skip = int(query.get("limit", LIMIT)), int(query.get("skip", 0))
            found = self._within(query)
        except ValueError:
            return _said(HTTPStatus.BAD_REQUEST)
        if not 0 <= limit <= LIMIT or skip < 0:
            return _said(HTTPStatus.BAD_REQUEST)
        field, _, direction = query.get("sort", "dateTime:1").partition(":")
        found.sort(key=_made_at if field == "createdAt" else _starts_at, reverse=direction == "-1")
        return _Answer(200, b"[" + b",".join(map(self._bytes, found[skip : skip + limit])) + b"]")

    def one(self, booking_id: str) -> _Answer:
        staged = self._stage.reservations.get(booking_id)
        if staged is None or staged.deleted:
            return _said(HTTPStatus.NOT_FOUND)
        return _Answer(200, self._bytes(staged))

    def note(self, booking_id: str, body: bytes, at: datetime) -> _Answer:
        """Add a remark for staff; the answer is the remark's id."""
        staged = self._stage.reservations.get(booking_id)
        if staged is None or staged.deleted:
            return _said(HTTPStatus.NOT_FOUND)
        try:
            text = msgspec.json.decode(body, type=dict[str, str])["text"]
        except (msgspec.DecodeError, KeyError):
            return _said(HTTPStatus.UNPROCESSABLE_ENTITY)
        added = self._noted.setdefault(booking_id, [])
        added.append((text, at))
        self._stage.reservations.put(booking_id, staged.record, at)
        return _json(f"{booking_id}-note-{len(added)}")

    def _within(self, query: Mapping[str, str]) -> list[Staged[Reservation]]:
        standing = [staged for staged in list(self._stage.reservations) if not staged.deleted]
        # Either bound alone has no effect, as with resOS.
        if not ("fromDateTime" in query and "toDateTime" in query):
            return standing
        since, until = _bound(query["fromDateTime"]), _bound(query["toDateTime"])
        return [staged for staged in standing if since <= staged.record.starts_at <= until]

    def _bytes(self, staged: Staged[Reservation]) -> bytes:
        guest = self._stage.guests.get(staged.record.guest_id) if staged.record.guest_id else None
        versions = (staged.version, guest.version if guest else 0)
        known = self._rendered.get(staged.external_id)
        if known is None or known[:2] != versions:
            who = staged.record.guest or (guest.record if guest else SourceGuest())
            shown = _booking(staged, who, self._stage)
            shown["restaurantNotes"] += self._remarks(staged.external_id)  # type: ignore[operator]
            known = (*versions, msgspec.json.encode(shown))
            self._rendered[staged.external_id] = known
        return known[2]

    def _remarks(self, booking_id: str) -> list[dict[str, object]]:
        return [
            {"_id": f"{booking_id}-note-{number}", "restaurantNote": text, "createdAt": _utc(at)}
            for number, (text, at) in enumerate(self._noted.get(booking_id, ()), 1)
        ]


def _bound(written: str) -> datetime:
    instant = datetime.fromisoformat(written)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _made_at(staged: Staged[Reservation]) -> tuple[datetime, str]:
    return staged.record.created_at or staged.created_at, staged.external_id


def _starts_at(staged: Staged[Reservation]) -> tuple[datetime, str]:
    return staged.record.starts_at, staged.external_id


def _booking(staged: Staged[Reservation], guest: SourceGuest, stage: Stage) -> dict[str, object]:
    booking = staged.record
    local = booking.starts_at.astimezone(ZoneInfo(stage.venue.time_zone))
    written: dict[str, object] = {
        "_id": staged.external_id,
        "restaurantId": stage.location_id,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "dateTime": _utc(booking.starts_at),
        "people": booking.party_size,
        "status": _STATUSES[booking.status],
        "source": _source(booking),
        "languageCode": booking.language if booking.language in _LANGUAGES else "en",
        "guest": _guest(guest, stage.country),
        "tables": [_table(name, stage, booking.area) for name in booking.tables],
        "comments": _entries("comment", booking.requests, staged) if booking.requests else [],
        "restaurantNotes": _entries("restaurantNote", booking.notes, staged) if booking.notes else [],
        "customFields": _custom_fields(booking.occasion, guest.allergies),
        "createdAt": _utc(_made_at(staged)[0]),
        "activityAt": _utc(staged.modified_at),
    }
    if booking.duration is not None:
        written["duration"] = booking.duration
    if booking.guest_id is not None:
        written["customer"] = booking.guest_id
    return written


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _source(booking: Reservation) -> str:
    if booking.walk_in:
        return "walkin"
    return booking.channel if booking.channel in _SOURCES else "other"


def _guest(guest: SourceGuest, country: str) -> dict[str, object]:
    return {
        "name": guest.name or "",
        "email": guest.email or "",
        "phone": _with_country_code(guest.phone, guest.country or country) if guest.phone else "",
        "notificationEmail": bool(guest.email),
        "notificationSms": False,
    }


def _with_country_code(phone: str, country: str) -> str:
    """The number as resOS keeps it, with + and country code; what is no number stays as staff typed it."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _table(name: str, stage: Stage, area: str | None = None) -> dict[str, object]:
    table = next((each for each in stage.venue.tables if each.name == name), Table(name, area=area))
    written: dict[str, object] = {"_id": table.external_id or f"table-{name}", "name": name}
    if table.seats is not None:
        written |= {"seatsMin": 1, "seatsMax": table.seats}
    if table.area:
        written["area"] = {"_id": f"area-{table.area}", "name": table.area}
    return written


def _entries(field: str, text: str, staged: Staged[Reservation]) -> list[dict[str, object]]:
    entry: dict[str, object] = {
        "_id": f"{staged.external_id}-{field}",
        field: text,
        "createdAt": _utc(_made_at(staged)[0]),
    }
    return [entry | {"role": "guest"} if field == "comment" else entry]


def _custom_fields(occasion: str | None, allergies: tuple[str, ...]) -> list[dict[str, object]]:
    """The restaurant's two questions: one answered in free text, one by ticking."""
    asked: list[dict[str, object]] = []
    if occasion:
        asked.append({"_id": "occasion", "name": "Occasion", "value": occasion})
    if allergies:
        ticked = [{"_id": f"allergy-{name}", "name": name, "value": True} for name in allergies]
        asked.append({"_id": "allergies", "name": "Allergies", "value": ticked})
    return asked


def _opening(number: int, hours: OpeningHours) -> dict[str, object]:
    return {
        "_id": f"opening-{number}",
        "mode": "restaurant",
        "special": False,
        "name": "",
        "day": hours.weekday + 1,
        "open": _hhmm(hours.opens),
        "close": _hhmm(hours.closes),
    }


def _hhmm(minutes: int) -> int:
    return minutes // 60 % 24 * 100 + minutes % 60
