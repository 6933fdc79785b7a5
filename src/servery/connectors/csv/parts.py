"""What the columns of an orders file say of the whole check: table, covers, totals, taxes, tips, payment."""

from datetime import datetime

from msgspec.structs import replace

from servery.connectors.csv.cells import BadCell, Cells
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Notices, shown
from servery.connectors.csv.words import VALUES, folded, meanings
from servery.model.guest import SourceGuest
from servery.model.order import Check, Line, Order, Payment, ServiceCharge, ServiceMode, Tax, Tender, add_up
from servery.model.venue import Venue

_MODES = meanings(VALUES.service_modes)
_TENDERS = meanings(VALUES.tenders)
_SUMS = ("tip", "tax", "service_charge", "check_total")
_MOST_COVERS = 1000


class Parts:
    """Reads the parts of checks from all their rows."""

    def __init__(self, plan: Plan, cells: Cells, notices: Notices) -> None:
        self._plan = plan
        self._cells = cells
        self._notices = notices
        self._places = {field: place for field in plan.columns if (place := plan.place(field)) is not None}
        self._sums = [(field, self._places[field]) for field in _SUMS if field in self._places]

    def proved(self, cells: list[str], currency: str) -> None:
        """Make sure that a row's sums are amounts. Raises BadCell."""
        for field, place in self._sums:
            if text := cells[place].strip():
                self._cells.money(field, text, currency)

    def has_total(self, cells: list[str]) -> bool:
        """Whether a row states its check's total, so that its lines need no price of their own."""
        place = self._places.get("check_total")
        return place is not None and bool(cells[place].strip())

    def check(
        self, check_id: str, rows: list[list[str]], lines: tuple[Line, ...], venue: Venue, line: int,
        opened: datetime, closed: datetime | None, guest: tuple[str | None, SourceGuest | None],
    ) -> Check:  # fmt: skip
        """A closed check of these lines with all that its rows say of it; `line` is the first row's."""
        tip = self._sum("tip", rows, venue)
        charges = self._sum("service_charge", rows, venue)
        name = self._plan.columns.get("service_charge", ("",))[0]
        bare = Check(
            currency=venue.currency,
            opened_at=opened,
            closed_at=self._closed(rows, venue, line) or closed,
            number=check_id.partition("@")[0] if "check" in self._places else None,
            order=self._order(check_id, rows, line),
            table=self._first("table", rows),
            covers=self._covers(rows, line),
            server=self._first("server", rows),
            revenue_centre=self._first("revenue_centre", rows),
            lines=lines,
            service_charges=(ServiceCharge(name, charges),) if charges else (),
            tip=0 if "tender" in self._places else tip,
            guest_id=guest[0],
            guest=guest[1] if guest[1] and not guest[0] else None,
        )
        return self._with_totals(bare, check_id, rows, venue, line, tip)

    def _with_totals(
        self, bare: Check, check_id: str, rows: list[list[str]], venue: Venue, line: int, tip: int
    ) -> Check:
        if not self._sums and "tender" not in self._places:
            return bare
        total = self._total(rows, venue, line)
        tax = self._sum("tax", rows, venue)
        sums = add_up(bare)
        added = total == sums.total + tax if total is not None and tax else self._plan.tax == "added"
        if tax:
            bare = replace(bare, taxes=(Tax(self._plan.columns["tax"][0], tax, not added),))
        check = replace(bare, total=total)
        if total is not None and add_up(check).difference:
            self._notices.add(
                "total-contradicts", "Checks whose lines do not add up to the total the file states: {count}.", line
            )
        if "tender" not in self._places:
            return check
        payment = Payment(amount=add_up(check).total, tender=self._tender(rows, line), tip=tip, external_id=check_id)
        return replace(check, payments=(payment,))

    def _first(self, field: str, rows: list[list[str]]) -> str | None:
        place = self._places.get(field)
        return None if place is None else next((text for cells in rows if (text := cells[place].strip())), None)

    def _said(self, field: str, rows: list[list[str]], venue: Venue) -> list[int]:
        place = self._places.get(field)
        if place is None:
            return []
        return [
            self._cells.money(field, text, venue.currency).amount for cells in rows if (text := cells[place].strip())
        ]

    def _sum(self, field: str, rows: list[list[str]], venue: Venue) -> int:
        said = self._said(field, rows, venue)
        return (said[0] if said else 0) if field in self._plan.per_check else sum(said)

    def _total(self, rows: list[list[str]], venue: Venue, line: int) -> int | None:
        said = self._said("check_total", rows, venue)
        if len(set(said)) > 1:
            self._notices.add("totals-differ", "Checks with several totals, of which the last is kept: {count}.", line)
        return said[-1] if said else None

    def _tender(self, rows: list[list[str]], line: int) -> Tender:
        written = self._first("tender", rows) or "other"
        found = _meaning(_TENDERS, written)
        if found is None:
            told = "Checks paid in a way not known here, kept as other: {count}; one of them {word}."
            self._notices.add("tender-unknown", told, line, word=shown(written))
        return found or "other"  # type: ignore[return-value]

    def _order(self, check_id: str, rows: list[list[str]], line: int) -> Order | None:
        channel = self._first("channel", rows)
        written = self._first("service_mode", rows)
        mode: ServiceMode | None = _meaning(_MODES, written) if written else None  # type: ignore[assignment]
        if written and mode is None:
            told = "Checks with a way of serving not known here, left out: {count}; one of them {word}."
            self._notices.add("service-mode-unknown", told, line, word=shown(written))
        return Order(external_id=check_id, service_mode=mode, channel=channel) if channel or mode else None

    def _covers(self, rows: list[list[str]], line: int) -> int | None:
        text = self._first("covers", rows)
        if text is None:
            return None
        try:
            return self._cells.whole("covers", text, 0, _MOST_COVERS) or None
        except BadCell:
            self._notices.add(
                "covers-unreadable", "Checks with covers that are no number of people, left out: {count}.", line
            )
            return None

    def _closed(self, rows: list[list[str]], venue: Venue, line: int) -> datetime | None:
        text = self._first("closed_at", rows)
        if text is None:
            return None
        try:
            moment = self._cells.till_moment("closed_at", text, "", venue.time_zone)
        except BadCell:
            self._notices.add(
                "closing-unreadable", "Checks with a closing time that is no time, left out: {count}.", line
            )
            return None
        return moment.at if moment.timed else None


def _meaning(known: dict[str, str], written: str) -> str | None:
    """What a cell means by all its words together, or by the first of them that means something."""
    word = folded(written)
    return known.get(word) or next((known[each] for each in word.split() if each in known), None)
