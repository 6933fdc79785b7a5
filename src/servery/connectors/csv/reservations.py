"""Rows of a reservations file → reservations, each with the guest's details as written on it."""

from collections.abc import Iterator
from datetime import datetime

from servery.connectors.csv.cells import BadCell, Cells, flag
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Accepted, Item, Notices, Rejected
from servery.connectors.csv.people import People
from servery.connectors.csv.places import Venues
from servery.connectors.csv.records import JOINT, Row
from servery.connectors.csv.rowids import Identified, digest
from servery.connectors.csv.words import VALUES, folded, meanings
from servery.errors import Invalid
from servery.model.changes import ReservationSeen, revision_at
from servery.model.reservation import Deposit, Reservation, ReservationStatus
from servery.model.venue import Venue

_STATUSES = meanings(VALUES.statuses)
_LARGEST_PARTY = 1000
_LONGEST = 48 * 60


class Reservations:
    """Reads a reservations file for one import."""

    def __init__(self, plan: Plan, venues: Venues, notices: Notices) -> None:
        self._plan = plan
        self._venues = venues
        self._notices = notices
        self._cells = Cells(plan)
        self._people = People(plan)
        self._identified = Identified(plan, "reservation", notices)

    def key(self, cells: list[str]) -> str:
        """The reservation that a row is: rows with one id come together, and so do rows of one content."""
        own = self._cells.text(cells, "reservation")
        return f"{self._venues.name(cells) or ''}{JOINT}{own}" if own else digest(JOINT.join(cells))

    def items(self, key: str, group: list[Row]) -> Iterator[Item]:
        """The reservations of a group of rows, each after its guest, and the rows that cannot go in."""
        for row in self._identified.rows(group):
            yield from (row,) if isinstance(row, Rejected) else self._seen(*row, self._identified.alike(group, row[2]))

    def _seen(self, line: int, cells: list[str], row_id: str, rows: int) -> Iterator[Item]:
        try:
            venue = self._venues.of(cells)
            guest_id, guest = self._people.of(cells)
            reservation = self._reservation(cells, venue, guest_id)
            revision = self._revision(cells, venue)
        except BadCell as bad:
            yield from [bad.rejected(self._plan, line)] * rows
            return
        if guest_id and guest and (seen := self._people.seen(guest_id, guest)):
            yield Accepted(seen, 0, line)
        change = ReservationSeen(row_id, revision, self._venues.name(cells) or "", reservation)
        yield Accepted(change, rows, line)

    def _reservation(self, cells: list[str], venue: Venue, guest_id: str | None) -> Reservation:
        date, time = (self._cells.text(cells, field) or "" for field in ("date", "time"))
        starts = self._cells.moment("date", date, time, venue.time_zone)
        if not starts.timed:
            raise BadCell("date", date, Invalid("The reservation has no time of day."))
        duration = self._cells.text(cells, "duration")
        table = self._cells.text(cells, "table")
        return Reservation(
            status=self._status(cells),
            starts_at=starts.at,
            party_size=self._cells.whole("party_size", self._cells.text(cells, "party_size") or "", 1, _LARGEST_PARTY),
            duration=self._cells.whole("duration", duration, 0, _LONGEST) if duration else None,
            tables=tuple(each.strip() for each in table.replace("+", ",").split(",") if each.strip()) if table else (),
            area=self._cells.text(cells, "area"),
            channel=self._cells.text(cells, "channel"),
            requests=self._cells.text(cells, "requests"),
            occasion=self._cells.text(cells, "occasion"),
            notes=self._cells.text(cells, "notes"),
            deposit=self._deposit(cells, venue),
            created_at=self._moment(cells, "created_at", venue),
            seated_at=self._moment(cells, "seated_at", venue),
            left_at=self._moment(cells, "left_at", venue),
            walk_in=flag(self._cells.text(cells, "walk_in") or "") is True,
            guest_id=guest_id,
            guest=self._people.of(cells)[1],
            reference=self._cells.text(cells, "reference"),
        )

    def _status(self, cells: list[str]) -> ReservationStatus:
        written = self._cells.text(cells, "status")
        if written is None:
            return "booked"
        status = _STATUSES.get(folded(written))
        if status is None:
            reason = Invalid("This is no status of a reservation known here; known are for example {known}.",
                             known=", ".join(VALUES.statuses), code="unknown-status")  # fmt: skip
            raise BadCell("status", written, reason)
        return status  # type: ignore[return-value]

    def _moment(self, cells: list[str], field: str, venue: Venue) -> datetime | None:
        text = self._cells.text(cells, field)
        return self._cells.till_moment(field, text, "", venue.time_zone).at if text else None

    def _deposit(self, cells: list[str], venue: Venue) -> Deposit | None:
        currency = self._cells.text(cells, "currency")
        if currency:
            self._cells.currency("currency", currency, venue.currency)
        text = self._cells.text(cells, "deposit")
        amount = self._cells.money("deposit", text, venue.currency).amount if text else 0
        return Deposit(amount, venue.currency, "paid") if amount else None

    def _revision(self, cells: list[str], venue: Venue) -> int:
        modified = self._moment(cells, "modified", venue)
        return revision_at(modified) if modified else self._plan.revision
