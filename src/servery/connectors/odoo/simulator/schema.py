"""Which models and fields there are, and since and until which version. As data."""

from typing import Literal, NamedTuple

Kind = Literal[
    "integer", "float", "boolean", "char", "text", "html", "datetime", "selection", "many2one", "many2many", "one2many"
]


class Field(NamedTuple):
    """One field. `inverse` names the link of the other model that a list of records stands for.

    What is `computed` is read and never searched.
    """

    kind: Kind
    other: str = ""
    inverse: str = ""
    since: int = 17
    until: int = 99
    computed: bool = False


_TEXT, _LONG, _HTML = Field("char"), Field("text"), Field("html")
_NUMBER, _AMOUNT, _TICK, _TIME, _CHOICE = (
    Field("integer"), Field("float"), Field("boolean"), Field("datetime"), Field("selection"),
)  # fmt: skip
_LOGGED = {"create_date": _TIME, "write_date": _TIME, "display_name": Field("char", computed=True)}


def _to(other: str, since: int = 17) -> Field:
    return Field("many2one", other, since=since)


def _many(other: str) -> Field:
    return Field("many2many", other)


def _list(other: str, inverse: str) -> Field:
    return Field("one2many", other, inverse)


_MODELS: dict[str, dict[str, Field]] = {
    "res.company": {"name": _TEXT, "partner_id": _to("res.partner"), "currency_id": _to("res.currency")},
    "res.currency": {"name": _TEXT, "decimal_places": _NUMBER},
    "res.country": {"name": _TEXT, "code": _TEXT},
    "res.users": {"name": _TEXT, "login": _TEXT, "partner_id": _to("res.partner")},
    "res.partner.category": {"name": _TEXT, "color": _NUMBER},
    "res.partner": {
        "name": _TEXT, "email": _TEXT, "phone": _TEXT, "mobile": _TEXT._replace(until=18), "street": _TEXT,
        "street2": _TEXT, "zip": _TEXT, "city": _TEXT, "country_id": _to("res.country"), "is_company": _TICK,
        "parent_id": _to("res.partner"), "company_name": _TEXT, "lang": _TEXT, "comment": _HTML, "ref": _TEXT,
        "category_id": _many("res.partner.category"), "active": _TICK, "tz": _TEXT, "partner_share": _TICK,
        "ref_company_ids": _list("res.company", "partner_id"), "customer_rank": _NUMBER, "supplier_rank": _NUMBER,
        "is_blacklisted": Field("boolean", computed=True),
    },
    "pos.config": {
        "name": _TEXT, "active": _TICK, "module_pos_restaurant": _TICK, "company_id": _to("res.company"),
        "currency_id": _to("res.currency"), "payment_method_ids": _many("pos.payment.method"),
        "floor_ids": _many("restaurant.floor"), "tip_product_id": _to("product.product"),
        "discount_product_id": _to("product.product"), "cash_rounding": _TICK,
        "rounding_method": _to("account.cash.rounding"), "limit_categories": _TICK,
        "iface_available_categ_ids": _many("pos.category"),
    },
    "pos.session": {"name": _TEXT, "config_id": _to("pos.config"), "state": _CHOICE},
    "pos.payment.method": {"name": _TEXT, "type": _CHOICE._replace(computed=True), "is_cash_count": _TICK},
    "pos.category": {"name": _TEXT, "parent_id": _to("pos.category"), "sequence": _NUMBER},
    "pos.preset": {"name": _TEXT},
    "account.tax": {
        "name": _TEXT, "amount": _AMOUNT, "amount_type": _CHOICE, "price_include": _TICK,
        "include_base_amount": _TICK, "children_tax_ids": _many("account.tax"),
    },
    "account.cash.rounding": {"name": _TEXT, "rounding": _AMOUNT},
    "restaurant.floor": {
        "name": _TEXT, "table_ids": _list("restaurant.table", "floor_id"), "pos_config_ids": _many("pos.config"),
    },
    "restaurant.table": {
        "name": _TEXT._replace(until=17), "table_number": _NUMBER._replace(since=18), "seats": _NUMBER,
        "floor_id": _to("restaurant.floor"), "shape": _CHOICE, "parent_id": _to("restaurant.table", since=18),
        "active": _TICK,
    },
    "product.attribute": {"name": _TEXT, "display_type": _CHOICE, "create_variant": _CHOICE},
    "product.template": {
        "name": _TEXT, "list_price": _AMOUNT, "type": _CHOICE, "detailed_type": _CHOICE._replace(until=17),
        "pos_categ_ids": _many("pos.category"),
        "attribute_line_ids": _list("product.template.attribute.line", "product_tmpl_id"),
        "combo_ids": _many("product.combo"), "taxes_id": _many("account.tax"), "default_code": _TEXT, "barcode": _TEXT,
        "description_sale": _LONG, "available_in_pos": _TICK, "sale_ok": _TICK, "active": _TICK,
    },
    "product.product": {
        "product_tmpl_id": _to("product.template"), "lst_price": _AMOUNT._replace(computed=True),
        "product_template_attribute_value_ids": _many("product.template.attribute.value"), "default_code": _TEXT,
        "barcode": _TEXT, "active": _TICK,
    },
    "product.template.attribute.line": {
        "product_tmpl_id": _to("product.template"), "attribute_id": _to("product.attribute"),
        "value_ids": _many("product.attribute.value"),
    },
    "product.template.attribute.value": {
        "name": _TEXT, "price_extra": _AMOUNT, "attribute_id": _to("product.attribute"),
        "product_tmpl_id": _to("product.template"), "attribute_line_id": _to("product.template.attribute.line"),
        "ptav_active": _TICK,
    },
    "product.combo": {
        "name": _TEXT, "base_price": _AMOUNT, "combo_item_ids": _list("product.combo.item", "combo_id"),
        "qty_max": _NUMBER._replace(since=19), "qty_free": _NUMBER._replace(since=19),
    },
    "product.combo.item": {
        "combo_id": _to("product.combo"), "product_id": _to("product.product"), "extra_price": _AMOUNT,
    },
    "pos.order": {
        "name": _TEXT, "pos_reference": _TEXT, "uuid": _TEXT._replace(since=18), "state": _CHOICE,
        "date_order": _TIME, "amount_total": _AMOUNT, "amount_tax": _AMOUNT, "amount_paid": _AMOUNT,
        "amount_return": _AMOUNT, "partner_id": _to("res.partner"), "table_id": _to("restaurant.table"),
        "customer_count": _NUMBER, "session_id": _to("pos.session"), "config_id": _to("pos.config"),
        "currency_id": _to("res.currency")._replace(computed=True), "user_id": _to("res.users"),
        "tracking_number": _TEXT, "lines": _list("pos.order.line", "order_id"),
        "payment_ids": _list("pos.payment", "pos_order_id"), "is_tipped": _TICK, "tip_amount": _AMOUNT,
        "takeaway": _TICK._replace(since=18, until=18), "floating_order_name": _TEXT._replace(since=18),
        "access_token": _TEXT, "note": _LONG._replace(until=17), "general_note": _LONG._replace(since=18, until=18),
        "general_customer_note": _LONG._replace(since=19), "internal_note": _LONG._replace(since=19),
        "source": _CHOICE._replace(since=19), "preset_id": _to("pos.preset", since=19), "is_refund":
        _TICK._replace(since=19), "refunded_order_id": _to("pos.order", since=18)._replace(computed=True),
        "refund_orders_count": _NUMBER._replace(computed=True),
    },
    "pos.order.line": {
        "order_id": _to("pos.order"), "product_id": _to("product.product"), "full_product_name": _TEXT, "qty": _AMOUNT,
        "price_unit": _AMOUNT, "price_subtotal": _AMOUNT, "price_subtotal_incl": _AMOUNT, "discount": _AMOUNT,
        "price_extra": _AMOUNT, "tax_ids": _many("account.tax"), "customer_note": _TEXT,
        "note": _TEXT._replace(since=18), "combo_parent_id": _to("pos.order.line"),
        "combo_item_id": _to("product.combo.item", since=18),
        "attribute_value_ids": _many("product.template.attribute.value"), "uuid": _TEXT,
        "refunded_orderline_id": _to("pos.order.line"), "refunded_qty": _AMOUNT._replace(computed=True),
    },
    "pos.payment": {
        "name": _TEXT, "pos_order_id": _to("pos.order"), "payment_method_id": _to("pos.payment.method"),
        "amount": _AMOUNT, "payment_date": _TIME, "is_change": _TICK,
    },
}  # fmt: skip
# In version 17 combos belonged to the point of sale, under other names.
_OLD_COMBOS: dict[str, dict[str, Field]] = {
    "pos.combo": {"name": _TEXT, "base_price": _AMOUNT, "combo_line_ids": _list("pos.combo.line", "combo_id")},
    "pos.combo.line": {
        "combo_id": _to("pos.combo"), "product_id": _to("product.product"), "combo_price": _AMOUNT,
    },
}  # fmt: skip


def models(version: int) -> dict[str, dict[str, Field]]:
    """Each model of a version with its fields."""
    named = dict(_MODELS)
    if version == 17:
        named |= _OLD_COMBOS
        del named["product.combo"], named["product.combo.item"]
    return {
        model: {"id": _NUMBER}
        | {name: field for name, field in (fields | _LOGGED).items() if _is_there(field, version)}
        for model, fields in named.items()
    }


def _is_there(field: Field, version: int) -> bool:
    return field.since <= version <= field.until
