"""The venue of a row, and the prices of its menu, asked of whoever imports."""

from collections.abc import Callable, Sequence

from servery.connectors.csv.cells import BadCell
from servery.connectors.csv.mapping import Plan
from servery.errors import Invalid
from servery.model.venue import Venue

VenueOf = Callable[[str | None], Venue]
"""The venue of a name in the venue column (None: the one the caller was given). Raises Invalid when there is none."""
PriceOf = Callable[[str | None, str | None, str], int | None]
"""The price in minor units in a venue's menu: (venue name or None, product id or None, item name) → price or None."""


class Venues:
    """Asks for each venue once."""

    def __init__(self, plan: Plan, venue_of: VenueOf) -> None:
        self._place = plan.place("venue")
        self._venue_of = venue_of
        self._known: dict[str | None, Venue | Invalid] = {}

    def name(self, cells: Sequence[str]) -> str | None:
        """The row's venue as the file names it; None when the caller names it."""
        return None if self._place is None else cells[self._place].strip()

    def of(self, cells: Sequence[str]) -> Venue:
        """The row's venue. Raises BadCell when it names none, or one that does not exist."""
        name = self.name(cells)
        if name not in self._known:
            self._known[name] = self._asked(name)
        known = self._known[name]
        if isinstance(known, Invalid):
            raise BadCell("venue", name or "", known)
        return known

    def _asked(self, name: str | None) -> Venue | Invalid:
        if name == "":
            return Invalid("The row names no venue.", code="no-venue")
        try:
            return self._venue_of(name)
        except Invalid as unknown:
            return unknown
