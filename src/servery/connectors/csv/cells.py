"""Cells as typed values, read as the plan says; each distinct text is read once."""

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from servery.connectors.csv.amounts import currencies_of, number
from servery.connectors.csv.dates import read_date
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Rejected, shown
from servery.connectors.csv.words import VALUES
from servery.errors import Invalid
from servery.model.money import decimals, known_currency, to_minor
from servery.model.venue import NotOnTheClock, from_local

Value = TypeVar("Value")
_REMEMBERED = 100_000
_FORMS = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day", None: "day, month, year"}


class BadCell(Exception):
    """A cell that keeps its row out: the field it gives, what stands there, and why it cannot be taken."""

    def __init__(self, field: str, value: str, reason: Invalid) -> None:
        super().__init__(reason.template)
        self.field = field
        self.value = value
        self.reason = reason

    def rejected(self, plan: Plan, line: int) -> Rejected:
        """The row at this line, rejected for this cell."""
        names = plan.columns.get(self.field)
        return Rejected(line, names[0] if names else None, shown(self.value), self.reason)


class Moment(Struct, frozen=True):
    """An instant, UTC; `timed` when the file gave a time of day.

    `twice` when the clock showed that time twice, `skipped` when it never showed it.
    """

    at: datetime
    timed: bool = True
    twice: bool = False
    skipped: bool = False


class Money(Struct, frozen=True):
    """Minor units; `rounded` when the file had more decimals than the currency."""

    amount: int
    rounded: bool = False


class Cells:
    """Reads cells. Every method raises BadCell for a text that is not what its field holds."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._places = {field: place for field in plan.columns if (place := plan.place(field)) is not None}
        self._known: dict[Hashable, object] = {}

    def text(self, row: Sequence[str], field: str) -> str | None:
        """What a row says in a field, as written; None when it says nothing."""
        place = self._places.get(field)
        return None if place is None else row[place].strip() or None

    def _once(self, key: Hashable, read: Callable[[], Value]) -> Value:
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = read()
        return known  # type: ignore[return-value]

    def money(self, field: str, text: str, currency: str) -> Money:
        """An amount, which must be in this currency if it names one."""
        return self._once((field, text, currency), lambda: self._money(field, text, currency))

    def _money(self, field: str, text: str, currency: str) -> Money:
        try:
            value, word = number(text, self._plan.decimal)
            codes = currencies_of(word) if word else None
            if codes == frozenset():
                raise ValueError(text)
        except ValueError:
            raise BadCell(field, text, self._no_number("This is not an amount.", text)) from None
        if codes and currency not in codes:
            raise BadCell(field, text, _other_currency(word or "", currency))
        amount = to_minor(value, currency)
        rounded = abs(value.scaleb(decimals(currency)) - amount) > Decimal("0.000001")
        return Money(amount, rounded)

    def number(self, field: str, text: str) -> Decimal:
        """A number; a unit beside it (2 stk, 1x) is left aside."""
        return self._once((field, text), lambda: self._number(field, text))

    def _number(self, field: str, text: str) -> Decimal:
        try:
            return number(text, self._plan.decimal)[0]
        except ValueError:
            raise BadCell(field, text, self._no_number("This is not a number.", text)) from None

    def _no_number(self, template: str, text: str) -> Invalid:
        if not any(letter.isdigit() for letter in text):
            return Invalid(template)
        return Invalid(template, mend='The file\'s decimals begin with "{sign}".', sign=self._plan.decimal)

    def whole(self, field: str, text: str, least: int, most: int) -> int:
        """A whole number within limits."""
        value = self.number(field, text)
        if value != int(value) or not least <= value <= most:
            reason = Invalid("This is not a whole number from {least} to {most}.", least=least, most=most)
            raise BadCell(field, text, reason)
        return int(value)

    def moment(self, field: str, date: str, time: str, zone: str) -> Moment:
        """An instant from a date cell and a time cell (empty where the date has its own), in the venue's zone."""
        moment = self.till_moment(field, date, time, zone)
        if moment.skipped:
            reason = Invalid(
                "There was no such time in {zone}: the clock went forward.", zone=zone, code="not-on-the-clock",
                mend='If the file\'s times are UTC, write in a file [options] times = "utc" and give it with --map.',
            )  # fmt: skip
            raise BadCell(field, f"{date} {time}".strip(), reason)
        return moment

    def till_moment(self, field: str, date: str, time: str, zone: str) -> Moment:
        """The same of something that happened: if the clock never showed that time, it was the till's that lagged."""
        return self._once((field, date, time, zone), lambda: self._moment(field, date, time, zone))

    def _moment(self, field: str, date: str, time: str, zone: str) -> Moment:
        try:
            read, timed = read_date(date, self._plan.date_order)
            # Tills that keep the time apart often write midnight beside the date.
            if time and read == datetime(read.year, read.month, read.day):  # noqa: DTZ001
                read, timed = read_date(f"{read:%Y-%m-%d} {time}", "ymd")
        except (ValueError, OverflowError):
            reason = Invalid("This is no date (read as {form}) and time.", form=_FORMS[self._plan.date_order])
            raise BadCell(field, f"{date} {time}".strip(), reason) from None
        if not timed:
            read = read.replace(hour=12)
        if read.year < 1900:
            raise BadCell(field, date, Invalid("This date lies before 1900."))
        return self._on_the_clock(field, read, timed, zone)

    def _on_the_clock(self, field: str, read: datetime, timed: bool, zone: str) -> Moment:
        if read.tzinfo is not None:
            return Moment(read.astimezone(UTC), timed)
        if self._plan.times == "utc" and timed:
            return Moment(read.replace(tzinfo=UTC), timed)
        try:
            at = from_local(read, zone)
        except NotOnTheClock:
            return Moment(read.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), timed, skipped=True)
        there = read.replace(tzinfo=ZoneInfo(zone))
        twice = there.utcoffset() != there.replace(fold=1).utcoffset()
        return Moment(at, timed, twice)

    def currency(self, field: str, text: str, currency: str) -> None:
        """Make sure that a currency column names the venue's currency."""
        self._once((field, text, currency), lambda: self._currency(field, text, currency))

    def _currency(self, field: str, text: str, currency: str) -> bool:
        codes = currencies_of(text.strip())
        if not codes:
            raise BadCell(
                field, text, Invalid("This is not a currency; write a code such as {example}.", example=currency)
            )
        if currency not in codes:
            raise BadCell(field, text, _other_currency(text.strip(), currency))
        return True


def _other_currency(word: str, currency: str) -> Invalid:
    # The venue's currency stands, because amounts of two currencies in one check could not be added.
    known = word if known_currency(word) else shown(word, 8)
    return Invalid("The amount is in {word}, the venue's currency is {currency}.", word=known, currency=currency)


def flag(text: str) -> bool | None:
    """Yes or no; None when the text is neither, or empty."""
    bare = text.strip().casefold()
    return True if bare in VALUES.yes else False if bare and bare in VALUES.no else None
