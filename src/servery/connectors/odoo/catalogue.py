"""All that Odoo's points of sale sell, put together as one record: a menu is only right as a whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from servery.connectors.contract import Account
from servery.connectors.odoo.bundles import link_id
from servery.connectors.odoo.rpc import Odoo, Row

_DATED = (
    "product.template", "product.product", "product.template.attribute.value", "product.attribute", "pos.category",
    "account.tax", "product.combo", "product.combo.item", "pos.combo", "pos.combo.line", "pos.config",
)  # fmt: skip
_SOLD = [["available_in_pos", "=", True], ["sale_ok", "=", True]]


async def menu(odoo: Odoo, account: Account) -> Raw:
    """The record of the resource `products`."""
    templates = await odoo.search_read("product.template", _SOLD)
    ids = [each["id"] for each in templates]
    of_products = [["product_tmpl_id", "in", ids]]
    lines = await odoo.search_read("product.template.attribute.line", of_products)
    attributes = sorted({each for row in lines if (each := link_id(row["attribute_id"]))})
    combos, items = await _combos(odoo, templates)
    record = {
        "modified": await _modified(odoo),
        "outlets": await _outlets(odoo, account),
        "categories": await odoo.search_read("pos.category", []),
        "templates": templates,
        "variants": await odoo.search_read("product.product", of_products),
        "attribute_lines": lines,
        "attributes": await odoo.by_id("product.attribute", attributes),
        "values": await odoo.search_read("product.template.attribute.value", of_products),
        "combos": combos,
        "combo_items": items,
        "taxes": await _taxes(odoo, templates),
    }
    return Raw(msgspec.json.encode(record))


async def _taxes(odoo: Odoo, templates: Sequence[Row]) -> list[Row]:
    found = await odoo.by_id("account.tax", sorted({each for row in templates for each in row.get("taxes_id") or ()}))
    members = {each for row in found for each in row.get("children_tax_ids") or ()} - {row["id"] for row in found}
    return [*found, *await odoo.by_id("account.tax", sorted(members))]


async def _combos(odoo: Odoo, templates: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Combos and what may fill them; version 17 has them under other names."""
    ids = sorted({each for row in templates for each in row.get("combo_ids") or ()})
    if not ids:
        return [], []
    combo, item = ("product.combo", "product.combo.item")
    if not await odoo.has(combo):
        combo, item = ("pos.combo", "pos.combo.line")
    return await odoo.by_id(combo, ids), await odoo.search_read(item, [["combo_id", "in", ids]])


async def _modified(odoo: Odoo) -> str:
    """When any of it last changed, what is no longer sold included: that it left the menu is a change too."""
    latest = str(datetime(2000, 1, 1))  # noqa: DTZ001 - as Odoo writes times, in UTC without saying so
    for model in _DATED:
        there = await odoo.fields(model)
        if "write_date" not in there:
            continue
        domain: list[Any] = [["active", "in", [True, False]]] if "active" in there else []
        rows = await odoo.search_read(model, domain, fields=["write_date"], order="write_date desc", limit=1)
        latest = max([latest, *(str(each["write_date"]) for each in rows)])
    return latest


async def _outlets(odoo: Odoo, account: Account) -> list[dict[str, Any]]:
    odoo.forget("pos.config")
    configs = await odoo.remembered("pos.config", [int(each.external_id) for each in account.locations])
    return [
        {
            "id": each.external_id,
            "currency": each.currency,
            "categories": _limits(configs.get(int(each.external_id), {})),
            "hidden": _hidden(configs.get(int(each.external_id), {})),
        }
        for each in account.locations
    ]


def _limits(config: Row) -> list[int] | None:
    return list(config.get("iface_available_categ_ids") or ()) if config.get("limit_categories") else None


def _hidden(config: Row) -> list[int]:
    links = (config.get("tip_product_id"), config.get("discount_product_id"))
    return [each for link in links if (each := link_id(link))]
