"""Rows of a guests file → guests' records."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from servery.connectors.csv.cells import BadCell, Cells, flag
from servery.connectors.csv.columns import DAY_AND_MONTH
from servery.connectors.csv.dates import is_serial, read_date, serial_day
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Accepted, Item, Notices, Rejected
from servery.connectors.csv.records import JOINT, Row
from servery.connectors.csv.rowids import Identified, digest
from servery.errors import Invalid
from servery.model.changes import GuestSeen, revision_at
from servery.model.guest import Birthday, Consent, Note, SourceGuest, birthday_of, whole_name

_LISTS = re.compile(r"[,;|/\n]")
_PERSON = ("guest_name", "guest_given_name", "guest_family_name", "guest_email", "guest_phone", "guest_id")
_CONSENT: dict[bool | None, Consent] = {True: "granted", False: "denied", None: "unknown"}


class Guests:
    """Reads a guests file for one import."""

    def __init__(self, plan: Plan, notices: Notices) -> None:
        self._plan = plan
        self._notices = notices
        self._cells = Cells(plan)
        self._identified = Identified(plan, "guest_id", notices)

    def key(self, cells: list[str]) -> str:
        """The guest that a row tells of: rows with one id come together, and so do rows of one content."""
        own = self._cells.text(cells, "guest_id")
        return f"{JOINT}{own}" if own else digest(JOINT.join(cells))

    def items(self, key: str, group: list[Row]) -> Iterator[Item]:
        """The guests of a group of rows, and the rows that cannot go in."""
        for row in self._identified.rows(group):
            if isinstance(row, Rejected):
                yield row
                continue
            line, cells, row_id = row
            try:
                seen = GuestSeen(row_id, self._revision(cells), self._guest(cells, line), complete=False)
                yield Accepted(seen, self._identified.alike(group, row_id), line)
            except BadCell as bad:
                yield bad.rejected(self._plan, line)

    def _guest(self, cells: list[str], line: int) -> SourceGuest:
        if not any(self._cells.text(cells, field) for field in _PERSON):
            raise BadCell("guest_name", "", Invalid("The row names nobody: no name, e-mail, phone or id."))
        given, family = self._cells.text(cells, "guest_given_name"), self._cells.text(cells, "guest_family_name")
        note = self._cells.text(cells, "notes")
        consent = self._cells.text(cells, "marketing")
        return SourceGuest(
            name=self._cells.text(cells, "guest_name") or whole_name(given, family),
            given_name=given,
            family_name=family,
            email=self._cells.text(cells, "guest_email"),
            phone=self._cells.text(cells, "guest_phone"),
            country=self._country(cells),
            postcode=self._cells.text(cells, "postcode"),
            city=self._cells.text(cells, "city"),
            company=self._cells.text(cells, "company"),
            birthday=self._birthday(cells, line),
            language=self._cells.text(cells, "language"),
            tags=self._list(cells, "tags"),
            notes=(Note(note),) if note else (),
            allergies=self._list(cells, "allergies"),
            preferences=self._list(cells, "preferences"),
            vip=flag(self._cells.text(cells, "vip") or ""),
            marketing=_CONSENT[flag(consent or "")],
            loyalty_id=self._cells.text(cells, "loyalty_id"),
            created_at=self._instant(cells, "created_at"),
        )

    def _list(self, cells: list[str], field: str) -> tuple[str, ...]:
        text = self._cells.text(cells, field) or ""
        return tuple(part.strip() for part in _LISTS.split(text) if part.strip())

    def _country(self, cells: list[str]) -> str | None:
        """Two letters only: a country's name in some language would mislead the reading of phone numbers."""
        text = self._cells.text(cells, "country")
        return text.upper() if text and len(text) == 2 and text.isalpha() else None

    def _birthday(self, cells: list[str], line: int) -> Birthday | None:
        text = self._cells.text(cells, "birthday")
        if text is None:
            return None
        try:
            if match := DAY_AND_MONTH.fullmatch(text):
                first, second = int(match[1]), int(match[2])
                day, month = (second, first) if self._plan.date_order == "mdy" else (first, second)
                birthday_of(datetime(2000, month, day, tzinfo=UTC).date())
                return Birthday(month, day)
            serial = serial_day(text) if self._plan.serial_birthdays else None
            return birthday_of(serial or read_date(text, self._plan.date_order)[0].date())
        except (ValueError, OverflowError):
            if is_serial(text):
                self._notices.add(
                    "birthday-number",
                    "Birthdays that are numbers, as spreadsheets keep days, left out: {count}. Show that column as "
                    "dates, and save the file again.",
                    line,
                )
            else:
                self._notices.add("birthday-unreadable", "Birthdays that are no dates, left out: {count}.", line)
            return None

    def _instant(self, cells: list[str], field: str) -> datetime | None:
        # A guest has no venue and so no clock: when they were entered is told in UTC.
        text = self._cells.text(cells, field)
        return self._cells.moment(field, text, "", "UTC").at if text else None

    def _revision(self, cells: list[str]) -> int:
        modified = self._instant(cells, "modified")
        return revision_at(modified) if modified else self._plan.revision
