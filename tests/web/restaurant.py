"""One evening of an invented restaurant, as the rooms would hand it to the pages."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from servery.model.guest import Birthday
from servery.model.reservation import Deposit
from servery.model.venue import Daypart, Venue
from servery.venues.rows import KeptVenue
from servery.web.tonight.page import Booking, Evening, ForTonight, OpenCheck
from servery.web.tonight.sentence import Story

ZONE = ZoneInfo("Europe/Copenhagen")
VENUE = Venue(
    name="Havnegade Brasserie",
    time_zone="Europe/Copenhagen",
    currency="DKK",
    areas=("Window", "Dining room", "Bar"),
    dayparts=(Daypart("Lunch", 660, 960), Daypart("Dinner", 960, 1440)),
)
PLACES = (KeptVenue(1, VENUE), KeptVenue(2, Venue(name="Torvet 4", time_zone="Europe/Berlin", currency="EUR")))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A time on the restaurant's wall, as an instant."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def bookings(day: date) -> list[Booking]:
    """Eleven parties, from lunch to the last sitting."""
    return [*_lunch(day), *_early(day), *_overdue(day), *_evening(day), *_late(day)]


def _lunch(day: date) -> list[Booking]:
    """Gone already."""
    return [
        Booking(
            id=1,
            status="finished",
            starts_at=at(day, 12, 30),
            party_size=2,
            name="Ingrid Åkesson",
            guest_id=11,
            tables=("3",),
            area="Window",
            channel="Website",
            story=Story(visits=1, dish="Smørrebrød"),
        ),
        Booking(
            id=2,
            status="finished",
            starts_at=at(day, 13),
            party_size=4,
            name="Ørsted A/S, Karen Holm",
            guest_id=12,
            tables=("12", "13"),
            area="Dining room",
            channel="Phone",
            occasion="Business lunch",
            story=Story(visits=9, drink="Sparkling water", table="12", area="Dining room"),
        ),
    ]


def _early(day: date) -> list[Booking]:
    """The first sitting."""
    return [
        Booking(
            id=3,
            status="seated",
            spend=61500,
            starts_at=at(day, 18),
            party_size=2,
            name="Mette Sørensen",
            guest_id=13,
            tables=("7",),
            area="Window",
            channel="Website",
            vip=True,
            requests="A quiet table, please",
            story=Story(
                visits=3,
                allergies=("nuts",),
                dish="Ribeye",
                wine="Rioja Crianza",
                wine_by_glass=True,
                table="7",
                area="Window",
            ),
        ),
        Booking(
            id=4,
            status="arrived",
            starts_at=at(day, 18),
            party_size=5,
            name="Familie Müller-Lüdenscheidt",
            guest_id=14,
            tables=("21",),
            area="Dining room",
            channel="Phone",
            occasion="Birthday dinner",
            notes="Cake is in the cold room, candles on the shelf",
            story=Story(visits=1, allergies=("Gluten", "shellfish"), birthday=Birthday(day.month, day.day, 1958)),
        ),
    ]


def _overdue(day: date) -> list[Booking]:
    """Two who were here before, and not always when they said."""
    return [
        Booking(
            id=5,
            status="confirmed",
            phone="+45 20 00 00 05",
            starts_at=at(day, 18, 30),
            party_size=2,
            name="José Ángel Ibáñez",
            guest_id=15,
            tables=("4",),
            area="Window",
            channel="TheFork",
            no_shows=2,
            story=Story(visits=6, dish="Turbot", wine="Albariño"),
        ),
        Booking(
            id=6,
            status="no_show",
            starts_at=at(day, 18, 30),
            party_size=3,
            name="Peter Lund",
            guest_id=16,
            channel="Website",
            no_shows=3,
            story=Story(visits=0),
        ),
    ]


def _evening(day: date) -> list[Booking]:
    """The second sitting."""
    soon = day + timedelta(days=3)
    return [
        Booking(
            id=7,
            status="confirmed",
            starts_at=at(day, 19),
            party_size=6,
            name="Anna-Lena Krüger",
            guest_id=17,
            tables=("15",),
            area="Dining room",
            channel="Website",
            deposit=Deposit(120000, "DKK", "paid"),
            preferences=("still water", "no candles"),
            story=Story(visits=2, table="15", birthday=Birthday(soon.month, soon.day)),
        ),
        Booking(
            id=8,
            status="booked",
            starts_at=at(day, 19, 30),
            party_size=2,
            name="Sam <script>alert(1)</script> Doe",
            guest_id=18,
            tables=("2",),
            area="Bar",
            story=Story(),
        ),
        Booking(
            id=9,
            status="confirmed",
            starts_at=at(day, 19, 30),
            party_size=4,
            name="Søren & Gitte Østergård",
            guest_id=19,
            pronunciation="SØ-ren and GIT-teh",
            for_tonight=(ForTonight(71, "The son brings the cake at nine, by the back door", "Rosa", at(day, 16, 5)),),
            tables=("8",),
            area="Window",
            channel="Phone",
            vip=True,
            requests="High chair",
            story=Story(
                visits=21,
                allergies=("severe allergy to kiwi",),
                dish="Lobster bisque",
                wine="Chablis 1er Cru",
                table="8",
                area="Window",
            ),
        ),
    ]


def _late(day: date) -> list[Booking]:
    """A request and a cancellation."""
    return [
        Booking(id=10, status="requested", starts_at=at(day, 20), party_size=8, name=None, channel="Website"),
        Booking(
            id=11,
            status="cancelled",
            starts_at=at(day, 20, 30),
            party_size=2,
            name="Lars Bo",
            guest_id=20,
            story=Story(visits=2),
        ),
    ]


CHECKS = (
    OpenCheck(
        id=91,
        opened_at=at(date(2026, 1, 1), 17, 40),
        currency="DKK",
        number="1042",
        table="B3",
        covers=2,
        items=3,
        total=31500,
    ),
    OpenCheck(
        id=92,
        opened_at=at(date(2026, 1, 1), 18, 5),
        currency="DKK",
        number="1045",
        table="5",
        covers=3,
        items=9,
        total=124550,
        guest_id=21,
        guest_name="Freja Dam",
    ),
    OpenCheck(
        id=93,
        opened_at=at(date(2026, 1, 1), 18, 10),
        currency="DKK",
        number="1046",
        label="red hat",
        items=1,
        total=6500,
    ),
)


def evening(day: date, today: date) -> Evening:
    """Bookings today and tomorrow; nothing on other days. It is a quarter to seven, whenever the tests run."""
    near = 0 <= (day - today).days <= 1
    now = at(today, 18, 45)
    checks = CHECKS if day == today else ()
    return Evening(day=day, today=today, now=now, bookings=bookings(day) if near else (), checks=checks)


def arrived(evening: Evening, ids: set[int]) -> Evening:
    """The evening after the parties with these ids were seated."""
    seated = [msgspec.structs.replace(each, status="seated") if each.id in ids else each for each in evening.bookings]
    return msgspec.structs.replace(evening, bookings=seated)
