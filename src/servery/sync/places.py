"""Which venue a connection's location is, with what is needed to place a record in time there."""

from datetime import date, datetime

from msgspec import Struct

from servery.model.venue import Venue, business_date


class Place(Struct, frozen=True):
    """A venue as records of one location are placed in it."""

    venue_id: int
    venue: Venue

    def business_date(self, instant: datetime) -> date:
        """The trading day an instant belongs to here."""
        return business_date(instant, self.venue.time_zone, self.venue.cutoff)
