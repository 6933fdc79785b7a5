"""Reading answers over HTTP that vendors give in more than one way. For connectors; nothing here knows one of them."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Literal

LONGEST = 86_400.0
"""Seconds that are waited at most: who asks for more than a day has made a slip."""


def retry_after(
    value: str | None, unit: Literal["seconds", "milliseconds"] = "seconds", *, now: datetime | None = None
) -> float | None:
    """The seconds to wait by a Retry-After header: a number in the vendor's unit, or a date (RFC 9110, 10.2.3).

    None where there is no header, or one that nobody can read. A date gone by is 0; at most it is `LONGEST`.
    """
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return _until(value, now or datetime.now(UTC))
    if not isfinite(number) or number < 0:
        return None
    return min(number / 1000 if unit == "milliseconds" else number, LONGEST)


def _until(value: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # RFC 9110: a date is GMT, also where it says so in no way that is understood.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - now).total_seconds()), LONGEST)
