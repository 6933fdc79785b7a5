"""The routes of Tonight."""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

import msgspec
from litestar import Response, get
from litestar.params import FromQuery
from litestar.response import Redirect

from servery.errors import Invalid
from servery.model.guest import Birthday
from servery.web.download import csv_file
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.sources import TheSources
from servery.web.tonight import page as evening_page
from servery.web.tonight.allergens import mentioned
from servery.web.tonight.page import STANDINGS, Booking, Evening, MinutesOf, Standing, Wish
from servery.web.tonight.sentence import Spoken, alert, spoken


@get("/", sync_to_thread=False)
def start(frame: TheFrame) -> Redirect:
    """The page with which the role begins."""
    return Redirect(frame.home)


@get("/tonight", guards=[needs("see_notes")])
async def tonight(
    request: Asked, frame: TheFrame, sources: TheSources, day: FromQuery[str | None] = None
) -> Response[str]:
    """The bookings of one business date."""
    if frame.place is None:
        return page(request, frame, "tonight/no_venue.html", tab="tonight")
    evening = await sources.evening(frame.viewer, frame.here, parsed_day(day))
    wish = _wish(request)
    return page(request, frame, "tonight/page.html", tab="tonight", **_context(frame, evening, wish))


@get("/tonight.csv", guards=[needs("export_lists")])
async def tonight_csv(frame: TheFrame, sources: TheSources, day: FromQuery[str | None] = None) -> Response[bytes]:
    """The bookings of one business date as a file."""
    evening = await sources.evening(frame.viewer, frame.here, parsed_day(day))
    _ = frame.words.gettext
    header = [_("Time"), _("Table"), _("Name"), _("Covers"), _("Status"), _("Allergies"),
              _("Requests"), _("Occasion"), _("Notes for tonight"), _("Visits")]  # fmt: skip
    ordered = evening_page.by_time(evening.bookings)
    return csv_file(f"tonight-{evening.day}", header, (_cells(each, frame) for each in ordered))


def _cells(booking: Booking, frame: Frame) -> list[object]:
    story = booking.story
    return [
        booking.starts_at.astimezone(frame.notation.zone).strftime("%H:%M"),
        ", ".join(booking.tables),
        booking.name,
        booking.party_size,
        booking.status,
        "; ".join(story.allergies) if story else None,
        booking.requests,
        booking.occasion,
        booking.notes,
        story.visits if story else None,
    ]


def parsed_day(given: str | None) -> date | None:
    """A day from an address; Invalid when it is none."""
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Invalid("There is no day {day}.", field="day", day=given) from None


def _wish(request: Asked) -> Wish:
    asked = request.query_params
    standing = asked.get("standing")
    return Wish(
        daypart=asked.get("daypart") or None,
        standing=cast(Standing, standing) if standing in STANDINGS else None,
        area=asked.get("area") or None,
    )


def _context(frame: Frame, evening: Evening, wish: Wish) -> dict[str, object]:
    venue = frame.here.venue
    minutes_of = MinutesOf(evening.day, venue.time_zone)
    shown = evening_page.shown(evening.bookings, wish, venue, minutes_of)
    now = evening.now
    return {
        "evening": evening,
        "wish": wish,
        "order": evening_page.in_order(shown, wish, now),
        "spoken": {each.id: _spoken(each, frame, evening.day) for each in shown},
        "late": {each.id: evening_page.minutes_late(each, now) for each in shown},
        "birthdays": {each.id: evening_page.birthday_soon(_birthday(each), evening.day) for each in shown},
        "totals": evening_page.totals(evening.bookings),
        "hours": evening_page.hours(evening.bookings, minutes_of),
        "areas": evening_page.areas(evening.bookings),
        "dayparts": evening_page.dayparts(evening.bookings, venue, minutes_of),
        "standings": evening_page.standings(evening.bookings),
        "before": evening.day - timedelta(days=1),
        "after": evening.day + timedelta(days=1),
    }


def _spoken(booking: Booking, frame: Frame, day: date) -> Spoken | None:
    asked = mentioned(booking.requests, booking.notes)
    if booking.story is None:
        return Spoken(alert(asked, frame.words), "") if asked else None
    # Nobody at the door reads a request to its end: what it says of an allergy is said first, with what is known.
    story = msgspec.structs.replace(booking.story, allergies=(*booking.story.allergies, *asked))
    return spoken(story, frame.words, day, table=booking.tables[0] if booking.tables else None)


def _birthday(booking: Booking) -> Birthday | None:
    return booking.story.birthday if booking.story else None
