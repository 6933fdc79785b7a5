"""The routes of the monthly review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from litestar import Response, get
from litestar.params import FromQuery

from servery.errors import Invalid
from servery.health.review import BENCHMARK, Review
from servery.web.connections.health import TheHealth
from servery.web.download import csv_file
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page

# Who runs the house: it needs both what changes connections and what may leave as a list.
_GUARDS = [needs("change_connections"), needs("export_lists")]


@get("/review", guards=_GUARDS)
async def review(
    request: Asked, frame: TheFrame, house: TheHealth, month: FromQuery[str | None] = None
) -> Response[str]:
    """One month looked back on; without `month` the last that is over."""
    found = await house.review(frame.viewer, parsed_month(month))
    return page(request, frame, "review/page.html", tab="connections", review=found, benchmark=BENCHMARK)


@get("/review.csv", guards=_GUARDS)
async def review_csv(frame: TheFrame, house: TheHealth, month: FromQuery[str | None] = None) -> Response[bytes]:
    """The same as a file: one figure in a row."""
    found = await house.review(frame.viewer, parsed_month(month))
    _ = frame.words.gettext
    header = [_("Of"), _("Figure"), _("Value")]
    return csv_file(f"review-{found.month:%Y-%m}", header, _lines(found, frame))


def _lines(found: Review, frame: Frame) -> Iterator[tuple[object, ...]]:
    _ = frame.words.gettext
    guests, checks = found.completeness, found.checks
    share = None if guests.share is None else round(guests.share, 4)
    yield from (
        (_("Guests"), _("with a booking"), guests.guests),
        (_("Guests"), _("with contact"), guests.contact),
        (_("Guests"), _("with a visit"), guests.visit),
        (_("Guests"), _("with spend"), guests.spend),
        (_("Guests"), _("complete"), guests.complete),
        (_("Guests"), _("share of complete profiles"), share),
        (_("Checks"), _("all"), checks.checks),
        (_("Checks"), _("with a booking"), checks.matched),
        (_("Checks"), _("without a booking"), checks.walk_ins),
        (_("Checks"), _("could be several bookings'"), checks.ambiguous),
        (_("Checks"), _("that do not add up"), checks.differing),
    )
    for one in found.syncing:
        yield from (
            (one.name, _("events"), one.received),
            (one.name, _("kept aside"), one.quarantined),
            (one.name, _("updates sent"), one.sent),
            (one.name, _("failed tries"), one.failed),
            (one.name, _("outages"), one.outages),
            (one.name, _("share of the time it worked"), None if one.up_share is None else round(one.up_share, 4)),
        )


def parsed_month(given: str | None) -> date | None:
    """A month from an address; Invalid when it is none."""
    if not given:
        return None
    try:
        return date.fromisoformat(f"{given}-01")
    except ValueError:
        raise Invalid("There is no month {month}.", field="month", month=given) from None
