"""The guests of the invented restaurant, as the rooms would hand them to the pages."""

from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec import structs

from servery.guests.fitting import quote
from servery.guests.matching.score import Reason
from servery.guests.search import By
from servery.model.guest import Birthday, Fact, Note
from servery.model.money import Money
from servery.profile.figures import Spend
from servery.storage.names import fold
from servery.web.guests.page import (
    Dish,
    EntryRow,
    Favourite,
    GuestFigures,
    GuestRow,
    Known,
    LogLine,
    Profile,
    RuledTag,
    SourceRecord,
    Upcoming,
    VisitCheck,
    VisitRow,
)
from servery.web.tonight.page import Booking
from servery.web.tonight.sentence import Story
from tests.web.restaurant import VENUE, at, bookings
from tests.web.ruling import OFTEN


def guest_rows() -> list[GuestRow]:
    """The guests of the evening, as the list shows them."""
    stories = [each for each in bookings(date(2026, 1, 1)) if each.guest_id and each.story]
    return [
        GuestRow(
            id=each.guest_id or 0,
            name=each.name,
            visits=each.story.visits if each.story else 0,
            last_visit=date(2025, 11, each.id) if each.story and each.story.visits else None,
            email=f"guest{each.id}@example.com",
            phone=f"+45 20 00 00 {each.id:02}",
            spend=_spend(each),
            vip=each.vip,
            allergies=each.story.allergies if each.story else (),
        )
        for each in stories
    ]


NOTED: dict[str, tuple[By, str]] = {
    "Mette Sørensen": ("note", "Proposed here in 2019; prefers the window, never the door."),
    "José Ángel Ibáñez": ("tag", "Wine club"),
    "Peter Lund": ("note", "يفضل الطاولة الهادئة"),
}
"""What is noted of some of them."""


def found(text: str) -> list[GuestRow]:
    """Those whose name has the text in it, and then those of whom it is noted."""
    rows = guest_rows()
    named = [row for row in rows if text.casefold() in (row.name or "").casefold()]
    noted = [(row, *NOTED[row.name]) for row in rows if row.name in NOTED and row not in named]
    return named + [
        structs.replace(row, by=by, quote=quote(told, fold(text).split()))
        for row, by, told in noted
        if text and text.casefold() in told.casefold()
    ]


def _fact(kind: str, value: str, connection: str, record: str) -> Known:
    at = datetime(2025, 10, 3, 16, 2, tzinfo=UTC)
    return Known(kind, Fact(value, connection, record, at), "complete" if kind == "name" else "only")  # type: ignore[arg-type]


def _spend(booking: Booking) -> tuple[Money, ...]:
    """Mette was at the other restaurant too, where one pays in euro."""
    kroner = Money((booking.story.visits if booking.story else 0) * 64950, "DKK")
    if not kroner.amount:
        return ()
    return (kroner, Money(8050, "EUR")) if booking.name == "Mette Sørensen" else (kroner,)


def _check(number: int, day: date) -> VisitCheck:
    """The third states 12 kr. more than its parts add up to, the second 3 kr. less."""
    return VisitCheck(
        id=500 + number,
        opened_at=at(day, 19, 5),
        currency="DKK",
        number=f"10{number}",
        difference={3: 1200, 2: -300}.get(number, 0),
        by="rules",
    )


def _visit(number: int, day: date, spend: int) -> VisitRow:
    return VisitRow(
        id=number,
        venue=VENUE.name,
        time_zone=VENUE.time_zone,
        starts_at=at(day, 19, 5),
        ends_at=at(day, 21, 20),
        table="7",
        covers=2,
        spend=(Money(spend, "DKK"),),
        tips=(Money(5000, "DKK"),),
        checks=(_check(number, day),),
        occasion="Anniversary" if number == 1 else None,
        dishes=(
            Dish("Ribeye 300 g", amount=Money(34500, "DKK"), details=("medium rare", "béarnaise")),
            Dish("Turbot, brown butter", amount=Money(31500, "DKK")),
            Dish("Rioja Crianza, glass", Decimal(2), Money(19000, "DKK")),
            Dish("Crème brûlée", amount=Money(9500, "DKK"), note="no hazelnut"),
        ),
    )


_FACTS = (
    _fact("name", "Mette Sørensen", "resOS", "bk_7f31"),
    _fact("email", "mette.soerensen@example.com", "resOS", "bk_7f31"),
    _fact("phone", "+45 20 00 00 03", "Square", "CUST-9Q2K"),
    structs.replace(
        _fact("birthday", "1984-04-12", "Square", "CUST-9Q2K"),
        why="recent",
        also=tuple(_fact("birthday", "1984-04-12", "Files", str(number)).fact for number in range(3)),
    ),
    _fact("vip", "yes", "resOS", "bk_7f31"),
    _fact("marketing", "granted", "resOS", "bk_7f31"),
    _fact("allergy", "nuts", "resOS", "bk_5a02"),
    _fact("preference", "still water", "Square", "CUST-9Q2K"),
)


_ENTRIES = (
    EntryRow(
        id=1,
        kind="tonight",
        text="A cake comes at nine.",
        author="Rosa",
        at=datetime(2025, 11, 7, 16, tzinfo=UTC),
        business_date=date(2025, 11, 7),
    ),
    EntryRow(id=2, kind="allergy", text="nuts", author="Jonas", at=datetime(2025, 6, 2, 20, tzinfo=UTC)),
)
_LOG = (
    LogLine(
        id=4,
        at=datetime(2025, 11, 8, 9, tzinfo=UTC),
        action="merged",
        other_id=21,
        author="Rosa",
        reason="told us so",
        records=2,
        undone=False,
    ),
    LogLine(
        id=3,
        at=datetime(2025, 3, 2, 9, tzinfo=UTC),
        action="merged",
        other_id=22,
        author="rules",
        reason="same phone",
        records=1,
        undone=True,
    ),
    LogLine(
        id=2,
        at=datetime(2025, 2, 1, 9, tzinfo=UTC),
        action="merged",
        other_id=23,
        author="rules",
        reason="run 3 over all guests",
        records=1,
        undone=False,
        run=3,
        probability=0.99,
        reasons=(Reason("email", "same", 15.2), Reason("given", "slip", 3.1)),
    ),
)
_RECORDS = (
    SourceRecord(
        connection="resOS",
        external_id="bk_7f31",
        name="Mette Sørensen",
        email="mette.soerensen@example.com",
        birthday=Birthday(4, 12, 1984),
        id=1,
        by="email",
    ),
    SourceRecord(
        connection="Square",
        external_id="CUST-9Q2K",
        name="M. Soerensen",
        phone="+45 20 00 00 03",
        id=2,
        by="phone",
        at=datetime(2025, 3, 2, 9, tzinfo=UTC),
    ),
)
_FIGURES = GuestFigures(
    visits=3,
    first_visit=date(2025, 3, 1),
    last_visit=date(2025, 11, 7),
    days_between=41.5,
    spend=(
        Spend(currency="DKK", total=284750, visits=3, covers=6, per_visit=94917, per_cover=47458),
        Spend(currency="EUR", total=8050, visits=1, covers=2, per_visit=8050, per_cover=4025),
    ),
    dish=Favourite("Ribeye 300 g", 3, 3),
    wine=Favourite("Rioja Crianza", 2, 3),
    table=Favourite("7", 2, 3),
    party=2,
    no_shows=1,
)


def profile(guest_id: int) -> Profile:
    """Mette, whatever the id."""
    return Profile(
        id=guest_id,
        name="Mette Sørensen",
        story=Story(
            visits=3,
            allergies=("nuts",),
            dish="Ribeye",
            wine="Rioja Crianza",
            wine_by_glass=True,
            table="7",
            area="Window",
        ),
        figures=_FIGURES,
        time_zone=VENUE.time_zone,
        vip=True,
        birthday=Birthday(4, 12, 1984),
        marketing={"any": "unknown", "email": "granted", "sms": "unknown", "phone": "denied", "post": "unknown"},
        sees_contact=True,
        facts=_FACTS,
        ruled=(
            RuledTag(
                tag="Regular", rule_id=1, match="all", conditions=(OFTEN,), since=datetime(2025, 9, 1, tzinfo=UTC)
            ),
        ),
        notes=(Note("Proposed to her husband at table 7.", "Jonas", datetime(2025, 6, 2, 20, tzinfo=UTC)),),
        requests=("A quiet table, please",),
        visits=(
            _visit(3, date(2025, 11, 7), 99500),
            _visit(2, date(2025, 8, 16), 94500),
            _visit(1, date(2025, 3, 1), 90750),
        ),
        upcoming=(
            Upcoming(
                venue=VENUE.name,
                time_zone=VENUE.time_zone,
                starts_at=at(date(2026, 12, 12), 18),
                party_size=2,
                status="confirmed",
                tables=("7",),
                occasion="Anniversary",
            ),
        ),
        pronunciation="MED-duh SUR-en-sen",
        entries=_ENTRIES,
        log=_LOG,
        records=_RECORDS,
    )
