"""Small stages for the tests: a Danish inn, and the odd dinner."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from servery.model.guest import Birthday, Note, SourceGuest
from servery.model.menu import (
    Availability,
    Category,
    Combo,
    ComboSlot,
    Menu,
    ModifierGroup,
    Option,
    Product,
    SlotChoice,
    TaxRate,
    Variant,
)
from servery.model.order import Check, Discount, Line, Order, Payment, Refund, ServiceCharge, Tax, Tender
from servery.model.venue import Venue
from servery.testing.stage import Stage

TOKEN = "sandbox-token"
DINNER = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
MENU = Menu(
    currency="DKK",
    categories=(Category("CATMAIN", "Hovedretter"), Category("CATWINE", "Rødvin", "CATMAIN")),
    products=(
        Product(
            external_id="ITEMRIBEYE",
            name="Ribeye",
            category_id="CATMAIN",
            description="Med bearnaise",
            variants=(Variant(external_id="VARRIBEYE", price=24500, ref="RIB"),),
            modifier_groups=("LISTSAUCE",),
            taxes=(TaxRate(Decimal(25), included=True, name="Moms"),),
            allergens=("milk", "soybeans", "nuts"),
        ),
        Product(
            external_id="ITEMRED",
            name="Husets røde",
            category_id="CATWINE",
            variants=(
                Variant(external_id="VARGLASS", name="Glas", price=7500),
                Variant(
                    external_id="VARBOTTLE",
                    name="Flaske",
                    price=None,
                    availability=Availability(available=False, until=DINNER + timedelta(days=1)),
                ),
            ),
        ),
    ),
    modifier_groups=(
        ModifierGroup(
            external_id="LISTSAUCE",
            name="Sauce",
            options=(
                Option(external_id="MODBEARNAISE", name="Bearnaise", default=True),
                Option(external_id="MODPEPPER", name="Peber", price=1500, availability=Availability(available=False)),
            ),
            minimum=1,
            maximum=1,
        ),
    ),
    combos=(
        Combo(
            external_id="COMBO",
            name="Aftenmenu",
            price=39500,
            slots=(ComboSlot(label="Ret", choices=(SlotChoice("VARRIBEYE"),)),),
        ),
    ),
)


def stage(country: str = "DK", currency: str = "DKK") -> Stage:
    """An empty evening at the inn."""
    venue = Venue(name="Kroen", time_zone="Europe/Copenhagen", currency=currency)
    empty = Stage(venue, "LKROEN0000001", country, MENU)
    empty.menu_modified_at = DINNER - timedelta(days=30)
    return empty


def dinner(**changed: object) -> Check:
    """A paid dinner for two with something of everything; 250.00 + 75.00 × 2 and so on, as its parts say."""
    parts: dict[str, object] = {
        "currency": "DKK",
        "opened_at": DINNER,
        "closed_at": DINNER + timedelta(hours=2),
        "order": Order(external_id="O1", channel="Square Point of Sale"),
        "label": "Bord 7 Jensen og hele hans store familie",
        "table": "7",
        "covers": 2,
        "server": "Mette",
        "lines": (
            Line(
                name="Ribeye",
                amount=49000,
                quantity=Decimal(2),
                unit_price=24500,
                product_id="VARRIBEYE",
                modifiers=(
                    Line(name="Peber", amount=3000, quantity=Decimal(2), unit_price=1500, product_id="MODPEPPER"),
                ),
                discounts=(Discount("Stamgæst", 4900),),
                note="medium",
            ),
            Line(
                name="Husets røde",
                amount=7500,
                unit_price=7500,
                product_id="VARGLASS",
                discounts=(Discount("Undskyld", 7500, "comp"),),
            ),
            Line(name="Fisk", amount=333, quantity=Decimal("0.333"), unit_price=1000),
            Line(name="Fortrudt", amount=9900, void=True),
        ),
        "discounts": (Discount("Torsdag", 1001),),
        "service_charges": (ServiceCharge("Selskab", 1500), ServiceCharge("Drikkepenge", 2000, gratuity=True)),
        "taxes": (Tax("Moms", 9286, included=True, rate=Decimal(25)), Tax("Byskat", 777, included=False)),
        "payments": (
            Payment(amount=30000, tender="card", tip=2500, card="fp-visa", at=DINNER),
            Payment(amount=20709, tender="cash", at=DINNER),
        ),
        "guest_id": "CUSTJENSEN",
    }
    return Check(**(parts | changed))  # type: ignore[arg-type]


def full_stage() -> Stage:
    """The inn with menu, guests and checks of every kind."""
    play = stage()
    play.guests.put("CUSTJENSEN", jensen(), DINNER - timedelta(days=90))
    play.guests.put("CUSTINSTANT", SourceGuest(email="a@example.com", tags=("instant profile",)), DINNER)
    play.guests.put("CUSTNOBODY", SourceGuest(notes=(Note("?"),)), DINNER)
    play.guests.put("CUSTGONE", SourceGuest(name="Gone"), DINNER)
    play.guests.delete("CUSTGONE", DINNER)
    play.checks.put("CHKPAID", dinner(), DINNER + timedelta(hours=2), DINNER)
    play.checks.put("CHKREFUNDED", dinner(refunds=(Refund(5000, DINNER + timedelta(days=1), "kold"),)), DINNER, DINNER)
    play.checks.put("CHKOPEN", dinner(status="open", closed_at=None, payments=()), DINNER, DINNER)
    play.checks.put("CHKVOID", dinner(status="void", payments=()), DINNER, DINNER)
    play.checks.put("CHKTAKEAWAY", dinner(order=Order(external_id="x", service_mode="collection")), DINNER, DINNER)
    tenders: tuple[Tender, ...] = ("gift_card", "house_account", "voucher", "deposit", "other")
    paid = tuple(Payment(amount=10141, tender=each, external_id=f"PAY{each}") for each in tenders)
    play.checks.put("CHKTENDERS", dinner(payments=paid, total=50710), DINNER, DINNER)
    return play


def jensen() -> SourceGuest:
    return SourceGuest(
        name="Jens Jensen",
        given_name="Jens",
        family_name="Jensen",
        email="jens@example.com",
        phone="20 12 34 56",
        country="DK",
        postcode="8000",
        city="Aarhus",
        company="Jensens Fiskerestaurant",
        birthday=Birthday(2, 29),
        notes=(Note("Sidder helst ved vinduet"),),
        marketing="denied",
    )
