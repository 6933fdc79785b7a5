"""Money as whole minor units with its currency, for currencies of zero, two and three decimals."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.core import get_global
from msgspec import Struct

# ISO 4217 minor units. CLDR rounds some of these to what a cash drawer holds (IQD, LBP), but vendors
# send ISO minor units, so the exceptions are listed rather than asked of CLDR.
_DECIMALS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


class Money(Struct, frozen=True, order=True):
    """An amount in minor units (øre, cents, fils) of an ISO 4217 currency."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency; ValueError when the currencies differ."""
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __neg__(self) -> "Money":
        """The same amount, owed the other way."""
        return Money(-self.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Subtract an amount of the same currency; ValueError when the currencies differ."""
        return self + -other


def known_currency(code: str) -> bool:
    """Whether the code is a current or former ISO 4217 currency, in capitals."""
    return code in get_global("all_currencies")


def decimals(currency: str) -> int:
    """How many decimals the currency's minor unit stands for (ISO 4217): 0 for JPY, 2 for EUR, 3 for KWD."""
    return _DECIMALS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Round a decimal amount half up to the currency's minor units; ValueError when it is not a finite number."""
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount")
    try:
        return int(amount.scaleb(decimals(currency)).quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation as error:
        raise ValueError(f"{amount} is too large an amount") from error


def to_decimal(minor: int, currency: str) -> Decimal:
    """Minor units as an exact decimal amount: 1250 EUR is 12.50."""
    return Decimal(minor).scaleb(-decimals(currency))


def times(unit_price: int, quantity: Decimal) -> int:
    """A unit price in minor units times a quantity, rounded half up to whole minor units."""
    return int((unit_price * quantity).quantize(Decimal(1), ROUND_HALF_UP))
