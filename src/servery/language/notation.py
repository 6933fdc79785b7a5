"""Money, times, days and numbers: written as the venue's country writes them, in the reader's words.

A Danish till roll says 19.30 and 1.250,00 kr. whoever reads it; only days and months follow the reader.
The country is that of the venue's time zone in CLDR.
"""

from __future__ import annotations

import re
from copy import copy
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal

from servery.model.money import decimals, to_decimal

DayStyle = Literal["long", "weekday", "short", "dated"]
"""long: Friday 21 November; weekday: Fri 21 Nov; short: 21 Nov; dated: 21 Nov 2025."""

_LETTER_BEFORE_FIGURE = re.compile(r"(?<=[A-Za-z])(?=\d)")
# CLDR's name for "the whole world": zones such as UTC belong to no country.
_NOWHERE = "001"
_SKELETONS: dict[DayStyle, str] = {
    "long": "MMMMd",
    "weekday": "MMMEd",
    "short": "MMMd",
    "dated": "yMMMd",
}


class Notation:
    """How one venue's figures are shown to readers of one language."""

    def __init__(self, language: str, time_zone: str) -> None:
        territory = get_global("zone_territories").get(time_zone, _NOWHERE)
        self.language = language
        self.zone = ZoneInfo(time_zone)
        self._reader = _reader_locale(language, territory)
        self._venue = _venue_locale(territory) or self._reader

    def money(self, minor: int, currency: str) -> str:
        """An amount in minor units, with its currency: 1.250,00 kr."""
        pattern = copy(self._venue.currency_formats["standard"])
        pattern.frac_prec = (decimals(currency), decimals(currency))
        shown = _applied(pattern, to_decimal(minor, currency), self._venue, currency)
        # Where a country puts its sign right before the figure, a currency of letters still stands apart from it.
        return _LETTER_BEFORE_FIGURE.sub("\N{NO-BREAK SPACE}", shown)

    def number(self, figure: float | Decimal, places: int = 1) -> str:
        """A number with at most so many decimal places: 1.234,5."""
        return format_decimal(float(round(Decimal(figure), places)), locale=self._venue)

    def percent(self, share: float) -> str:
        """A share of one as whole per cent."""
        return _applied(self._venue.percent_formats[None], Decimal(share), self._venue, None)

    def clock(self, instant: datetime) -> str:
        """The time an instant has on the venue's wall: 19.30."""
        pattern = self._venue.time_formats["short"].pattern
        return format_time(instant.astimezone(self.zone), pattern, locale=self._reader)

    def hour(self, after_midnight: int) -> str:
        """The hour of local minutes after midnight: 1140 is 19, or 7 PM where clocks have twelve hours."""
        pattern = "h a" if "a" in self._venue.time_formats["short"].pattern else "H"
        at = datetime(2000, 1, 1) + timedelta(minutes=after_midnight)  # noqa: DTZ001 (a time of day, on no day)
        return format_time(at.time(), pattern, locale=self._reader)

    def local_day(self, instant: datetime) -> date:
        """The calendar day an instant has at the venue."""
        return instant.astimezone(self.zone).date()

    def day(self, of: date, style: DayStyle = "weekday") -> str:
        """A day, named in the reader's language."""
        at = datetime(of.year, of.month, of.day)  # noqa: DTZ001 (a day has no zone)
        if style == "long":
            # CLDR keeps no pattern with the whole weekday and no year.
            between = ", " if "," in self._reader.datetime_skeletons["MMMEd"].pattern else " "
            return between.join((self.weekday(of), format_skeleton(_SKELETONS[style], at, locale=self._reader)))
        return format_skeleton(_SKELETONS[style], at, locale=self._reader)

    def weekday(self, of: date) -> str:
        """The name of a day of the week, as it stands inside a sentence."""
        return format_date(of, "EEEE", locale=self._reader)

    def moment(self, instant: datetime) -> str:
        """A day and time at the venue."""
        return f"{self.day(self.local_day(instant), 'dated')}, {self.clock(instant)}"

    def month_day(self, month: int, day: int) -> str:
        """A birthday without its year."""
        # 2000 was a leap year: the 29th of February is a birthday too.
        return self.day(date(2000, month, day), "short")

    def month(self, of: date) -> str:
        """A month with its year: November 2025."""
        at = datetime(of.year, of.month, 1)  # noqa: DTZ001 (a month has no zone)
        return format_skeleton("yMMMM", at, locale=self._reader)

    def ago(self, then: datetime, now: datetime) -> str:
        """How long since or until an instant: 3 minutes ago."""
        return format_timedelta(then - now, add_direction=True, locale=self._reader)

    def lasting(self, seconds: float) -> str:
        """A length of time, roughly: 4 minutes."""
        return format_timedelta(timedelta(seconds=seconds), locale=self._reader)

    def listed(self, items: list[str]) -> str:
        """Several things in a row: bread, wine and oil."""
        return format_list(items, locale=self._reader)


@cache
def notation(language: str, time_zone: str) -> Notation:
    """The notation for readers of a language at a venue of this time zone (a name of the IANA database)."""
    return Notation(language, time_zone)


def _applied(pattern: NumberPattern, value: Decimal, locale: Locale, currency: str | None) -> str:
    return str(pattern.apply(value, locale, currency=currency, currency_digits=False))


def _venue_locale(territory: str) -> Locale | None:
    if territory == _NOWHERE:
        return None
    try:
        return Locale.parse(f"und_{territory}")
    except (UnknownLocaleError, ValueError):
        return None


def _reader_locale(language: str, territory: str) -> Locale:
    # English in Denmark writes "21 Nov", in America "Nov 21"; where CLDR knows no such pair, the language alone.
    try:
        return Locale.parse(f"{language}_{territory}")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language)
