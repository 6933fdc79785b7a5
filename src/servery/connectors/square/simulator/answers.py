"""What every part of the simulator says alike: errors, ids, times and money as Square writes them."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

Json = dict[str, Any]


class Problem(Exception):
    """An answer that is an error: HTTP status and the body Square sends with it."""

    def __init__(self, status: int, category: str, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        error = {"category": category, "code": code, "detail": detail}
        self.body: Json = {"errors": [error | ({"field": field} if field else {})]}


class Answer(Struct, frozen=True):
    """A response: HTTP status, JSON body, and headers besides the content type."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def bad(code: str, detail: str, field: str | None = None) -> Problem:
    """The question is at fault."""
    return Problem(400, "INVALID_REQUEST_ERROR", code, detail, field)


def not_found(what: str) -> Problem:
    """There is no such thing."""
    return Problem(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"{what} not found.")


def identifier(*parts: object, length: int = 22) -> str:
    """An id as Square makes them, always the same for the same parts; at most 43 signs."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return urlsafe_b64encode(digest).decode().replace("-", "x").replace("_", "y")[:length]


def rfc3339(instant: datetime) -> str:
    """An instant as Square writes it: 2026-03-01T18:30:00.123Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text: str, field: str) -> datetime:
    """An instant as a client writes it; a Problem when it is none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise bad("INVALID_TIME", f"`{text}` is not an RFC 3339 timestamp.", field)
    return read.astimezone(UTC)


def money(amount: int, currency: str) -> Json:
    """An amount in minor units as Square writes it."""
    return {"amount": amount, "currency": currency}


def decimal_text(number: Decimal) -> str:
    """A quantity or percentage as Square writes it: without needless zeros or exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
