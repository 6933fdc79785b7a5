"""A stage with some weeks of a restaurant on it: what the contract suite has every simulator show."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from servery.model.guest import SourceGuest
from servery.model.menu import Category, Menu, Product, TaxRate, Variant
from servery.model.order import Check, Line, Order, Payment
from servery.model.reservation import Reservation
from servery.model.venue import Table, Venue
from servery.testing.stage import Stage

NOW = datetime(2026, 3, 6, 20, tzinfo=UTC)
"""The moment at which the stage is looked at."""
APART = timedelta(minutes=40)
"""How long after the one before each party comes."""
_MADE_BEFORE = timedelta(days=14)
_STAY = timedelta(hours=2)

_TABLES = (Table("1", 2, "Window", "T1"), Table("7A", 4, "Garden", "T7A"), Table("12", 6, "Window", "T12"))
_MENU = Menu(
    currency="DKK",
    categories=(Category("CATMAIN", "Mains"), Category("CATWINE", "Wine")),
    products=(
        Product(
            external_id="ITEMRIBEYE",
            name="Ribeye",
            category_id="CATMAIN",
            variants=(Variant(external_id="VARRIBEYE", price=24500),),
            taxes=(TaxRate(Decimal(25), included=True, name="VAT"),),
        ),
        Product(
            external_id="ITEMRED",
            name="House red",
            category_id="CATWINE",
            variants=(Variant(external_id="VARGLASS", name="Glass", price=7500),),
            taxes=(TaxRate(Decimal(25), included=True, name="VAT"),),
        ),
    ),
)


class Evening:
    """So many parties, the last of them just gone: each a guest, a booking and a paid check of their own.

    A simulator shows of them what its vendor would. Whatever a party's number, its records never look like another's.
    """

    def __init__(self, parties: int) -> None:
        venue = Venue(name="The Pass", time_zone="Europe/Copenhagen", currency="DKK", tables=_TABLES)
        self.stage = Stage(venue, "LOCATION1", "DK", _MENU)
        self.stage.menu_modified_at = NOW - timedelta(days=365)
        self.parties = 0
        for _ in range(parties):
            self.come(NOW - (parties - self.parties) * APART - _STAY)

    def come(self, came: datetime, made: datetime | None = None) -> int:
        """One more party, who came then for two hours and booked at `made`, or two weeks before; their number."""
        number, self.parties = self.parties, self.parties + 1
        made, left = made or came - _MADE_BEFORE, came + _STAY
        self.stage.guests.put(guest_id(number), guest(number), made)
        self.stage.reservations.put(reservation_id(number), _reservation(number, came, made), left, made)
        self.stage.checks.put(check_id(number), _check(number, came, left), left, came)
        return number

    def change(self, number: int, at: datetime) -> None:
        """Each record of a party says something new, as of `at`: a tag, one more seat, what was paid for it."""
        stage = self.stage
        known = stage.guests.get(guest_id(number))
        booked = stage.reservations.get(reservation_id(number))
        check = stage.checks.get(check_id(number))
        assert known and booked and check
        told = replace(known.record, family_name=f"{known.record.family_name}-Holm", name=f"{known.record.name}-Holm")
        stage.guests.put(guest_id(number), told, at)
        more = replace(booked.record, party_size=booked.record.party_size + 1, guest=told)
        stage.reservations.put(reservation_id(number), more, at)
        tip = replace(check.record.payments[0], tip=check.record.payments[0].tip + 500)
        stage.checks.put(check_id(number), replace(check.record, payments=(tip,)), at)

    def leave_out(self, number: int, at: datetime) -> None:
        """The guest and the booking of a party are deleted as of `at`; a check never is."""
        self.stage.reservations.delete(reservation_id(number), at)
        self.stage.guests.delete(guest_id(number), at)

    def personal(self) -> set[str]:
        """What is personal of all that stands here, as it stands."""
        told = (staged.record for staged in self.stage.guests)
        return {text for one in told for text in (one.name, one.email, one.given_name, one.family_name) if text}


def guest_id(number: int) -> str:
    """The guest's id at the vendor."""
    return f"GUEST{number:05}"


def reservation_id(number: int) -> str:
    """The booking's id at the vendor."""
    return f"BOOKING{number:05}"


def check_id(number: int) -> str:
    """The check's id at the vendor."""
    return f"CHECK{number:05}"


def guest(number: int) -> SourceGuest:
    """The guest of a party."""
    return SourceGuest(
        name=f"Åse{number} Prøve{number}",
        given_name=f"Åse{number}",
        family_name=f"Prøve{number}",
        email=f"aase.{number}@example.org",
        phone=f"+4520{number:06}",
    )


def _reservation(number: int, came: datetime, made: datetime) -> Reservation:
    return Reservation(
        status="finished",
        starts_at=came,
        party_size=2 + number % 4,
        duration=120,
        tables=(_TABLES[number % 3].name,),
        area=_TABLES[number % 3].area,
        created_at=made,
        guest_id=guest_id(number),
        guest=guest(number),
        language="da",
    )


def _check(number: int, came: datetime, left: datetime) -> Check:
    lines = (
        Line(name="Ribeye", amount=49000, quantity=Decimal(2), unit_price=24500, product_id="VARRIBEYE"),
        Line(name="House red", amount=7500, unit_price=7500, product_id="VARGLASS"),
    )
    return Check(
        currency="DKK",
        opened_at=came,
        closed_at=left,
        order=Order(external_id=check_id(number), number=f"{number:05}"),
        table=_TABLES[number % 3].name,
        covers=2,
        lines=lines,
        payments=(Payment(amount=56500, tender="card", tip=500, at=left),),
        guest_id=guest_id(number),
    )
