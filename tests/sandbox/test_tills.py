"""The same dinners through tills of two kinds: one that knows tables and covers, one that does not."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from servery.connectors import registry
from servery.connectors.contract import Session, Span, pages
from servery.model.changes import CheckSeen, TablesSeen
from servery.model.order import Check, add_up
from servery.sandbox.restaurant import restaurant
from servery.sandbox.serve import OFFERS
from servery.sandbox.world import World
from servery.testing.served import served

NOW = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)


def read(name: str, world: World, resources: list[str]) -> list[Any]:
    """What the connector makes of the simulator's last days."""
    offer = OFFERS[name](world, 0)
    connector = registry.connector(name)

    async def all_of(settings: dict[str, str]) -> list[Any]:
        async with httpx.AsyncClient(timeout=60) as http:
            session = Session(settings, http)
            account = await connector.check(session)
            found = []
            for one in connector.manifest.resources:
                if one.name in resources:
                    span = Span(one.backfill_by, NOW - timedelta(days=5), NOW) if one.backfill_by else None
                    async for page in pages(connector, session, one, account, span):
                        found += [each for record in page.records for each in connector.translate(one.name, record)]
            return found

    with served(offer.app) as url:
        return asyncio.run(all_of(offer.settings | {"base_url": url}))


@pytest.fixture(scope="module")
def odoo() -> list[Any]:
    return read("odoo", World(7, 3, NOW, at_tables=True), ["tables", "orders"])


def checks(changes: list[Any]) -> list[Check]:
    """The sales; money given back is a record of its own in Odoo."""
    return [one.check for one in changes if isinstance(one, CheckSeen) and not one.check.split_from]


def sold(changes: list[Any]) -> set[tuple[datetime, str, int]]:
    """When each was opened, how it stands and what it comes to; an open one without a line is held for somebody."""
    return {(one.opened_at, one.status, add_up(one).total) for one in checks(changes) if one.lines}


def test_odoo_tells_the_dinners_that_square_tells(odoo):
    square = sold(read("square", World(7, 3, NOW), ["orders"]))
    assert len(square) > 100
    assert square - sold(odoo) == set()


def test_odoo_has_the_tables_and_covers_of_the_dinners(odoo):
    (plan,) = [one for one in odoo if isinstance(one, TablesSeen)]
    names = [one.name for one in restaurant().venue.tables]
    # Odoo numbers its tables: one that has a letter too is another number there.
    called: dict[str | None, str | None] = {a: b.name for a, b in zip(names, plan.tables, strict=True)} | {None: None}
    assert {name for name in names if called[name] != name} == {name for name in names if not name.isdigit()} != set()
    dinners = set[tuple[str, str | None, int | None]]()
    for each in (each for day in World(7, 3, NOW).days.values() for each in day.values()):
        if stay := each.dinner.stay:
            table = called[next(iter(stay.tables), None)]
            dinners |= {(rung.number, table, covers) for rung in each.rungs for covers in (stay.covers, None)}
    told = {((one.number or "").rpartition("/")[2], one.table, one.covers) for one in checks(odoo)}
    assert told - dinners == set()
    assert sum(covers is not None for _, _, covers in told) > 0.8 * len(told) > 80
