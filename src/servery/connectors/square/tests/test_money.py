"""A check that Square shows and we read back is worth what it was, to the last minor unit."""

from datetime import timedelta
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from servery.connectors.square.simulator.catalog import sellable
from servery.connectors.square.simulator.payment import return_order_of
from servery.connectors.square.simulator.sale import Till, apportion, order_of
from servery.connectors.square.tests import plays
from servery.connectors.square.translate import translate
from servery.model.changes import CheckSeen
from servery.model.money import times
from servery.model.order import Check, Discount, DiscountKind, Line, Payment, Refund, ServiceCharge, Sums, Tax, add_up
from servery.testing.stage import Staged

names = st.text(min_size=1, max_size=12)
prices = st.integers(0, 200_000)
quantities = st.decimals(Decimal("0.001"), Decimal(40), places=3) | st.integers(1, 12).map(Decimal)


@st.composite
def modifiers(draw: st.DrawFn, quantity: Decimal, depth: int = 1) -> Line:
    price = draw(st.integers(0, 5_000))
    nested = draw(st.lists(modifiers(quantity, depth - 1), max_size=1)) if depth else []
    return Line(
        name=draw(names), amount=times(price, quantity), quantity=quantity, unit_price=price, modifiers=tuple(nested)
    )


@st.composite
def lines(draw: st.DrawFn) -> Line:
    quantity, price = draw(quantities), draw(prices)
    line = Line(
        name=draw(names),
        amount=times(price, quantity),
        quantity=quantity,
        # A source that gives only the sum of a line, which its quantity need not divide.
        unit_price=draw(st.sampled_from([price, None])),
        modifiers=tuple(draw(st.lists(modifiers(quantity), max_size=2))),
        components=tuple(draw(st.lists(modifiers(quantity), max_size=1))),
        void=draw(st.booleans()) and draw(st.booleans()),
        product_id=draw(st.sampled_from([None, "VARRIBEYE", "ITEMRED", "gone"])),
    )
    cut = draw(st.integers(0, line.amount))
    kind = draw(st.sampled_from(get_args(DiscountKind)))
    return msgspec.structs.replace(line, discounts=(Discount(draw(names), cut, kind),)) if cut else line


@st.composite
def checks(draw: st.DrawFn) -> Check:
    rung = tuple(draw(st.lists(lines(), max_size=6)))
    bare = Check(currency=draw(st.sampled_from(["DKK", "JPY", "KWD", "EUR"])), opened_at=plays.DINNER, lines=rung)
    left = add_up(bare).total
    cut = draw(st.integers(0, left)) if left else 0
    small = st.integers(0, 10_000)
    whole = msgspec.structs.replace(
        bare,
        status=draw(st.sampled_from(["open", "closed", "void"])),
        discounts=(Discount("whole", cut),) if cut else (),
        service_charges=tuple(draw(st.lists(st.builds(ServiceCharge, names, small, st.booleans()), max_size=2))),
        taxes=tuple(draw(st.lists(st.builds(Tax, names, small, st.booleans(), st.just(Decimal("12.5"))), max_size=3)))
        if rung
        else (),
    )
    total = add_up(whole).total
    return msgspec.structs.replace(
        whole,
        payments=tuple(
            Payment(
                amount=amount, tip=draw(small), tender=draw(st.sampled_from(["card", "cash", "gift_card", "voucher"]))
            )
            for amount in apportion(total, draw(st.lists(st.integers(1, 5), max_size=3)))
        ),
        refunds=tuple(Refund(draw(st.integers(1, 500))) for _ in range(draw(st.integers(0, 2)))),
        total=draw(st.sampled_from([None, total])),
    )


def shown(check: Check, country: str = "DK") -> Check:
    """The check as it comes back through Square: its sale, with the refunds that come as orders of their own."""
    play = plays.stage(country)
    staged = Staged("CHK", check, plays.DINNER, plays.DINNER + timedelta(hours=2))
    sale = read(order_of(staged, Till(play.location_id, country, sellable(play))))
    returns = [read(return_order_of(staged, place, play.location_id)) for place in range(len(check.refunds))]
    assert all(each.split_from == "CHK" and add_up(each).difference == 0 for each in returns)
    return msgspec.structs.replace(sale, refunds=tuple(refund for each in returns for refund in each.refunds))


def read(order: object) -> Check:
    [seen] = translate("orders", Raw(msgspec.json.encode(order)))
    assert isinstance(seen, CheckSeen)
    return seen.check


def sums_before(check: Check) -> Sums:
    # A void check is worth nothing, whatever total it states.
    return add_up(check if check.status != "void" else msgspec.structs.replace(check, total=None))


@settings(max_examples=300, deadline=None)
@given(checks(), st.sampled_from(["DK", "US"]))
def test_any_check_comes_back_equal_in_money(check: Check, country: str):
    again = shown(check, country)
    assert add_up(again) == sums_before(check)
    assert again.currency == check.currency


@given(st.integers(0, 10**9), st.lists(st.integers(-5, 10**6), min_size=1, max_size=20))
def test_apportioning_loses_nothing(total: int, weights: list[int]):
    shares = apportion(total, weights)
    assert sum(shares) == total
    assert min(shares) >= 0


def test_a_stated_total_that_differs_is_cash_rounding_and_still_adds_up():
    line = Line(name="Kaffe", amount=3312, unit_price=3312)
    check = Check(currency="DKK", opened_at=plays.DINNER, lines=(line,), total=3300)
    again = shown(check)
    assert add_up(again).difference == 0
    assert (add_up(again).total, again.service_charges) == (3300, (ServiceCharge("Cash rounding", -12),))


@pytest.mark.parametrize("kind", ["comp", "discount", "loyalty"])
def test_what_kind_of_discount_comes_back(kind):
    given_away = Line(name="Dessert", amount=8500, discounts=(Discount("Fejl", 8500, kind),))
    check = Check(currency="DKK", opened_at=plays.DINNER, lines=(given_away,))
    assert shown(check).lines[0].discounts == given_away.discounts
