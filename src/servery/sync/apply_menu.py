"""Applying catalogues and table plans: each is replaced as a whole by its newer state."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from servery.model.changes import Applied, MenuSeen, TablesSeen, state_key
from servery.model.menu import Menu, kind_of
from servery.model.venue import table_key
from servery.sync import rows
from servery.sync.judge import Held, count, judge, state
from servery.sync.places import Place

_JSON = msgspec.json.Encoder()


async def apply_menu(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[MenuSeen], applied: Applied
) -> None:
    """Keep the newest state of each catalogue, and lay it flat for look-ups by id and name."""
    for change in changes:
        venue_id = None if change.location is None else places[change.location].venue_id
        seen = state(change.external_id, change.revision, _JSON.encode(change.menu))
        held = await _held(db, connection_id, change.external_id, venue_id)
        verdict = judge(held, seen)
        count(applied, verdict)
        if verdict in ("created", "updated"):
            applied.effects.add(state_key(change))
            await _replace(db, connection_id, venue_id, change, seen.digest)


async def _held(db: rows.Db, connection_id: int, external_id: str, venue_id: int | None) -> Held | None:
    cursor = await db.execute(
        "select id, revision, digest from menu where connection_id = %s and external_id = %s "
        "and venue_id is not distinct from %s::bigint",
        [connection_id, external_id, venue_id],
    )
    row = await cursor.fetchone()
    return Held(row["id"], row["revision"], row["digest"]) if row else None


async def _replace(db: rows.Db, connection_id: int, venue_id: int | None, change: MenuSeen, digest: bytes) -> None:
    await db.execute(
        "delete from menu where connection_id = %s and external_id = %s and venue_id is not distinct from %s::bigint",
        [connection_id, change.external_id, venue_id],
    )
    cursor = await db.execute(
        "insert into menu (venue_id, connection_id, external_id, revision, digest, body) "
        "values (%s, %s, %s, %s, %s, %s::jsonb) returning id",
        [venue_id, connection_id, change.external_id, change.revision, digest, _JSON.encode(change.menu).decode()],
    )
    created = await cursor.fetchone()
    assert created is not None
    items = [(created["id"], position, *item) for position, item in enumerate(flat(change.menu))]
    async with (
        db.cursor() as writer,
        writer.copy(
            "copy menu_item (menu_id, position, external_id, name, name_key, category, kind, price) from stdin"
        ) as copy,
    ):
        for item in items:
            await copy.write_row(item)


def flat(menu: Menu) -> Iterator[tuple[Any, ...]]:
    """Each thing a line can name: external id, name, folded name, category, kind, price. Variants, products, combos."""
    categories = {category.external_id: category for category in menu.categories}

    def heading(category_id: str | None) -> str | None:
        found = categories.get(category_id) if category_id else None
        return found.name if found else None

    for product in menu.products:
        category = heading(product.category_id)
        kind = product.kind or kind_of(category)
        prices = [variant.price for variant in product.variants if variant.price is not None]
        lowest = min(prices, default=None)
        yield product.external_id, product.name, product.name.casefold(), category, kind, lowest
        for variant in product.variants:
            if variant.external_id != product.external_id:
                name = f"{product.name} {variant.name}" if variant.name and len(product.variants) > 1 else product.name
                yield variant.external_id, name, name.casefold(), category, kind, variant.price
    for combo in menu.combos:
        category = heading(combo.category_id)
        yield combo.external_id, combo.name, combo.name.casefold(), category, kind_of(category), combo.price


async def apply_tables(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[TablesSeen], applied: Applied
) -> None:
    """Replace a connection's table plan of a venue by its newest, or, where plans carry no revision, by the last seen.

    Checks whose label was read without knowing these tables are to be matched anew.
    """
    latest = {change.location: change for change in sorted(changes, key=lambda one: one.revision)}
    for change in latest.values():
        venue_id = places[change.location].venue_id
        if not await _is_newest(db, connection_id, venue_id, change):
            continue
        before = await _table_keys(db, venue_id)
        if await _replace_tables(db, connection_id, venue_id, change):
            applied.effects.add(state_key(change))
        if await _table_keys(db, venue_id) != before:
            applied.days |= await _labelled_days(db, venue_id)


async def _is_newest(db: rows.Db, connection_id: int, venue_id: int, change: TablesSeen) -> bool:
    cursor = await db.execute(
        "select from venue_table where venue_id = %s and connection_id = %s and revision > %s limit 1",
        [venue_id, connection_id, change.revision],
    )
    return await cursor.fetchone() is None


async def _table_keys(db: rows.Db, venue_id: int) -> set[str]:
    cursor = await db.execute("select distinct table_key from venue_table where venue_id = %s", [venue_id])
    return {row["table_key"] for row in await cursor.fetchall()}


async def _labelled_days(db: rows.Db, venue_id: int) -> set[tuple[int, date]]:
    cursor = await db.execute(
        "select distinct business_date from checks where venue_id = %s and label is not null and table_name is null",
        [venue_id],
    )
    return {(venue_id, row["business_date"]) for row in await cursor.fetchall()}


async def _replace_tables(db: rows.Db, connection_id: int, venue_id: int, change: TablesSeen) -> bool:
    """Put a plan in the place of the one held; whether it says anything else."""
    cursor = await db.execute(
        "delete from venue_table where venue_id = %s and connection_id = %s "
        "returning position, name, seats, area, external_id",
        [venue_id, connection_id],
    )
    held = {tuple(row.values()) for row in await cursor.fetchall()}
    plan = [
        (venue_id, connection_id, change.revision, position, one.name, table_key(one.name), one.seats, one.area,
         one.external_id)
        for position, one in enumerate(change.tables)
    ]  # fmt: skip
    async with db.cursor() as writer:
        await writer.executemany(
            "insert into venue_table "
            "(venue_id, connection_id, revision, position, name, table_key, seats, area, external_id) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            plan,
        )
    return held != {(position, name, *said) for _, _, _, position, name, _, *said in plan}
