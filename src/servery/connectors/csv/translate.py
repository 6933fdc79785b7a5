"""From a file and the plan for it to universal changes, in bounded memory."""

from collections.abc import Callable, Iterator
from datetime import datetime

from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Item
from servery.model.venue import Venue

VenueOf = Callable[[str | None], Venue]
"""The venue of a name in the venue column (None: the one the caller was given). Raises Invalid when there is none."""
PriceOf = Callable[[str | None, str | None, str], int | None]
"""The price, in minor units, in a venue's menu: (venue name or None, product id or None, item name) → price or None."""
Progress = Callable[[int, int], None]
"""Told (work done, work in all), both in bytes of the file."""


def changes(
    plan: Plan, venue_of: VenueOf, price_of: PriceOf, progress: Progress, *, now: datetime | None = None
) -> Iterator[Item]:
    """Everything the file says, item by item; each call reads the file anew.

    `now` (default: the clock) tells which dates lie in the future.
    """
    raise NotImplementedError
