"""One evening of an invented restaurant, as the rooms would hand it to the pages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from servery.model.guest import Birthday, Fact, Note
from servery.model.reservation import Deposit
from servery.model.venue import Daypart, Venue
from servery.model.visit import Reason
from servery.venues.rows import KeptVenue
from servery.web.connections.page import Backfill, Candidate, ConnectionRow, Health, LooseCheck, Trouble
from servery.web.guests.page import (
    Dish,
    Favourite,
    GuestFigures,
    GuestRow,
    Known,
    Profile,
    SourceRecord,
    Upcoming,
    VisitRow,
)
from servery.web.tonight.page import Booking, Evening, OpenCheck
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
    soon = day + timedelta(days=3)
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
        Booking(
            id=3,
            status="seated",
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
        Booking(
            id=5,
            status="confirmed",
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
    """Bookings today and tomorrow; nothing on other days."""
    near = 0 <= (day - today).days <= 1
    return Evening(day=day, today=today, bookings=bookings(day) if near else (), checks=CHECKS if day == today else ())


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
            spend=(each.story.visits if each.story else 0) * 64950,
            currency="DKK",
            vip=each.vip,
            allergies=each.story.allergies if each.story else (),
        )
        for each in stories
    ]


def _fact(kind: str, value: str, connection: str, record: str) -> Known:
    return Known(kind, Fact(value, connection, record, datetime(2025, 10, 3, 16, 2, tzinfo=UTC)))  # type: ignore[arg-type]


def _visit(number: int, day: date, spend: int) -> VisitRow:
    return VisitRow(
        id=number,
        venue=VENUE.name,
        time_zone=VENUE.time_zone,
        starts_at=at(day, 19, 5),
        ends_at=at(day, 21, 20),
        table="7",
        covers=2,
        spend=spend,
        tips=5000,
        currency="DKK",
        checks=(f"10{number}",),
        occasion="Anniversary" if number == 1 else None,
        dishes=(
            Dish("Ribeye 300 g", amount=34500, details=("medium rare", "béarnaise")),
            Dish("Turbot, brown butter", amount=31500),
            Dish("Rioja Crianza, glass", Decimal(2), 19000),
            Dish("Crème brûlée", amount=9500, note="no hazelnut"),
        ),
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
        figures=GuestFigures(
            visits=3,
            first_visit=date(2025, 3, 1),
            last_visit=date(2025, 11, 7),
            days_between=41.5,
            spend=284750,
            per_visit=94917,
            per_cover=47458,
            currency="DKK",
            dish=Favourite("Ribeye 300 g", 3, 3),
            wine=Favourite("Rioja Crianza", 2, 3),
            table=Favourite("7", 2, 3),
            party=2,
            no_shows=1,
        ),
        time_zone=VENUE.time_zone,
        vip=True,
        birthday=Birthday(4, 12, 1984),
        marketing="granted",
        sees_contact=True,
        facts=(
            _fact("name", "Mette Sørensen", "resOS", "bk_7f31"),
            _fact("email", "mette.soerensen@example.com", "resOS", "bk_7f31"),
            _fact("phone", "+45 20 00 00 03", "Square", "CUST-9Q2K"),
            _fact("birthday", "1984-04-12", "Square", "CUST-9Q2K"),
            _fact("vip", "yes", "resOS", "bk_7f31"),
            _fact("marketing", "granted", "resOS", "bk_7f31"),
            _fact("allergy", "nuts", "resOS", "bk_5a02"),
            _fact("preference", "still water", "Square", "CUST-9Q2K"),
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
        records=(
            SourceRecord(connection="resOS", external_id="bk_7f31", name="Mette Sørensen", reasons=("same e-mail",)),
            SourceRecord(
                connection="Square",
                external_id="CUST-9Q2K",
                name="M. Soerensen",
                reasons=("same phone",),
                at=datetime(2025, 3, 2, 9, tzinfo=UTC),
            ),
        ),
    )


def health(now: datetime) -> Health:
    """Four connections, each in another state, and two checks that were not placed."""
    day = now.astimezone(ZONE).date()
    return Health(
        now=now,
        connections=(
            ConnectionRow(
                id=1,
                name="resOS",
                connector="resos",
                title="resOS",
                kind="reservations",
                quality="silver",
                evidence="documentation",
                state="working",
                last_sync=now - timedelta(seconds=40),
                records={"reservation": 8412, "guest": 5120},
                venues=(VENUE.name,),
            ),
            ConnectionRow(
                id=2,
                name="Till at the harbour",
                connector="square",
                title="Square",
                kind="pos",
                quality="silver",
                evidence="official",
                state="fetching",
                last_sync=now - timedelta(minutes=2),
                records={"check": 15230, "payment": 15790, "guest": 1804, "menu": 1},
                unread=3,
                backfill=Backfill(done=15230, total=18250, seconds_left=95, reached=at(date(2025, 2, 3), 12)),
                venues=(VENUE.name,),
            ),
            ConnectionRow(
                id=3,
                name="Torvet till",
                connector="square",
                title="Square",
                kind="pos",
                quality="silver",
                evidence="official",
                state="needs_person",
                last_sync=now - timedelta(hours=9),
                records={"check": 220},
                venues=("Torvet 4",),
                trouble=Trouble(
                    template="Square refuses the access token.",
                    field="access_token",
                    mend="Make a new one in the Square dashboard and set it with servery connect.",
                    at=now - timedelta(hours=9),
                ),
            ),
            ConnectionRow(
                id=4,
                name="Old book",
                connector="csv",
                title="Files",
                kind="file",
                quality="bronze",
                evidence="inferred",
                state="retrying",
                last_sync=now - timedelta(days=2),
                records={"guest": 77},
                trouble=Trouble(
                    template="The server does not answer.",
                    at=now - timedelta(minutes=3),
                    retry_at=now + timedelta(minutes=4),
                ),
            ),
        ),
        loose_total=14,
        loose=(
            LooseCheck(
                id=1,
                why="ambiguous",
                opened_at=at(day, 18, 12),
                time_zone="Europe/Copenhagen",
                venue=VENUE.name,
                currency="DKK",
                number="1031",
                table="7",
                covers=2,
                total=88700,
                candidates=(
                    Candidate(
                        reservation_id=3,
                        name="Mette Sørensen",
                        starts_at=at(day, 18),
                        party_size=2,
                        score=0.61,
                        tables=("7",),
                        reasons=(Reason("table", 4.0, "7"), Reason("time", 1.2, "+12"), Reason("other-name", -3.0)),
                    ),
                    Candidate(
                        reservation_id=5,
                        name="José Ángel Ibáñez",
                        starts_at=at(day, 18, 30),
                        party_size=2,
                        score=0.37,
                        tables=("4",),
                        reasons=(Reason("covers", 1.0, "2"), Reason("other-table", -4.0, "4")),
                    ),
                ),
            ),
            LooseCheck(
                id=2,
                why="no_table",
                opened_at=at(day, 17, 2),
                time_zone="Europe/Copenhagen",
                venue=VENUE.name,
                currency="DKK",
                number="1027",
                label="Bent m. hund",
                total=21000,
            ),
        ),
    )


def arrived(evening: Evening, ids: set[int]) -> Evening:
    """The evening after the parties with these ids were seated."""
    seated = [msgspec.structs.replace(each, status="seated") if each.id in ids else each for each in evening.bookings]
    return msgspec.structs.replace(evening, bookings=seated)
