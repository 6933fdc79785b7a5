"""Rows of an orders file → checks, with the guests named on them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from servery.connectors.csv.cells import BadCell, Cells, Moment
from servery.connectors.csv.lines import Lines, told_oddity, unpriced
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Accepted, Item, Notices, Rejected, shown
from servery.connectors.csv.parts import Parts
from servery.connectors.csv.people import People
from servery.connectors.csv.places import PriceOf, Venues
from servery.connectors.csv.records import JOINT, Row
from servery.connectors.csv.rowids import Identified, digest
from servery.errors import Invalid
from servery.model.changes import CheckSeen, revision_at
from servery.model.guest import SourceGuest
from servery.model.money import times
from servery.model.order import Check, Line
from servery.model.venue import Venue, business_date

_DAY = timedelta(days=1)
_MANY = 500
"""Lines from which a check is told: more likely its column is not the check's id."""


class _Read(Struct):
    """The rows of one check that can go in."""

    cells: list[list[str]]
    lines: list[Line]
    moments: list[Moment]
    first_line: int
    rejected: int = 0


class Orders:
    """Reads an orders file for one import."""

    def __init__(self, plan: Plan, venues: Venues, price_of: PriceOf, notices: Notices, now: datetime) -> None:
        self._plan = plan
        self._venues = venues
        self._price_of = price_of
        self._notices = notices
        self._now = now
        self._cells = Cells(plan)
        self._lines = Lines(plan, self._cells)
        self._parts = Parts(plan, self._cells, notices)
        self._people = People(plan)
        self._identified = Identified(plan, "line_id", notices)
        self._check, self._date, self._time, self._count, self._modified = (
            plan.place(field) for field in ("check", "date", "time", "line_count", "modified")
        )
        apart = ("venue", "date", "time", "table", "guest_id", "guest_email", "guest_phone", "guest_name")
        self._apart = [place for field in apart if (place := plan.place(field)) is not None]
        self._largest = Decimal(0)
        self._menu_prices: dict[tuple[str | None, str | None, str], int | None] = {}

    def key(self, cells: list[str]) -> str:
        """The check that a row belongs to. Raises BadCell when the row names none."""
        venue = self._venues.name(cells) or ""
        if self._check is None:
            return digest(JOINT.join(cells[place].strip() for place in self._apart))
        check = cells[self._check].strip()
        if not check:
            raise BadCell("check", "", Invalid("The row names no check.", code="no-check"))
        if self._plan.check_numbers == "daily":
            where = self._venues.of(cells)
            moment = self._moment(cells, where.time_zone)
            if moment:
                check = f"{check}@{business_date(moment.at, where.time_zone, where.cutoff)}"
        return f"{venue}{JOINT}{check}"

    def items(self, key: str, group: list[Row]) -> Iterator[Item]:
        """The check of a group of rows, its guest before it, and the rows that cannot go in."""
        name = self._venues.name(group[0][1].split(JOINT))
        try:
            venue = self._venues.of(group[0][1].split(JOINT))
        except BadCell as bad:
            yield from (bad.rejected(self._plan, line) for line, _ in group)
            return
        read = _Read([], [], [], group[0][0])
        for row in self._identified.rows(group):
            rejected = row if isinstance(row, Rejected) else self._take(read, row, name, venue)
            if rejected:
                yield rejected
                read.rejected += 1
        if not read.moments and read.lines:
            reason = Invalid("No row of this check has a date.", code="no-date")
            yield from (Rejected(line, self._plan.columns["date"][0], "", reason) for line, _ in group)
        elif read.lines:
            yield from self._seen(key.rpartition(JOINT)[2], name, venue, read, group)

    def _take(self, read: _Read, row: tuple[int, list[str], str], name: str | None, venue: Venue) -> Rejected | None:
        """Add a row to its check; or the row, rejected."""
        at, cells, row_id = row
        try:
            moment = self._moment(cells, venue.time_zone)
            line = self._line(cells, row_id, name, venue, at)
            self._parts.proved(cells, venue.currency)
        except BadCell as bad:
            return bad.rejected(self._plan, at)
        if moment:
            read.moments.append(moment)
            self._tell_moment(moment, at)
        read.lines.append(line)
        read.cells.append(cells)
        return None

    def _moment(self, cells: list[str], zone: str) -> Moment | None:
        date = cells[self._date or 0].strip()
        if not date:
            return None
        moment = self._cells.till_moment("date", date, "" if self._time is None else cells[self._time].strip(), zone)
        if moment.at > self._now + _DAY:
            raise BadCell("date", date, Invalid("This date lies in the future.", code="in-the-future"))
        return moment

    def _tell_moment(self, moment: Moment, line: int) -> None:
        if moment.skipped:
            self._notices.add(
                "not-on-the-clock",
                "Times that the clock skipped, as it went forward, kept as an hour later: {count}. "
                'Where the file\'s times are UTC, say so with times = "utc" in the [options] of a --map.',
                line,
            )
        if moment.twice:
            self._notices.add(
                "clock-twice", "Times that came twice, as the clock went back; the first is meant: {count}.", line
            )
        if not moment.timed:
            self._notices.add("no-time", "Rows with a date and no time of day, kept at noon: {count}.", line)
        if moment.at > self._now:
            self._notices.add("in-the-future", "Rows up to a day in the future: {count}.", line)

    def _line(self, cells: list[str], row_id: str, venue_name: str | None, venue: Venue, at: int) -> Line:
        worth = self._lines.worth(cells, venue.currency)
        name, product_id = self._lines.named(cells)
        amount = worth.amount
        if amount is None:
            price = self._menu_price(venue_name, product_id, name)
            if price is None and not self._parts.has_total(cells):
                raise unpriced(name, product_id)
            amount = times(price or 0, worth.quantity)
        for code in self._lines.odd(worth, name):
            self._largest = max(self._largest, worth.quantity)
            self._notices.add(
                code, told_oddity(code), at, largest=f"{self._largest.normalize():,f}", currency=venue.currency
            )
        return self._lines.line(cells, worth, amount, row_id)

    def _menu_price(self, venue: str | None, product_id: str | None, name: str) -> int | None:
        key = (venue, product_id, name)
        if key not in self._menu_prices:
            self._menu_prices[key] = self._price_of(*key)
        return self._menu_prices[key]

    def _seen(self, check_id: str, name: str | None, venue: Venue, read: _Read, group: list[Row]) -> Iterator[Item]:
        guest_id, guest = self._guest(read)
        if guest_id and guest and (seen := self._people.seen(guest_id, guest)):
            yield Accepted(seen, 0, read.first_line)
        self._tell_size(read, group)
        check = self._assembled(check_id, venue, read, guest_id, guest)
        revision = self._revision(read, venue)
        rows = len(group) - read.rejected
        yield Accepted(CheckSeen(check_id, revision, name or "", check, complete=False), rows, read.first_line)

    def _guest(self, read: _Read) -> tuple[str | None, SourceGuest | None]:
        if self._people.none:
            return None, None
        return next((found for cells in read.cells if (found := self._people.of(cells))[1]), (None, None))

    def _assembled(
        self, check_id: str, venue: Venue, read: _Read, guest_id: str | None, guest: SourceGuest | None
    ) -> Check:
        opened = min(moment.at for moment in read.moments)
        last = max(moment.at for moment in read.moments)
        if last - opened > _DAY:
            self._notices.add(
                "check-spans-days",
                "Checks whose lines lie more than a day apart: {count}. If the till counts from 1 again each day, "
                'write in a file [options] check_numbers = "daily" and give it with --map.',
                read.first_line,
            )
        return self._parts.check(
            check_id, read.cells, tuple(read.lines), venue, read.first_line, opened,
            last if last > opened else None, (guest_id, guest),
        )  # fmt: skip

    def _tell_size(self, read: _Read, group: list[Row]) -> None:
        if len(group) >= _MANY:
            self._notices.add("check-large", "Checks with 500 lines or more: {count}.", read.first_line)
        if self._count is None:
            return
        text = read.cells[0][self._count].strip()
        try:
            stated = self._cells.number("line_count", text) if text else len(group)
        except BadCell:
            stated = -1
        if stated != len(group):
            self._notices.add(
                "line-count", "Checks with another number of lines than the column {column} says: {count}.",
                read.first_line, column=shown(self._plan.columns["line_count"][0]),
            )  # fmt: skip

    def _revision(self, read: _Read, venue: Venue) -> int:
        """The latest modified time in the rows, else the file's."""
        if self._modified is None:
            return self._plan.revision
        written = [text for cells in read.cells if (text := cells[self._modified].strip())]
        try:
            moments = [self._cells.till_moment("modified", text, "", venue.time_zone).at for text in written]
        except BadCell:
            return self._plan.revision
        return revision_at(max(moments)) if moments else self._plan.revision
