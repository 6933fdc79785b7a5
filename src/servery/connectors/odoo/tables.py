"""How Odoo's tables are called here. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from servery.connectors.odoo import wire
from servery.model.venue import table_key


def names(tables: Iterable[wire.Table]) -> Mapping[int, str]:
    """Each table's name by its id: its number alone, and with its floor where two floors have that number."""
    known = [(each, _bare(each)) for each in tables if each.active]
    shared = Counter(table_key(bare) for _, bare in known)
    return {each.id: bare if shared[table_key(bare)] == 1 else _with_floor(each, bare) for each, bare in known}


def _bare(table: wire.Table) -> str:
    return wire.text(table.name) or str(table.table_number if table.table_number is not None else table.id)


def _with_floor(table: wire.Table, bare: str) -> str:
    floor = wire.named(table.floor_id)
    return f"{floor} {bare}" if floor else bare


def read(rows: Sequence[Mapping[str, Any]]) -> tuple[wire.Table, ...]:
    """Rows of Odoo's as tables."""
    return msgspec.convert(rows, tuple[wire.Table, ...])
