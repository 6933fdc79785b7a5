"""Odoo's records with all that hangs on them, each put together as one record for `translate`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from servery.connectors.contract import Account
from servery.connectors.odoo import tables as naming
from servery.connectors.odoo.rpc import Odoo, Row
from servery.errors import NeedsPerson

_EVERY_ONE = 5
"""So many settled orders without a line among them are no chance: a rule hides the lines."""


def link_id(link: Any) -> int | None:
    """The id of the record that a link leads to."""
    return link[0] if isinstance(link, list) else None


def _raw(bundle: Mapping[str, Any]) -> Raw:
    return Raw(msgspec.json.encode(bundle))


def _all_of(rows: Iterable[Row], name: str) -> list[int]:
    """The ids in a list of links that these records have, each once."""
    return sorted({each for row in rows for each in row.get(name) or ()})


async def orders(odoo: Odoo, account: Account, rows: Sequence[Row]) -> list[Raw]:
    """Orders with their lines, payments, taxes and options, and the table's name."""
    if not rows:
        return []
    lines = await odoo.by_id("pos.order.line", _all_of(rows, "lines"))
    _check_lines(rows, lines)
    payments = await odoo.by_id("pos.payment", _all_of(rows, "payment_ids"))
    methods = await odoo.remembered(
        "pos.payment.method", [each for row in payments if (each := link_id(row["payment_method_id"]))]
    )
    taxes = await odoo.remembered("account.tax", _all_of(lines, "tax_ids"))
    values = await odoo.remembered("product.template.attribute.value", _all_of(lines, "attribute_value_ids"))
    places = await _places(odoo, account)
    called = {key: await _table_names(odoo, key) for key in {_place_of(row) for row in rows}}
    refunded = await _refunded(odoo, lines)
    made = []
    for row in rows:
        own = [each for each in lines if each["id"] in row["lines"]]
        paid = [each for each in payments if each["id"] in row["payment_ids"]]
        made.append(
            _raw(
                {
                    "order": row,
                    "place": places[_place_of(row)],
                    "lines": own,
                    "payments": paid,
                    "methods": _linked(methods, (each["payment_method_id"] for each in paid)),
                    "taxes": [taxes[each] for each in _all_of(own, "tax_ids") if each in taxes],
                    "values": [values[each] for each in _all_of(own, "attribute_value_ids") if each in values],
                    "table": called[_place_of(row)].get(link_id(row.get("table_id")) or 0),
                    "refunded_order": next((refunded[each["id"]] for each in own if each["id"] in refunded), None),
                }
            )
        )
    return made


def _linked(rows: Mapping[int, Row], links: Iterable[Any]) -> list[Row]:
    ids = sorted({each for link in links if (each := link_id(link))})
    return [rows[each] for each in ids if each in rows]


def _place_of(order: Row) -> str:
    return str(link_id(order["config_id"]))


def _check_lines(rows: Sequence[Row], lines: Sequence[Row]) -> None:
    """A record rule that hides lines hides them without a word: then every order has fewer than it says, or none."""
    seen = {each["id"] for each in lines}
    worth = [each for each in rows if each["state"] != "draft" and each["amount_total"]]
    bare = [each for each in worth if not seen.intersection(each["lines"])]
    if bare and ((bare == worth and len(bare) >= _EVERY_ONE) or any(each["lines"] for each in bare)):
        raise NeedsPerson(
            "Odoo does not show the field {field_name} of {model} to this user.",
            code="odoo-hidden-field", field="login", field_name="lines", model="pos.order",
            mend="Take away the record rule on pos.order.line that hides them from this user.",
        )  # fmt: skip


async def _places(odoo: Odoo, account: Account) -> dict[str, dict[str, Any]]:
    configs = await odoo.remembered("pos.config", [int(each.external_id) for each in account.locations])
    steps = [each for config in configs.values() if (each := _rounds_by(config))]
    rounding = await odoo.remembered("account.cash.rounding", steps) if steps else {}
    currencies = {each.external_id: each.currency for each in account.locations}
    return {
        str(number): {
            "id": str(number),
            "currency": currencies[str(number)] or "",
            "tip_product": str(tip) if (tip := link_id(config.get("tip_product_id"))) else None,
            "rounding": rounding.get(_rounds_by(config) or 0, {}).get("rounding", 0),
        }
        for number, config in configs.items()
    }


def _rounds_by(config: Row) -> int | None:
    return link_id(config.get("rounding_method")) if config.get("cash_rounding") else None


async def _refunded(odoo: Odoo, lines: Sequence[Row]) -> dict[int, int]:
    """For each line that takes another back, the order that the other is on: computed on the order, read here."""
    back = {each["id"]: source for each in lines if (source := link_id(each.get("refunded_orderline_id")))}
    sources = {each["id"]: each for each in await odoo.by_id("pos.order.line", sorted(set(back.values())))}
    orders_of = {number: link_id(row["order_id"]) for number, row in sources.items()}
    return {line: order for line, source in back.items() if (order := orders_of.get(source))}


async def floor_tables(odoo: Odoo, location: str) -> list[Row]:
    """The tables on the floors of one point of sale; none where the app Restaurant is not installed."""
    if not await odoo.has("restaurant.table"):
        return []
    held = odoo.known.rows.setdefault(f"restaurant.table@{location}", {})
    if not held:
        here = [["floor_id.pos_config_ids", "in", [int(location)]]]
        held.update({row["id"]: row for row in await odoo.search_read("restaurant.table", here)})
    return list(held.values())


async def _table_names(odoo: Odoo, location: str) -> Mapping[int, str]:
    rows = await floor_tables(odoo, location)
    return naming.names(naming.read(rows))


async def tables(odoo: Odoo, location: str) -> Raw:
    """The tables of one point of sale."""
    return _raw({"location": location, "tables": await floor_tables(odoo, location)})


async def partners(odoo: Odoo, rows: Sequence[Row]) -> list[Raw]:
    """Partners with the code of their country and the names of their tags."""
    tags = await odoo.remembered("res.partner.category", _all_of(rows, "category_id"))
    countries = await odoo.remembered("res.country", [each for row in rows if (each := link_id(row.get("country_id")))])
    return [
        _raw(
            {
                "partner": row,
                "country": countries.get(link_id(row.get("country_id")) or 0, {}).get("code"),
                "tags": [tags[each]["name"] for each in row.get("category_id") or () if each in tags],
            }
        )
        for row in rows
    ]
