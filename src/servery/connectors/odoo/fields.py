"""Which fields are read of which model, as data. Odoo refuses a question that names a field which a version has not,
or which its user may not see: so what is optional is only asked for where it is there, and of what is needed the lack
is told.
"""  # noqa: D205

from typing import NamedTuple


class Fields(NamedTuple):
    """Of one model: fields without which nothing can be read, and those that are read where they are."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()


READ: dict[str, Fields] = {
    "pos.config": Fields(
        ("name", "currency_id", "company_id"),
        ("active", "module_pos_restaurant", "floor_ids", "tip_product_id", "discount_product_id", "cash_rounding",
         "rounding_method", "limit_categories", "iface_available_categ_ids"),
    ),
    "res.company": Fields(("name", "partner_id")),
    "pos.order": Fields(
        ("name", "state", "date_order", "amount_total", "amount_paid", "partner_id", "config_id", "lines",
         "payment_ids", "write_date"),
        ("pos_reference", "tracking_number", "table_id", "customer_count", "currency_id", "user_id", "employee_id",
         "takeaway", "is_tipped", "tip_amount", "floating_order_name", "note", "general_note",
         "general_customer_note", "internal_note", "uuid", "source"),
    ),
    "pos.order.line": Fields(
        ("order_id", "product_id", "qty", "price_unit", "price_subtotal", "price_subtotal_incl"),
        ("full_product_name", "discount", "tax_ids", "customer_note", "note", "combo_parent_id",
         "attribute_value_ids", "refunded_orderline_id", "is_reward_line", "uuid", "create_date", "write_date"),
    ),
    "pos.payment": Fields(
        ("pos_order_id", "amount", "payment_method_id"), ("payment_date", "is_change", "write_date")
    ),
    "pos.payment.method": Fields(("name",), ("type", "is_cash_count")),
    "account.tax": Fields(("name", "amount"), ("amount_type", "price_include", "children_tax_ids")),
    "account.cash.rounding": Fields(("rounding",)),
    "product.template.attribute.value": Fields(
        ("name", "price_extra"), ("attribute_id", "product_tmpl_id", "attribute_line_id", "ptav_active")
    ),
    "res.partner": Fields(
        ("name", "write_date"),
        ("email", "phone", "mobile", "zip", "city", "country_id", "is_company", "parent_id", "company_name", "lang",
         "comment", "category_id", "active", "is_blacklisted", "create_date", "ref", "tz"),
    ),
    "res.partner.category": Fields(("name",)),
    "res.country": Fields(("code",)),
    "restaurant.table": Fields(("floor_id",), ("table_number", "name", "seats", "active")),
    "pos.category": Fields(("name",), ("parent_id",)),
    "product.template": Fields(
        ("name", "list_price"),
        ("type", "detailed_type", "pos_categ_ids", "attribute_line_ids", "combo_ids", "taxes_id", "default_code",
         "barcode", "description_sale"),
    ),
    "product.product": Fields(
        ("product_tmpl_id", "lst_price"),
        ("product_template_attribute_value_ids", "default_code", "barcode"),
    ),
    "product.template.attribute.line": Fields(("product_tmpl_id", "attribute_id")),
    "product.attribute": Fields(("name",), ("display_type", "create_variant")),
    "product.combo": Fields(("name",), ("base_price", "qty_max", "qty_free")),
    "product.combo.item": Fields(("product_id", "combo_id", "extra_price")),
    "pos.combo": Fields(("name",), ("base_price",)),
    "pos.combo.line": Fields(("product_id", "combo_id", "combo_price")),
    "pos.session": Fields(("config_id", "state")),
}  # fmt: skip
