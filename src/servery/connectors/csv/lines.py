"""One row of an orders file as a line of a check: its quantity, price, discounts and amount."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from servery.connectors.csv.cells import BadCell, Cells, flag
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import shown
from servery.connectors.csv.words import folded
from servery.errors import Invalid
from servery.model.money import times
from servery.model.order import Discount, DiscountKind, Line

ENORMOUS = 1000
"""A quantity from here on is told: it is a weight, a volume or a mistake."""

_ODD = {
    "quantity-zero": "Lines with a quantity of 0: {count}.",
    "quantity-enormous": "Lines with a quantity of 1,000 or more: {count}; the largest is {largest}.",
    "return": "Lines with a quantity below 0, kept as returns: {count}.",
    "amount-negative": "Lines with a price or amount below 0: {count}.",
    "no-quantity": "Lines without a quantity, kept as 1: {count}.",
    "amount-differs": "Lines whose quantity × price is not their amount, which is kept: {count}.",
    "rounded": "Lines with more decimals than {currency} has, rounded: {count}.",
    "no-name": "Lines without a name: {count}.",
}
_ONE = Decimal(1)
_KINDS: tuple[tuple[DiscountKind, tuple[str, ...]], ...] = (
    ("coupon", ("coupon", "kupon", "gutschein", "cupón")),
    ("loyalty", ("loyal", "member", "medlem", "treue", "fidelidad")),
    ("comp", ("comp", "comps")),
)


class Worth(Struct, frozen=True):
    """What a line is worth, in minor units; `amount` None when the file has no price for it. `odd` names notices."""

    quantity: Decimal
    unit_price: int | None
    amount: int | None
    discounts: tuple[Discount, ...]
    odd: tuple[str, ...]


class Lines:
    """Makes lines from rows; what a line is worth is worked out once for each distinct combination of its cells."""

    def __init__(self, plan: Plan, cells: Cells) -> None:
        self._cells = cells
        self._amounts = plan.amounts
        self._discounts = tuple((name, _kind(name)) for name in plan.columns.get("discount", ()))
        self._has_quantity = "quantity" in plan.columns
        self._priced = tuple(plan.place(field) for field in ("quantity", "price", "amount", "currency"))
        self._reductions = plan.places("discount")
        self._item, self._product, self._category, self._void, self._note = (
            plan.place(field) for field in ("item", "product_id", "category", "void", "note")
        )
        self._known: dict[tuple[str, ...], Worth] = {}

    def worth(self, row: Sequence[str], currency: str) -> Worth:
        """What a row is worth. Raises BadCell."""
        written = ["" if place is None else row[place] for place in self._priced]
        key = (currency, *written, *[row[place] for place in self._reductions])
        known = self._known.get(key)
        if known is None:
            if len(self._known) > 100_000:
                self._known.clear()
            known = self._known[key] = self._worth(key)
        return known

    def _worth(self, key: tuple[str, ...]) -> Worth:
        currency, quantity_text, price_text, amount_text, currency_text, *reductions = (text.strip() for text in key)
        if currency_text:
            self._cells.currency("currency", currency_text, currency)
        odd: list[str] = []
        quantity = self._quantity(quantity_text, odd)
        price = self._money("price", price_text, currency, odd)
        paid = self._money("amount", amount_text, currency, odd)
        discounts = self._discounted(reductions, currency, odd)
        amount = paid
        product = None if price is None else times(price, quantity)
        if paid is None:
            amount = product
        elif self._amounts == "paid":
            amount = paid + sum(discount.amount for discount in discounts)
        if paid is not None and product is not None and product not in (paid, amount):
            odd.append("amount-differs")
        if (price or 0) < 0 or (amount or 0) < 0 <= quantity:
            odd.append("amount-negative")
        return Worth(quantity, price, amount, discounts, tuple(odd))

    def _quantity(self, text: str, odd: list[str]) -> Decimal:
        if not text:
            if self._has_quantity:
                odd.append("no-quantity")
            return _ONE
        quantity = self._cells.number("quantity", text)
        if quantity == 0:
            odd.append("quantity-zero")
        elif quantity < 0:
            odd.append("return")
        if abs(quantity) >= ENORMOUS:
            odd.append("quantity-enormous")
        return quantity

    def _money(self, field: str, text: str, currency: str, odd: list[str]) -> int | None:
        if not text:
            return None
        money = self._cells.money(field, text, currency)
        if money.rounded and "rounded" not in odd:
            odd.append("rounded")
        return money.amount

    def _discounted(self, reductions: Sequence[str], currency: str, odd: list[str]) -> tuple[Discount, ...]:
        """The discounts of a row; some tills write them as negative numbers, some as positive."""
        given = [
            (name, self._money("discount", text, currency, odd) or 0, kind)
            for (name, kind), text in zip(self._discounts, reductions, strict=True)
        ]
        return tuple(Discount(name, abs(amount), kind) for name, amount, kind in given if amount)

    def named(self, row: Sequence[str]) -> tuple[str, str | None]:
        """A row's item name, empty where it has none, and its product's id."""
        name = "" if self._item is None else row[self._item].strip()
        return name, (row[self._product].strip() or None) if self._product is not None else None

    def odd(self, worth: Worth, name: str) -> list[str]:
        """The notices that a line deserves."""
        nameless = not name and self._item is not None
        return [*worth.odd, "no-name"] if nameless else list(worth.odd)

    def line(self, row: Sequence[str], worth: Worth, amount: int, external_id: str) -> Line:
        """The line of a row, at an amount before discounts in minor units."""
        name, product_id = self.named(row)
        return Line(
            name=name,
            amount=amount,
            quantity=worth.quantity,
            unit_price=worth.unit_price,
            external_id=external_id,
            product_id=product_id,
            category=(row[self._category].strip() or None) if self._category is not None else None,
            discounts=worth.discounts,
            void=self._void is not None and flag(row[self._void]) is True,
            note=(row[self._note].strip() or None) if self._note is not None else None,
        )


def _kind(name: str) -> DiscountKind:
    words = folded(name).split()
    return next((kind for kind, begins in _KINDS if any(word.startswith(begins) for word in words)), "discount")


def told_oddity(code: str) -> str:
    """The words of a line's notice."""
    return _ODD[code]


def unpriced(name: str, product_id: str | None) -> BadCell:
    """Why a line that neither the file nor the menu gives a price cannot go in."""
    value = name or product_id or ""
    return BadCell(
        "item" if name else "product_id",
        value,
        Invalid(
            "The file gives no price for this, and the venue's menu has no {item}.",
            item=shown(value) or "item without a name", mend="Import the venue's menu first.", code="no-price",
        ),
    )  # fmt: skip
