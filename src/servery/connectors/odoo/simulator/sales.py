"""Checks on the stage as Odoo's orders, lines and payments."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from msgspec import Struct

from servery.connectors.odoo.simulator.world import World
from servery.connectors.odoo.taxes import shares
from servery.model.money import to_decimal
from servery.model.order import Check, Discount, Line, Payment, Refund
from servery.testing.stage import Staged

_STATES = {"open": "draft", "closed": "paid", "void": "cancel"}


class _Sold(Struct, frozen=True):
    """One line to be: what it costs before and after its own discount, both minor units."""

    key: str
    line: Line
    product: int
    before: int
    after: int
    modifiers: tuple[Line, ...] = ()
    parent: str | None = None


class Sales:
    """The orders of a world, brought up to date with the checks on its stage."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, Staged[Check]] = {}
        self._keys: dict[str, set[tuple[str, str]]] = {}

    def refresh(self) -> None:
        """Bring orders up to date."""
        for staged in self._world.stage.checks:
            if self._seen.get(staged.external_id) is not staged:
                self._seen[staged.external_id] = staged
                self._put(staged)

    def _put(self, staged: Staged[Check]) -> None:
        if staged.deleted:
            self._drop(staged.external_id, set())
            self._world.dropped("pos.order", staged.external_id)
            return
        order = _Order(self._world, staged)
        order.put()
        self._drop(staged.external_id, order.keys)

    def _drop(self, external_id: str, kept: set[tuple[str, str]]) -> None:
        for model, key in self._keys.get(external_id, set()) - kept:
            self._world.dropped(model, key)
        self._keys[external_id] = kept


class _Order:
    """One check on its way to being an order, with the refunds that are orders of their own."""

    def __init__(self, world: World, staged: Staged[Check]) -> None:
        self._world, self._staged, self._check = world, staged, staged.record
        self._currency = staged.record.currency
        self.keys: set[tuple[str, str]] = set()
        self._sold = list(self._lines())
        self._tips = sum(each.tip for each in self._check.payments)

    def put(self) -> None:
        """Write it all."""
        check, staged = self._check, self._staged
        world = self._world
        total = sum(self._incl()) + self._tips if check.total is None else check.total + self._tips
        number = check.number or (check.order.number if check.order else None) or staged.external_id
        paid = check.status == "closed"
        order = self._record("pos.order", staged.external_id, {
            "name": f"{world.stage.venue.name}/{number}" if paid else "/",
            "pos_reference": number,
            "tracking_number": number,
            "uuid": str(uuid5(NAMESPACE_OID, staged.external_id)),
            "state": _STATES[check.status],
            # The till sets the date anew when an order is paid.
            "date_order": check.closed_at or check.opened_at,
            "amount_total": self._money(total),
            "amount_tax": self._money(sum(tax.amount for tax in check.taxes)),
            "amount_paid": self._money(sum(each.amount + each.tip for each in check.payments)),
            "partner_id": world.known("res.partner", check.guest_id or "") or False,
            "table_id": world.tables.get(check.table or "") or False,
            "customer_count": check.covers or 0,
            "session_id": world.session or False,
            "config_id": world.config,
            "user_id": world.user,
            "is_tipped": bool(self._tips),
            "tip_amount": self._money(self._tips),
            "floating_order_name": check.label or False,
            "general_customer_note": check.note or False,
            "general_note": check.note or False,
            "note": check.note or False,
            "source": "pos",
            "takeaway": bool(check.order and check.order.service_mode == "collection"),
        })  # fmt: skip
        self._put_lines(order)
        for place, payment in enumerate(check.payments):
            self._put_payment(order, payment, f"{staged.external_id}:payment:{place}")
        for place, refund in enumerate(check.refunds):
            self._put_refund(refund, f"{staged.external_id}:refund:{place}")

    def _record(self, model: str, key: str, values: dict[str, Any]) -> int:
        if model != "pos.order" or key != self._staged.external_id:
            self.keys.add((model, key))
        return self._world.id_of(model, key, values, self._staged.modified_at, self._check.opened_at)

    def _money(self, minor: int) -> float:
        return float(to_decimal(minor, self._currency))

    def _lines(self) -> Iterator[_Sold]:
        check, menu = self._check, self._world.menu
        for place, line in enumerate(each for each in check.lines if not each.void):
            yield from self._nested(line, f"line:{place}", None)
        for place, charge in enumerate(check.service_charges):
            sold = Line(name=charge.name, amount=charge.amount)
            yield _Sold(f"charge:{place}", sold, menu.product(sold), charge.amount, charge.amount)
        for place, discount in enumerate(check.discounts):
            taken = Line(name=discount.name, amount=-discount.amount)
            yield _Sold(f"discount:{place}", taken, menu.discount, -discount.amount, -discount.amount)

    def _nested(self, line: Line, key: str, parent: str | None) -> Iterator[_Sold]:
        modifiers = tuple(_flat(line.modifiers))
        before = line.amount + sum(each.amount for each in modifiers)
        after = before - sum(each.amount for each in _discounts((line, *modifiers)))
        yield _Sold(key, line, self._world.menu.product(line), before, after, modifiers, parent)
        for place, component in enumerate(each for each in line.components if not each.void):
            yield from self._nested(component, f"{key}.{place}", key)

    def _shares(self, included: bool) -> list[int]:
        """The check's taxes of one kind, shared out over its lines by what they cost."""
        amount = sum(tax.amount for tax in self._check.taxes if tax.included is included)
        return shares(amount, [Decimal(each.after) for each in self._sold])

    def _incl(self) -> list[int]:
        return [each.after + share for each, share in zip(self._sold, self._shares(included=False), strict=True)]

    def _excl(self) -> list[int]:
        return [each.after - share for each, share in zip(self._sold, self._shares(included=True), strict=True)]

    def _put_lines(self, order: int) -> None:
        taxes = tuple(self._world.menu.tax(each) for each in self._check.taxes)
        numbers: dict[str, int] = {}
        for sold, incl, excl in zip(self._sold, self._incl(), self._excl(), strict=True):
            values = self._line(sold, order, incl, excl) | {"tax_ids": taxes}
            values["combo_parent_id"] = numbers.get(sold.parent or "", False)
            numbers[sold.key] = self._record("pos.order.line", f"{self._staged.external_id}:{sold.key}", values)
        if self._tips:
            self._put_tip(order)

    def _line(self, sold: _Sold, order: int, incl: int, excl: int) -> dict[str, Any]:
        quantity = sold.line.quantity or Decimal(1)
        discount = sold.before - sold.after
        return {
            "order_id": order,
            "product_id": sold.product,
            "full_product_name": sold.line.name,
            "qty": float(quantity),
            "price_unit": float(to_decimal(sold.before, self._currency) / quantity),
            "price_subtotal": self._money(excl),
            "price_subtotal_incl": self._money(incl),
            "discount": float(Decimal(discount * 100) / sold.before) if discount and sold.before else 0.0,
            "attribute_value_ids": tuple(
                self._world.menu.option(each, float(to_decimal(each.amount, self._currency) / quantity))
                for each in sold.modifiers
            ),
            "customer_note": sold.line.note or False,
            "uuid": str(uuid5(NAMESPACE_OID, f"{self._staged.external_id}:{sold.key}")),
        }

    def _put_tip(self, order: int) -> None:
        tip = Line(name="Tips", amount=self._tips)
        sold = _Sold("tip", tip, self._world.menu.tip, self._tips, self._tips)
        self._record(
            "pos.order.line", f"{self._staged.external_id}:tip", self._line(sold, order, self._tips, self._tips)
        )

    def _put_payment(self, order: int, payment: Payment, key: str) -> None:
        methods = self._world.methods
        at: datetime = payment.at or self._check.closed_at or self._check.opened_at
        self._record("pos.payment", key, {
            "pos_order_id": order,
            "payment_method_id": methods.get(payment.tender, methods["card"]),
            "amount": self._money(payment.amount + payment.tip),
            "payment_date": at,
        })  # fmt: skip

    def _put_refund(self, refund: Refund, key: str) -> None:
        """Money given back is an order of its own, with a line that takes one of the first order's back."""
        at = refund.at or self._staged.modified_at
        amount = self._money(-refund.amount)
        back = self._record("pos.order", key, {
            "name": f"{self._staged.external_id} REFUND", "pos_reference": key, "uuid": str(uuid5(NAMESPACE_OID, key)),
            "state": "paid", "date_order": at, "amount_total": amount, "amount_paid": amount,
            "config_id": self._world.config, "session_id": self._world.session or False,
            "user_id": self._world.user, "source": "pos", "is_refund": True,
        })  # fmt: skip
        first = self._world.known("pos.order.line", f"{self._staged.external_id}:line:0")
        self._record("pos.order.line", f"{key}:line", {
            "order_id": back, "product_id": self._sold[0].product if self._sold else self._world.menu.discount,
            "full_product_name": self._sold[0].line.name if self._sold else "Refund", "qty": -1.0,
            "price_unit": -amount, "price_subtotal": amount, "price_subtotal_incl": amount,
            "refunded_orderline_id": first or False, "uuid": str(uuid5(NAMESPACE_OID, f"{key}:line")),
        })  # fmt: skip
        self._record("pos.payment", f"{key}:payment", {
            "pos_order_id": back, "payment_method_id": self._world.methods["card"], "amount": amount,
            "payment_date": at,
        })  # fmt: skip


def _flat(modifiers: Sequence[Line]) -> Iterator[Line]:
    """Modifiers with those inside them: Odoo has one level."""
    for each in modifiers:
        if not each.void:
            yield each
            yield from _flat((*each.modifiers, *each.components))


def _discounts(lines: Sequence[Line]) -> Iterator[Discount]:
    return (discount for each in lines for discount in each.discounts)
