"""The routes of the guests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from servery.guests.matching.words import told
from servery.language.notation import Notation
from servery.model.guest import Birthday
from servery.model.money import to_decimal
from servery.web.download import csv_file
from servery.web.forms import Form
from servery.web.frame import Frame, TheFrame
from servery.web.guard import needs
from servery.web.guests.agreed import agreed
from servery.web.guests.page import GuestRow, GuestsAsked, LogLine, Profile, RuledTag, SourceRecord
from servery.web.render import Asked, page
from servery.web.sources import TheSources
from servery.web.tags.words import rule_told
from servery.web.tonight.page import birthday_soon
from servery.web.tonight.sentence import alert, spoken
from servery.web.typed import found_at, typed

# A file is read in one go; beyond this a warehouse is the better place to ask.
_MOST_IN_A_FILE = 50_000
_IN_THE_SEARCH = 8


@get("/guests", guards=[needs("see_guests")])
async def guests(
    request: Asked, frame: TheFrame, sources: TheSources, cursor: FromQuery[str | None] = None
) -> Response[str]:
    """The list, or what a search finds."""
    text = typed(request)
    found = await sources.guests(frame.viewer, GuestsAsked(text, cursor))
    template = "guests/rows.html" if request.headers.get("hx-target") == "more" else "guests/page.html"
    alerts = _alerts(found.rows, frame)
    search = request.query_params.get("typed")
    return page(
        request, frame, template, tab="guests", found=found, text=text, search=search, searched=text, alerts=alerts
    )


@post("/guests", guards=[needs("see_guests")])
async def search_guests(request: Asked, data: Form) -> Redirect:
    """Lead on to what a search finds."""
    return found_at(request, "/guests", data.get("q", ""))


@post("/search", guards=[needs("see_guests")])
async def search(request: Asked, frame: TheFrame, sources: TheSources, data: Form) -> Response[str]:
    """The first few that a search finds, for the box at the top of every page."""
    text = data.get("q", "").strip()
    asked = GuestsAsked(text, limit=_IN_THE_SEARCH)
    found = await sources.guests(frame.viewer, asked) if text else None
    alerts = _alerts(found.rows, frame) if found else {}
    return page(request, frame, "guests/found.html", found=found, text=text, alerts=alerts)


@get("/guests.csv", guards=[needs("export_lists")])
async def guests_csv(request: Asked, frame: TheFrame, sources: TheSources) -> Response[bytes]:
    """The list, or what a search finds, as a file."""
    found = await sources.guests(frame.viewer, GuestsAsked(typed(request), limit=_MOST_IN_A_FILE))
    _ = frame.words.gettext
    header = [_("Name"), _("E-mail"), _("Phone"), _("Visits"), _("Last visit"), _("Spend"),
              _("Currency"), _("VIP"), _("Allergies")]  # fmt: skip
    return csv_file("guests", header, (_cells(row, frame) for row in found.rows))


@get("/guests/{guest_id:int}", guards=[needs("see_guests")])
async def guest(request: Asked, frame: TheFrame, sources: TheSources, guest_id: FromPath[int]) -> Response[Any]:
    """One guest. An id that was merged leads on to the one it became."""
    profile = await sources.guest(frame.viewer, guest_id)
    if profile.id != guest_id:
        return Redirect(f"/guests/{profile.id}", status_code=301)
    return guest_page(request, frame, profile)


def guest_page(
    request: Asked, frame: Frame, profile: Profile, typed: Mapping[str, str] | None = None, fault: str = ""
) -> Response[str]:
    """The page of a guest; with what somebody `typed` there, and what is at `fault` with it."""
    now = datetime.now(UTC)
    notation = frame.notation_of(profile.time_zone) if profile.time_zone else frame.notation
    today = notation.local_day(now)
    said = spoken(profile.story, frame.words, today, expected=False)
    birthday = birthday_soon(profile.birthday, today)
    context = {
        "guest": profile, "said": said, "birthday": birthday, "g": notation, "why": partial(_why, frame),
        "scored": partial(_scored, frame), "agreed": agreed(profile.marketing, frame.words, frame.notation),
        "born": partial(_born, notation),
        "ruled": {one.rule_id: _because(frame, one) for one in profile.ruled},
        "typed": typed or {}, "fault": fault,
    }  # fmt: skip
    return page(request, frame, "guests/guest.html", tab="guests", **context)


def _born(notation: Notation, birthday: Birthday) -> str:
    """A birthday, with its year where one is known."""
    day = notation.month_day(birthday.month, birthday.day)
    return f"{day} {birthday.year}" if birthday.year else day


def _because(frame: Frame, one: RuledTag) -> str:
    """Why a rule gives a guest its tag."""
    venues = {place.id: place.venue.name for place in frame.places}
    return rule_told(one.match, one.conditions, frame.words, frame.notation, venues)


def _why(frame: Frame, record: SourceRecord) -> str:
    """Why a record is held to be this guest's."""
    _ = frame.words.gettext
    if record.by == "likeness":
        return _scored(frame, record)
    by = {"email": _("same e-mail"), "phone": _("same phone"), "email and phone": _("same e-mail and phone")}
    return by.get(record.by or "", "")


def _scored(frame: Frame, one: SourceRecord | LogLine) -> str:
    """A score in words."""
    words = ", ".join(told(reason, frame.words.gettext) for reason in one.reasons)
    return f"{words}: {frame.notation.number(one.probability or 0, 2)}"


def _alerts(rows: Iterable[GuestRow], frame: Frame) -> dict[int, str]:
    return {row.id: alert(row.allergies, frame.words) for row in rows}


def _cells(row: GuestRow, frame: Frame) -> list[object]:
    return [
        row.name,
        row.email,
        row.phone,
        row.visits,
        row.last_visit,
        # For a spreadsheet: plain, and without its currency.
        "; ".join(str(to_decimal(one.amount, one.currency)) for one in row.spend) or None,
        "; ".join(one.currency for one in row.spend) or None,
        frame.words.gettext("yes") if row.vip else None,
        "; ".join(row.allergies) or None,
    ]
