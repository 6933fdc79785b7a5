"""Dates and times as people and tills write them, and the evidence for the order of day and month."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache

from babel import Locale

from servery.connectors.csv.mapping import DateOrder
from servery.connectors.csv.words import LANGUAGES

_NUMERIC = re.compile(r"(\d{1,4})(\s?[./-]\s?)(\d{1,2})\s?[./-]\s?(\d{4}|\d{1,2})(?!\d)(.*)", re.DOTALL)
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:\.|st|nd|rd|th)?[\s/-]*(?:de\s)?([^\W\d_]+)\.?[\s,/-]*(?:del?\s)?(\d{4}|\d{2})(?!\d)(.*)", re.DOTALL
)
_MONTH_FIRST = re.compile(r"([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)(.*)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_TIME = re.compile(
    r"""[T,\s]*(?:kl\.?|klokken|at|um|a\slas)?\s*
    (\d{1,2})(?:[:.h](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,6})\d*)?)?)?\s*
    (am|pm|a\.\s?m\.|p\.\s?m\.)?\s*(?:uhr|hrs?|h)?\s*(z|utc|gmt|[+-]\d{2}:?(?:\d{2})?)?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_SERIAL = re.compile(r"(\d{1,5})(?:[.,]0+)?")
_DAY_0, _NO_DAY = date(1899, 12, 31), 60
"""The day before a spreadsheet's first, and the number of the 29 February 1900 that it counts and that never was."""
_YEARS = range(1900, 2100)
"""Numbers that are rather a year than a day of the first years."""
_MOST = 0.9
"""The share of a column's cells that are numbers, if these are days."""
_PLACES: dict[DateOrder, tuple[int, int, int]] = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}
"""Where year, month and day stand among the three numbers."""


def read_date(text: str, order: DateOrder | None) -> tuple[datetime, bool]:
    """The moment a text names and whether it gives a time of day; naive unless the text has an offset.

    A date without a time is at 00:00. ValueError when it is no date in this order of day, month and year; a year of
    four digits in front and the name of a month need no order.
    """
    text = text.strip()
    if text[4:5] == "-" and (len(text) == 10 or ":" in text):
        try:
            return datetime.fromisoformat(text), len(text) > 10
        except ValueError:
            pass
    if match := _NUMERIC.fullmatch(_without_weekday(text)):
        first, _, second, third, rest = match.groups()
        parts = (first, second, third)
        year, month, day = (parts[place] for place in _PLACES["ymd" if len(first) == 4 else order or "dmy"])
        return _at(year, month, day, rest)
    if match := _COMPACT.fullmatch(text):
        year, month, day, *clock = match.groups()
        return _at(year, month, day, ":".join(part for part in clock if part))
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC), True
    return _named_month(text)


def is_serial(text: str) -> bool:
    """Whether a text is a number as which a spreadsheet may keep a day of our time."""
    match = _SERIAL.fullmatch(text.strip())
    return match is not None and len(match[1]) == 5


def serial_day(text: str) -> date | None:
    """The day that a spreadsheet keeps as this number, its 1 being 1 January 1900; None for what is no such number."""
    match = _SERIAL.fullmatch(text.strip())
    number = int(match[1]) if match else 0
    if number in (0, _NO_DAY) or number in _YEARS:
        return None
    return _DAY_0 + timedelta(days=number - (number > _NO_DAY))


def _named_month(text: str) -> tuple[datetime, bool]:
    bare = _without_weekday(text)
    if match := _DAY_FIRST.fullmatch(bare):
        day, name, year, rest = match.groups()
    elif match := _MONTH_FIRST.fullmatch(bare):
        name, day, year, rest = match.groups()
    else:
        raise ValueError(text)
    month = _months().get(name.casefold())
    if month is None:
        raise ValueError(text)
    return _at(year, str(month), day, rest)


def _at(year: str, month: str, day: str, clock: str) -> tuple[datetime, bool]:
    date = datetime(_full_year(year), int(month), int(day))  # noqa: DTZ001 — the venue's zone is joined on by the caller
    if not clock.strip(" ,"):
        return date, False
    match = _TIME.fullmatch(clock)
    if match is None or (match[2] is None and match[5] is None):
        raise ValueError(clock)
    hour = _hour(int(match[1]), (match[5] or "").lower()[:1])
    fraction = int((match[4] or "0").ljust(6, "0"))
    return date.replace(hour=hour, minute=int(match[2] or 0), second=int(match[3] or 0), microsecond=fraction,
                        tzinfo=_zone(match[6])), True  # fmt: skip


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half == "p" else 0)


def _zone(offset: str | None) -> timezone | None:
    if offset is None:
        return None
    if offset[0] not in "+-":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-span if offset[0] == "-" else span)


def _full_year(year: str) -> int:
    """A year of two digits lies in the hundred years that end with the next one."""
    if len(year) > 2:
        return int(year)
    newest = datetime.now(UTC).year + 1
    full = newest - newest % 100 + int(year)
    return full if full <= newest else full - 100


@cache
def _months() -> dict[str, int]:
    named: dict[str, int] = {}
    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for month, name in Locale(language).months[context][width].items():
                    named.setdefault(name.casefold().rstrip("."), month)
    return named


@cache
def _weekdays() -> re.Pattern[str]:
    names = {
        name.casefold().rstrip(".")
        for language in LANGUAGES
        for width in ("wide", "abbreviated")
        for name in Locale(language).days["format"][width].values()
    }
    return re.compile(rf"(?:{'|'.join(sorted(names, key=len, reverse=True))})\b[.,]*\s*", re.IGNORECASE)


def _without_weekday(text: str) -> str:
    return text if text[:1].isdigit() else _weekdays().sub("", text, count=1)


class DateEvidence:
    """Gathers, date by date, in which order a file writes day, month and year."""

    def __init__(self) -> None:
        self.proofs: dict[DateOrder, tuple[int, str]] = {}
        """For each order that some date proves (a number above 12 can only be a day), that date's line and text."""
        self.doubtful: tuple[int, str] | None = None
        """Line and text of the first date that reads as two different days."""
        self.timeless = 0
        self.timed = 0
        self._numbers = 0
        self._serials = 0
        self._firsts: set[int] = set()
        self._thirds: set[int] = set()

    def add(self, text: str, line: int) -> None:
        """Take one cell into account."""
        match = _NUMERIC.fullmatch(_without_weekday(text))
        timed = ":" in text or (match is not None and bool(match[5].strip()))
        self._numbers += _SERIAL.fullmatch(text.strip()) is not None
        self._serials += is_serial(text)
        self.timed += timed
        self.timeless += not timed
        if match is None or len(match[1]) > 2:
            return
        first, second = int(match[1]), int(match[3])
        if len(match[4]) == 2:
            self._firsts.add(first)
            self._thirds.add(int(match[4]))
        if (first > 12) != (second > 12):
            self.proofs.setdefault("dmy" if first > 12 else "mdy", (line, text))
        elif first != second and self.doubtful is None:
            self.doubtful = (line, text)

    @property
    def maybe_year_first(self) -> bool:
        """Whether the last of the numbers, not the first, looks like the day: in 19-08-03, 19-08-04 the year leads."""
        return max(self._thirds, default=99) <= 31 and len(self._thirds) > max(len(self._firsts), 2)

    @property
    def are_serials(self) -> bool:
        """Whether the dates are a spreadsheet's numbers of days: nearly all are numbers, and most have five digits."""
        return self._numbers >= _MOST * (self.timed + self.timeless) and 2 * self._serials > self._numbers

    @property
    def open_orders(self) -> tuple[DateOrder, ...]:
        """The orders that the dates leave open, likeliest first; empty when no date depends on it."""
        if self.proofs:
            proved = tuple(self.proofs)
            return (*proved, "ymd") if self.maybe_year_first and proved == ("dmy",) else proved
        return ("dmy", "mdy") if self.doubtful else ()


def readings(text: str, orders: tuple[DateOrder, ...]) -> Iterator[tuple[DateOrder, datetime]]:
    """What one date means in each of these orders, where it means anything."""
    for order in orders:
        try:
            yield order, read_date(text, order)[0]
        except ValueError:
            continue
