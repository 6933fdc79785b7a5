"""A check's parts add up, exactly, whatever parts it has."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from servery.model.order import (
    Check,
    Discount,
    Line,
    Payment,
    Refund,
    ServiceCharge,
    Sums,
    Tax,
    add_up,
    every_line,
)

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
amounts = st.integers(-(10**6), 10**6)
positive = st.integers(0, 10**6)
discounts = st.lists(st.builds(Discount, st.just("Staff"), positive, st.sampled_from(["discount", "comp"])), max_size=2)
lines = st.recursive(
    st.builds(Line, name=st.just("Dish"), amount=amounts, discounts=discounts.map(tuple), void=st.booleans()),
    lambda inner: st.builds(
        Line, name=st.just("Combo"), amount=amounts, discounts=discounts.map(tuple), void=st.booleans(),
        modifiers=st.lists(inner, max_size=2).map(tuple), components=st.lists(inner, max_size=2).map(tuple),
    ),
    max_leaves=8,
)  # fmt: skip
checks = st.builds(
    Check, currency=st.sampled_from(["JPY", "EUR", "KWD"]), opened_at=st.just(NOW),
    status=st.sampled_from(["open", "closed"]), tip=positive,
    lines=st.lists(lines, max_size=4).map(tuple), discounts=discounts.map(tuple),
    service_charges=st.lists(st.builds(ServiceCharge, st.just("Service"), positive, st.booleans()), max_size=2)
    .map(tuple),
    taxes=st.lists(st.builds(Tax, st.just("VAT"), positive, st.booleans()), max_size=3).map(tuple),
    payments=st.lists(st.builds(Payment, amount=amounts, tip=positive), max_size=2).map(tuple),
    refunds=st.lists(st.builds(Refund, positive), max_size=2).map(tuple),
)  # fmt: skip


def check(**parts):
    return Check(currency="DKK", opened_at=NOW, **parts)


def worth(line):
    """What a line comes to with all in it, written a second time in another way."""
    if line.void:
        return 0
    inside = sum(worth(one) for one in line.modifiers + line.components)
    return line.amount - sum(one.amount for one in line.discounts) + inside


@given(checks)
def test_lines_less_discounts_plus_charges_plus_added_tax_are_the_total(check):
    sums = add_up(check)
    expected = sum(worth(line) for line in check.lines) - sum(one.amount for one in check.discounts)
    expected += sum(one.amount for one in check.service_charges)
    expected += sum(one.amount for one in check.taxes if not one.included)
    assert sums.total == expected == sums.gross - sums.discounts + sums.service_charges + sums.tax_added
    assert sums.difference == 0


@given(checks)
def test_tips_payments_and_included_tax_are_no_part_of_the_total(check):
    bare = structs.replace(
        check, tip=0, payments=(), refunds=(), taxes=tuple(one for one in check.taxes if not one.included)
    )
    sums, without = add_up(check), add_up(bare)
    assert sums.total == without.total
    assert sums.tips == check.tip + sum(one.tip for one in check.payments)
    assert sums.paid == sum(one.amount for one in check.payments)
    assert sums.net_sales == without.net_sales - sums.tax_included
    assert sums.spend == sums.total - sum(one.amount for one in check.refunds)


@given(checks, amounts)
def test_a_stated_total_stands_and_what_its_parts_lack_is_told(check, stated):
    sums = add_up(structs.replace(check, total=stated))
    assert sums.total == stated
    assert sums.difference == stated - add_up(check).total


@given(checks, st.one_of(st.none(), amounts))
def test_a_void_check_is_worth_nothing(check, stated):
    assert add_up(structs.replace(check, status="void", total=stated)) == Sums(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_a_dinner_adds_up():
    ribeye = Line(name="Ribeye", amount=24900, modifiers=(Line(name="Pepper sauce", amount=2500),))
    menu = Line(
        name="Menu", amount=30000, components=(Line(name="Oysters, upcharge", amount=4000), Line(name="Cake", amount=0))
    )
    gone = Line(name="Soup", amount=9000, void=True, modifiers=(Line(name="Bread", amount=1000),))
    treat = Line(name="Coffee", amount=3500, discounts=(Discount("On the house", 3500, "comp"),))
    sums = add_up(
        check(
            lines=(ribeye, menu, gone, treat), discounts=(Discount("Regulars", 1000),),
            service_charges=(ServiceCharge("Large party", 5000, gratuity=True),),
            taxes=(Tax("VAT", 12080, included=True), Tax("City", 300, included=False)),
            payments=(Payment(amount=65200, tip=4000),), refunds=(Refund(2500),), tip=100, total=65200,
        )
    )  # fmt: skip
    assert sums == Sums(
        gross=64900, discounts=4500, service_charges=5000, tax_added=300, tax_included=12080, total=65700 - 500,
        tips=4100, paid=65200, refunded=2500, difference=-500,
    )  # fmt: skip
    assert (sums.net_sales, sums.spend) == (48320, 62700)


def test_a_comp_of_everything_is_nothing_sold():
    sums = add_up(check(lines=(Line(name="Cake", amount=8000, discounts=(Discount("Birthday", 8000, "comp"),)),)))
    assert (sums.gross, sums.total, sums.net_sales) == (8000, 0, 0)


def test_every_line_leaves_out_voids_and_all_inside_them():
    inner = Line(name="Ice", amount=1, modifiers=(Line(name="Lemon", amount=1, void=True),))
    void = Line(name="Soup", amount=1, void=True, components=(Line(name="Bread", amount=1),))
    found = every_line((Line(name="Cola", amount=1, modifiers=(inner,)), void))
    assert [one.name for one in found] == ["Cola", "Ice"]
