"""The till: which checks staff ring up for a dinner, and what each shows at any moment."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from servery.model.guest import SourceGuest
from servery.model.order import Check, Discount, Line, Order, Payment, Refund, Tax, Tender
from servery.sandbox.people import Person
from servery.sandbox.rates import RATES
from servery.sandbox.restaurant import restaurant
from servery.sandbox.slips import Label, label, misspelt
from servery.sandbox.truth import DAY, MINUTE, Dinner, Ordered, Stay, instant

_QUANTITIES = tuple(Decimal(number) for number in range(100))


class Rung(Struct, frozen=True):
    """How one check is rung. Times in seconds of the dinner's day; money in minor units; `tip` in per cent.

    `void_lines` and `comp_lines` are places in `ordered`; `discount` is per cent of the whole check.
    """

    id: str
    number: str
    label: Label
    ordered: tuple[Ordered, ...]
    opened: int
    closed: int
    payment_ids: tuple[str, str]
    tender: Tender
    gift: int = 0
    tip: int = 0
    tip_at: int = 0
    reopened: int | None = None
    arrives: int | None = None
    """The till was offline: the vendor sees the check only then."""
    void: bool = False
    void_lines: tuple[int, ...] = ()
    comp_lines: tuple[int, ...] = ()
    discount: int = 0
    refund: int | None = None
    """When the first line is paid back."""
    customer_id: str | None = None
    card: str | None = None


def ring(rng: Random, dinner: Dinner) -> tuple[Rung, ...]:
    """Draw how staff ring up a dinner: one check, or two or three of a party that splits."""
    stay = dinner.stay
    if stay is None or not stay.ordered:
        return ()
    parts = 1
    if stay.covers > 1 and rng.random() < RATES.split:
        parts = min(2 if rng.random() < 0.7 else 3, stay.covers, len(stay.ordered))
    named = label(rng, dinner.person, stay.tables, dinner.booking is not None)
    late = rng.random() < RATES.split_at_payment
    return tuple(_check(rng, dinner, stay, named, part, parts, late) for part in range(parts))


def _check(rng: Random, dinner: Dinner, stay: Stay, named: Label, part: int, parts: int, late: bool) -> Rung:
    ordered = stay.ordered[part::parts]
    opened, closed = stay.opened + part * 20, stay.closed + part * 45
    if part and late:
        opened = stay.closed - 3 * MINUTE
        ordered = tuple(each._replace(at=opened) for each in ordered)
    chance = rng.random()
    rung = Rung(
        id=rng.randbytes(11).hex().upper(),
        number=str(rng.randrange(1000, 9999)),
        label=named,
        ordered=ordered,
        opened=opened,
        closed=closed,
        payment_ids=(rng.randbytes(11).hex().upper(), rng.randbytes(11).hex().upper()),
        tender="cash" if chance < RATES.cash else "card",
        gift=rng.choice((20000, 50000)) if chance > 1 - RATES.gift_card else 0,
        customer_id=_attached(rng, dinner.person) if part == 0 else None,
        card=dinner.person.card if part == 0 and rng.random() < 0.85 else f"ccof:{rng.randbytes(9).hex()}",
    )
    return _astray(rng, dinner.day, _tipped(rng, rung))


def _attached(rng: Random, person: Person) -> str | None:
    share = RATES.customer_once if person.circle == "once" else RATES.customer_regular
    return rng.choice(person.customer_ids) if rng.random() < share else None


def _tipped(rng: Random, rung: Rung) -> Rung:
    if rng.random() >= RATES.tip or rung.tender == "cash":
        return rung
    late = rng.random() < RATES.late_tip
    tip_at = DAY + rng.randint(9 * 3600, 11 * 3600) if late else rung.closed
    return replace(rung, tip=rng.choice((5, 7, 10, 10, 12, 15)), tip_at=tip_at)


def _astray(rng: Random, day: date, rung: Rung) -> Rung:
    """What goes otherwise with a check; mostly nothing."""
    void_lines = tuple(place for place in range(len(rung.ordered)) if rng.random() < RATES.void_line)
    comp_lines = tuple(place for place in range(len(rung.ordered)) if rng.random() < RATES.comp_line)
    chances = [rng.random() for _ in range(5)]
    if len(void_lines) == len(rung.ordered):
        void_lines = ()
    return replace(
        rung,
        void_lines=void_lines,
        comp_lines=tuple(place for place in comp_lines if place not in void_lines),
        void=chances[0] < RATES.void_check,
        reopened=rung.closed + rng.randint(120, 900) if chances[1] < RATES.reopened else None,
        arrives=rung.closed + DAY + rng.randint(-7200, 7200) if chances[2] < RATES.offline else None,
        discount=rng.choice((10, 20)) if chances[3] < RATES.discount else 0,
        refund=rung.closed + rng.randint(1800, 20 * 3600) if chances[4] < RATES.refund else None,
    )


AGAIN = 4 * MINUTE
"""How long a reopened check stays open."""


def moments(rung: Rung) -> list[int]:
    """The seconds at which the vendor sees this check change, in order; the first is when it appears."""
    after = [rung.opened, rung.closed, *{each.at for each in rung.ordered}]
    if not rung.void:
        after += [rung.tip_at] if rung.tip else []
        after += [rung.reopened, rung.reopened + AGAIN] if rung.reopened else []
        after += [rung.refund] if rung.refund else []
    seen = rung.arrives
    return sorted({max(at, seen) for at in after} if seen is not None else set(after))


def check(dinner: Dinner, rung: Rung, second: int, *, at_tables: bool = False) -> Check:
    """The check as the till shows it at that second of the day, with the total that the source states.

    `at_tables`: staff open it on a table and key the covers, as a till for restaurants has them do. Of a party that
    splits, the first check has all the covers: the later ones count nobody anew.
    """
    day = dinner.day
    closed = rung.closed <= second
    void = rung.void and closed
    again = rung.reopened is not None and not rung.void and rung.reopened <= second
    is_open = not closed or (again and rung.reopened is not None and second < rung.reopened + AGAIN)
    lines, gross = _lines(rung, second)
    discount = gross * rung.discount // 100 if closed else 0
    extra = _extra(len(lines)) if again else None
    total = gross - discount + (extra.amount if extra else 0)
    stay = dinner.stay if at_tables else None
    return Check(
        currency=restaurant().venue.currency,
        opened_at=instant(day, rung.opened),
        status="void" if void else "open" if is_open else "closed",
        closed_at=None if is_open else instant(day, rung.reopened + AGAIN if again and rung.reopened else rung.closed),
        number=rung.number,
        order=Order(external_id=rung.id, service_mode="dine_in"),
        label=rung.label.text,
        table=stay.tables[0] if stay and stay.tables else None,
        covers=stay.covers if stay and rung.opened == stay.opened else None,
        lines=(*lines, extra) if extra else lines,
        discounts=(Discount(f"{rung.discount} %", discount),) if discount else (),
        taxes=() if void else (_tax(total),),
        payments=() if void or not closed else _payments(day, rung, gross - discount, extra, is_open, second),
        refunds=_refunds(day, rung, lines, second),
        total=0 if void else total,
        guest_id=rung.customer_id,
    )  # fmt: skip


def _lines(rung: Rung, second: int) -> tuple[tuple[Line, ...], int]:
    """The lines rung up so far, and what they come to after what the house gave away."""
    lines: list[Line] = []
    gross = 0
    for place, (at, item, quantity, options) in enumerate(rung.ordered):
        if at <= second:
            void = place in rung.void_lines
            line, amount = _line(item, quantity, options, place, void, place in rung.comp_lines)
            lines.append(line)
            gross += amount
    return tuple(lines), gross


@cache
def _uids() -> Sequence[str]:
    """Ids of lines, which a till makes unique within one check only."""
    rng = Random("uids")
    return [rng.randbytes(11).hex() for _ in range(200)]


@lru_cache(maxsize=65536)
def _line(
    item: int, quantity: int, options: tuple[tuple[int, int], ...], place: int, void: bool, comp: bool
) -> tuple[Line, int]:
    """One line, and what it adds to the check. Equal lines are one object: a year holds a hundred thousand of them."""
    sold, count = restaurant().items[item], _QUANTITIES[quantity]
    modifiers = tuple(
        Line(name=option.name, amount=option.price * quantity, quantity=count, unit_price=option.price,
             external_id=f"{_uids()[place]}{number}", product_id=option.external_id)
        for number, option in enumerate(sold.groups[group].options[chosen] for group, chosen in options)
    )  # fmt: skip
    amount = sold.price * quantity
    whole = amount + sum(modifier.amount for modifier in modifiers)
    line = Line(
        name=sold.name,
        amount=amount,
        quantity=count,
        unit_price=sold.price,
        external_id=_uids()[place],
        product_id=sold.variant_id,
        category=sold.category,
        modifiers=modifiers,
        discounts=(Discount("On the house", whole, "comp"),) if comp else (),
        void=void,
    )
    return line, 0 if void or comp else whole


def _extra(place: int) -> Line:
    """What a party orders after it has paid: one more coffee."""
    espresso = next(index for index, item in enumerate(restaurant().items) if item.course == "coffee")
    return _line(espresso, 1, (), place, False, False)[0]


def _tax(total: int) -> Tax:
    """The VAT inside a total, half up: at 25 per cent a fifth of it."""
    percent = restaurant().tax_percent
    amount = (2 * total * percent + 100 + percent) // (2 * (100 + percent))
    return Tax("Moms", amount, included=True, rate=Decimal(percent))


def _payments(
    day: date, rung: Rung, total: int, extra: Line | None, is_open: bool, second: int
) -> tuple[Payment, ...]:  # fmt: skip
    tip = total * rung.tip // 100 // 100 * 100 if rung.tip and rung.tip_at <= second else 0
    gift = min(rung.gift, total)
    at = instant(day, rung.closed)
    card = rung.card if rung.tender == "card" else None
    first, second_id = rung.payment_ids
    payments = [Payment(amount=total - gift, tender=rung.tender, tip=tip, external_id=first, at=at, card=card)]
    if gift:
        payments.append(Payment(amount=gift, tender="gift_card", external_id=second_id, at=at))
    if extra and not is_open and rung.reopened:
        payments.append(Payment(amount=extra.amount, tender=rung.tender, external_id=second_id[::-1],
                                at=instant(day, rung.reopened + AGAIN), card=card))  # fmt: skip
    return tuple(payment for payment in payments if payment.amount or payment.tip)


def _refunds(day: date, rung: Rung, lines: Sequence[Line], second: int) -> tuple[Refund, ...]:
    """The refund given so far: the first line that was charged, if it was paid by card or cash."""
    if rung.refund is None or rung.void or rung.refund > second or rung.gift:
        return ()
    charged = [line.amount for line in lines if not line.void and not line.discounts]
    if not charged:
        return ()
    amount = charged[0] * (100 - rung.discount) // 100
    return (Refund(amount, instant(day, rung.refund), "Returned goods", f"{rung.payment_ids[0]}_{rung.id[:10]}"),)


@lru_cache(maxsize=8192)
def customer(person: Person, customer_id: str) -> SourceGuest:
    """The person as the till's customer directory has them under this id."""
    rng = Random(customer_id)
    name = misspelt(person.name, rng) if rng.random() < RATES.customer_misspelt else person.name
    given, _, family = name.partition(" ")
    phone = None if person.company or rng.random() < RATES.customer_without_phone else person.phone
    return SourceGuest(given_name=given, family_name=family, name=name, email=rng.choice(person.emails), phone=phone,
                       country=person.country, company=person.company, birthday=person.birthday)  # fmt: skip
