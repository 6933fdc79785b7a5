"""Real exports, read by guess alone. Their figures are stated in the README beside them."""

from pathlib import Path

import pytest

from servery.connectors.csv import Accepted, Notice, Rejected, changes, plan
from servery.model.changes import CheckSeen, GuestSeen
from servery.model.order import add_up
from servery.model.venue import Venue

DATA = Path(__file__).resolve().parents[5].parent / "shared" / "data"


def real(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the real data set {name} is not beside this checkout")
    return path


class Tally:
    """What an import of a whole file comes to."""

    def __init__(self, planned, venue):
        self.checks = self.rows = self.total = self.rejected = 0
        self.venues: set[str] = set()
        self.guests: list[str] = []
        self.notices: dict[str, int] = {}
        for item in changes(planned, lambda name: venue, lambda *_: None, lambda done, total: None):
            self.count(item)

    def count(self, item):
        match item:
            case Accepted(change=CheckSeen() as change, rows=rows):
                self.checks += 1
                self.rows += rows
                self.venues.add(change.location)
                self.total += add_up(change.check).total
            case Accepted(change=GuestSeen(external_id=guest)):
                self.guests.append(guest)
            case Rejected():
                self.rejected += 1
            case Notice():
                self.notices[item.code] = item.count


def test_the_takeaway():
    planned = plan(real("takeaway/orders.csv"), "orders", has_venue=True)
    assert planned.rows == 74_818
    assert (planned.date_order, planned.unmapped) == ("dmy", ("City",))
    seen = Tally(planned, Venue(name="Takeaway", time_zone="Europe/London", currency="GBP"))
    assert (seen.checks, seen.rows, seen.total) == (13_397, 74_818, 44_651_745)
    assert (seen.rejected, seen.notices) == (0, {"line-count": 190})


def test_the_loyalty_scheme():
    planned = plan(real("loyalty/transactions.csv"), "orders", has_venue=False)
    assert planned.columns["guest_id"] == ("household_id",)
    assert planned.columns["discount"] == ("retail_disc", "coupon_disc", "coupon_match_disc")
    seen = Tally(planned, Venue(name="Stores", time_zone="Etc/UTC", currency="USD"))
    assert (seen.checks, seen.rows, seen.total) == (47_243, 75_000, 23_393_524)
    assert (len(seen.venues), len(seen.guests), len(set(seen.guests))) == (293, 2_377, 2_377)
    assert seen.rejected == 0
    assert seen.notices["quantity-zero"] == 416
    assert seen.notices["no-name"] == 296
