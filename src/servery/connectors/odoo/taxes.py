"""Taxes of an Odoo order: whether prices hold them, and how much each comes to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from servery.connectors.odoo import wire
from servery.model.money import to_minor
from servery.model.order import Tax


def basis(line: wire.Line, bundle: wire.OrderBundle) -> Decimal:
    """A line's price as the menu states prices: with its taxes where all of them are in the price, else without."""
    return line.price_subtotal_incl if _included(line, bundle) else line.price_subtotal


def _included(line: wire.Line, bundle: wire.OrderBundle) -> bool:
    return all(each.price_include for each in _of_line(line, _by_id(bundle)))


def _by_id(bundle: wire.OrderBundle) -> Mapping[int, wire.Tax]:
    return {each.id: each for each in bundle.taxes}


def _of_line(line: wire.Line, known: Mapping[int, wire.Tax]) -> Sequence[wire.Tax]:
    """A line's taxes; one whose record may not be read was added to the price, which is how Odoo has it by default."""
    return [known.get(each, wire.Tax(each)) for each in line.tax_ids]


def of(lines: Iterable[wire.Line], bundle: wire.OrderBundle) -> tuple[Tax, ...]:
    """What each tax comes to over these lines. Odoo gives the sum of a line's taxes; each has its share by its rate."""
    known = _by_id(bundle)
    sums: dict[tuple[int, bool], int] = {}
    for line in lines:
        own = _of_line(line, known)
        currency = bundle.place.currency
        amount = to_minor(line.price_subtotal_incl, currency) - to_minor(line.price_subtotal, currency)
        included = all(each.price_include for each in own)
        for tax, share in zip(own, shares(amount, [each.amount for each in own]), strict=True):
            sums[tax.id, included] = sums.get((tax.id, included), 0) + share
        if amount and not own:
            sums[0, included] = sums.get((0, included), 0) + amount
    return tuple(_tax(known.get(id_), amount, included) for (id_, included), amount in sums.items())


def _tax(tax: wire.Tax | None, amount: int, included: bool) -> Tax:
    if tax is None:
        return Tax("Tax", amount, included)
    rate = tax.amount if tax.amount_type in ("percent", "division") else None
    return Tax(wire.text(tax.name) or "Tax", amount, included, rate)


def shares(amount: int, weights: Sequence[Decimal]) -> list[int]:
    """An amount in minor units shared out by weight, to the last unit; the last one bears the rounding."""
    whole = sum(weights)
    if not whole:
        return [amount if place == 0 else 0 for place, _ in enumerate(weights)]
    given = [int(amount * weight / whole) for weight in weights]
    given[-1] += amount - sum(given)
    return given
