"""One check as the order Square makes of its sale."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import Struct

from servery.connectors.square.simulator.answers import Json, decimal_text, identifier, money, rfc3339
from servery.connectors.square.simulator.catalog import Sellable
from servery.connectors.square.simulator.payment import tender_of
from servery.model.order import Check, Discount, Line, every_line
from servery.testing.stage import Staged

_STATES = {"open": "OPEN", "closed": "COMPLETED", "void": "CANCELED"}
_FULFILLMENTS = {"collection": "PICKUP", "delivery": "DELIVERY"}
# Here the tax inside a price is taken out of the gross sales that Square states for a line.
_GROSS_WITHOUT_TAX = {"US", "CA", "JP"}
_TICKET_NAME_LENGTH = 30


class Till(Struct, frozen=True):
    """What the till knows besides the check: where it stands and what its buttons sell."""

    location_id: str
    country: str
    sellable: Sellable


class _Rung(Struct, frozen=True):
    """A line with the shares of what lies on the whole check, one for each discount and tax of it."""

    line: Line
    modifiers: tuple[Line, ...]
    discounts: tuple[Discount, ...]
    check_discounts: tuple[int, ...]
    taxes: tuple[int, ...]

    @property
    def gross(self) -> int:
        return self.line.amount + sum(each.amount for each in self.modifiers)

    @property
    def reduction(self) -> int:
        return sum(each.amount for each in self.discounts) + sum(self.check_discounts)


def state_of(check: Check) -> str:
    """The order's state."""
    return _STATES[check.status]


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Divide minor units by weight without losing one: what rounding leaves goes to the largest remainders."""
    if not weights:
        return []
    weights = [max(0, weight) for weight in weights]
    whole = sum(weights)
    if whole == 0:
        return [total, *([0] * (len(weights) - 1))]
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % whole))
    for place in by_remainder[: total - sum(shares)]:
        shares[place] += 1
    return shares


def _rung(check: Check) -> list[_Rung]:
    bare = [_bare(line) for line in check.lines if not line.void]
    nets = [each.gross - each.reduction for each in bare]
    check_discounts = [apportion(each.amount, nets) for each in check.discounts]
    for shares in check_discounts:
        nets = [net - share for net, share in zip(nets, shares, strict=True)]
    taxes = [apportion(each.amount, nets) for each in check.taxes]
    return [
        _Rung(
            each.line,
            each.modifiers,
            each.discounts,
            tuple(shares[place] for shares in check_discounts),
            tuple(shares[place] for shares in taxes),
        )
        for place, each in enumerate(bare)
    ]


def _bare(line: Line) -> _Rung:
    # Square has neither nested modifiers nor combos: staff ring all of it up as modifiers of the line.
    inside = (*every_line(line.modifiers), *every_line(line.components))
    return _Rung(line, inside, tuple(each for one in (line, *inside) for each in one.discounts), (), ())


def order_of(staged: Staged[Check], till: Till) -> Json:
    """The sale. Orders rung up at a till have no `version`."""
    check = staged.record
    rung = _rung(check)
    tips = sum(payment.tip for payment in check.payments)
    sums = _sums(check, rung, tips)
    order: Json = {
        "id": staged.external_id,
        "location_id": till.location_id,
        "created_at": rfc3339(staged.created_at),
        "updated_at": rfc3339(staged.modified_at),
        "state": state_of(check),
        "line_items": [_line_item(staged.external_id, place, each, check, till) for place, each in enumerate(rung)],
        "taxes": [_tax(staged.external_id, place, check) for place in range(len(check.taxes))],
        "discounts": list(_discounts(staged.external_id, rung, check)),
        "service_charges": [
            _service_charge(staged.external_id, place, check) for place in range(len(check.service_charges))
        ],
        "tenders": [tender_of(staged, place, till.location_id) for place in range(len(check.payments))],
        "net_amounts": sums,
        "total_money": sums["total_money"],
        "total_tax_money": sums["tax_money"],
        "total_discount_money": sums["discount_money"],
        "total_tip_money": sums["tip_money"],
        "total_service_charge_money": sums["service_charge_money"],
    }
    return {name: value for name, value in (order | _told(staged, rung)).items() if value not in (None, [])}


def _told(staged: Staged[Check], rung: list[_Rung]) -> Json:
    """What an order says only where there is something to say."""
    check = staged.record
    mode = check.order.service_mode if check.order else None
    rounding = 0 if check.total is None else check.total - _parts(check, rung)
    return {
        "closed_at": rfc3339(check.closed_at) if check.closed_at and check.status != "open" else None,
        "ticket_name": check.label[:_TICKET_NAME_LENGTH] if check.label else None,
        "customer_id": check.guest_id,
        "source": {"name": check.order.channel} if check.order and check.order.channel else None,
        "fulfillments": [_fulfillment(staged.external_id, mode)] if mode in _FULFILLMENTS else None,
        "rounding_adjustment": _rounding(staged.external_id, rounding, check.currency) if rounding else None,
    }


def _fulfillment(order_id: str, mode: str | None) -> Json:
    return {"uid": identifier("fulfillment", order_id), "type": _FULFILLMENTS[mode or ""], "state": "COMPLETED"}


def _rounding(order_id: str, amount: int, currency: str) -> Json:
    return {
        "uid": identifier("rounding", order_id),
        "name": "Cash rounding",
        "amount_money": money(amount, currency),
    }


def _parts(check: Check, rung: list[_Rung]) -> int:
    """The total without tips."""
    lines = sum(each.gross - each.reduction for each in rung)
    charges = sum(each.amount for each in check.service_charges)
    return lines + charges + sum(each.amount for each in check.taxes if not each.included)


def _sums(check: Check, rung: list[_Rung], tips: int) -> Json:
    total = _parts(check, rung) if check.total is None else check.total
    sums = {
        "total_money": total + tips,
        "tax_money": sum(each.amount for each in check.taxes),
        "discount_money": sum(each.reduction for each in rung),
        "tip_money": tips,
        "service_charge_money": sum(each.amount for each in check.service_charges),
    }
    return {name: money(amount, check.currency) for name, amount in sums.items()}


def _line_item(order_id: str, place: int, rung: _Rung, check: Check, till: Till) -> Json:
    line = rung.line
    currency = check.currency
    sold = till.sellable.get(line.product_id or "")
    added, inside = _tax_sums(rung, check)
    item = {
        "uid": line.external_id or identifier("line", order_id, place),
        "name": line.name,
        "quantity": decimal_text(line.quantity),
        "item_type": "ITEM" if line.product_id else "CUSTOM_AMOUNT",
        "catalog_object_id": sold.id if sold else None,
        "catalog_version": sold.version if sold else None,
        "variation_name": sold.name if sold else None,
        "note": line.note,
        "modifiers": [_modifier(order_id, place, at, each, line, currency) for at, each in enumerate(rung.modifiers)],
        "applied_discounts": _applied_discounts(order_id, place, rung, currency),
        "applied_taxes": _applied_taxes(order_id, place, rung, currency),
        "base_price_money": money(_unit_price(line, line.quantity), currency),
        "variation_total_price_money": money(line.amount, currency),
        "gross_sales_money": money(rung.gross - (inside if till.country in _GROSS_WITHOUT_TAX else 0), currency),
        "total_tax_money": money(added + inside, currency),
        "total_discount_money": money(rung.reduction, currency),
        "total_service_charge_money": money(0, currency),
        "total_money": money(rung.gross - rung.reduction + added, currency),
    }
    return {name: value for name, value in item.items() if value not in (None, [])}


def _tax_sums(rung: _Rung, check: Check) -> tuple[int, int]:
    shares = list(zip(check.taxes, rung.taxes, strict=True))
    added = sum(share for tax, share in shares if not tax.included)
    return added, sum(share for tax, share in shares if tax.included)


def _unit_price(line: Line, units: Decimal) -> int:
    if line.unit_price is not None:
        return line.unit_price
    return round(line.amount / units) if units else line.amount


def _modifier(order_id: str, place: int, at: int, modifier: Line, line: Line, currency: str) -> Json:
    # A modifier's quantity is per unit of its line.
    each = modifier.quantity / line.quantity if line.quantity else Decimal(1)
    per_line = each if each == each.to_integral_value() and each > 0 else Decimal(1)
    shown = {
        "uid": modifier.external_id or identifier("modifier", order_id, place, at),
        "name": modifier.name,
        "quantity": decimal_text(per_line),
        "base_price_money": money(_unit_price(modifier, per_line * line.quantity), currency),
        "total_price_money": money(modifier.amount, currency),
    }
    return shown | ({"catalog_object_id": modifier.product_id} if modifier.product_id else {})


def _applied_discounts(order_id: str, place: int, rung: _Rung, currency: str) -> list[Json]:
    own = [(identifier("discount", order_id, place, at), each.amount) for at, each in enumerate(rung.discounts)]
    shared = [(identifier("discount", order_id, at), share) for at, share in enumerate(rung.check_discounts)]
    return [
        {"uid": identifier("applied", uid, place), "discount_uid": uid, "applied_money": money(amount, currency)}
        for uid, amount in own + shared
    ]


def _applied_taxes(order_id: str, place: int, rung: _Rung, currency: str) -> list[Json]:
    uids = [identifier("tax", order_id, at) for at in range(len(rung.taxes))]
    return [
        {"uid": identifier("applied", uid, place), "tax_uid": uid, "applied_money": money(share, currency)}
        for uid, share in zip(uids, rung.taxes, strict=True)
    ]


def _discounts(order_id: str, rung: list[_Rung], check: Check) -> Iterator[Json]:
    for at, each in enumerate(check.discounts):
        yield _discount(identifier("discount", order_id, at), each, "ORDER", 0, check.currency)
    for place, line in enumerate(rung):
        for at, each in enumerate(line.discounts):
            uid = identifier("discount", order_id, place, at)
            yield _discount(uid, each, "LINE_ITEM", line.gross, check.currency)


def _discount(uid: str, discount: Discount, scope: str, gross: int, currency: str) -> Json:
    shown: Json = {"uid": uid, "name": discount.name, "scope": scope, "applied_money": money(discount.amount, currency)}
    if discount.kind == "loyalty":
        shown["reward_ids"] = [identifier("reward", uid)]
    if discount.kind == "comp" and discount.amount == gross:
        return shown | {"type": "FIXED_PERCENTAGE", "percentage": "100"}
    return shown | {"type": "FIXED_AMOUNT", "amount_money": money(discount.amount, currency)}


def _tax(order_id: str, place: int, check: Check) -> Json:
    tax = check.taxes[place]
    shown = {
        "uid": identifier("tax", order_id, place),
        "name": tax.name,
        "type": "INCLUSIVE" if tax.included else "ADDITIVE",
        "scope": "ORDER",
        "applied_money": money(tax.amount, check.currency),
    }
    return shown if tax.rate is None else shown | {"percentage": decimal_text(tax.rate)}


def _service_charge(order_id: str, place: int, check: Check) -> Json:
    charge = check.service_charges[place]
    whole = money(charge.amount, check.currency)
    return {
        "uid": identifier("charge", order_id, place),
        "name": charge.name,
        "type": "AUTO_GRATUITY" if charge.gratuity else "CUSTOM",
        "amount_money": whole,
        "applied_money": whole,
        "total_money": whole,
        "total_tax_money": money(0, check.currency),
        "calculation_phase": "SUBTOTAL_PHASE",
        "taxable": False,
    }
