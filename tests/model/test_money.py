from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.model.money import Money, decimals, known_currency, times, to_decimal, to_minor

currencies = st.sampled_from(["JPY", "ISK", "EUR", "DKK", "KWD", "TND", "CLF"])


@pytest.mark.parametrize(
    ("currency", "places"), [("JPY", 0), ("ISK", 0), ("EUR", 2), ("DKK", 2), ("IQD", 3), ("KWD", 3), ("CLF", 4)]
)
def test_a_currency_has_the_decimals_that_iso_4217_gives_it(currency, places):
    assert decimals(currency) == places


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.50", "EUR", 1250), ("1250", "JPY", 1250), ("1.2345", "KWD", 1235), ("0.005", "EUR", 1), ("-0.005", "EUR", -1),
     ("1250.4", "JPY", 1250), ("1e3", "EUR", 100000)],
)  # fmt: skip
def test_an_amount_becomes_minor_units_half_up(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1e40"])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(ValueError, match="amount"):
        to_minor(Decimal(amount), "EUR")


@given(st.integers(-(10**15), 10**15), currencies)
def test_minor_units_come_back_from_their_decimal_as_they_were(minor, currency):
    assert to_minor(to_decimal(minor, currency), currency) == minor


def test_money_of_one_currency_adds_and_of_two_does_not():
    assert Money(150, "DKK") + Money(50, "DKK") - Money(20, "DKK") == Money(180, "DKK")
    assert -Money(5, "EUR") < Money(5, "EUR")
    with pytest.raises(ValueError, match="cannot add EUR to DKK"):
        Money(1, "DKK") + Money(1, "EUR")


def test_a_quantity_of_a_price_is_rounded_half_up():
    assert times(333, Decimal("1.5")) == 500
    assert times(1, Decimal("0.5")) == 1
    assert times(250, Decimal(-2)) == -500


def test_a_currency_is_a_code_in_capitals():
    assert known_currency("DKK")
    assert not known_currency("dkk")
    assert not known_currency("XYZ")
