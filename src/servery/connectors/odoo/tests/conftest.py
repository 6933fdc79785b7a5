import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from servery.connectors.contract import Account, Session
from servery.connectors.odoo import send
from servery.connectors.odoo.client import check
from servery.connectors.odoo.simulator import simulator
from servery.connectors.odoo.simulator.app import Play
from servery.model.guest import Note, SourceGuest
from servery.model.menu import Category, Combo, ComboSlot, Menu, ModifierGroup, Option, Product, SlotChoice, Variant
from servery.model.order import Check, Line, Payment, Tax
from servery.model.venue import Table, Venue
from servery.testing.served import served
from servery.testing.stage import Stage

VERSIONS = ["17.0", "18.0", "19.0"]
TONIGHT = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
MENU = Menu(
    currency="DKK",
    categories=(Category("MAINS", "Hovedretter"),),
    products=(
        Product(
            external_id="RIBEYE",
            name="Ribeye",
            category_id="MAINS",
            variants=(Variant(external_id="V1", price=24500, ref="RIB"),),
            modifier_groups=("SAUCE",),
        ),
        Product(
            external_id="RED",
            name="Rødvin",
            variants=(Variant(external_id="GLASS", name="Glas", price=7500),
                      Variant(external_id="BOTTLE", name="Flaske", price=32500)),
        ),
    ),
    modifier_groups=(
        ModifierGroup(
            external_id="SAUCE", name="Sauce", minimum=1, maximum=1,
            options=(Option(external_id="BEARNAISE", name="Bearnaise"),
                     Option(external_id="PEPPER", name="Peber", price=1500)),
        ),
    ),
    combos=(
        Combo(external_id="SET", name="Aftenmenu", price=30000,
              slots=(ComboSlot(label="Ret", choices=(SlotChoice("V1", 500),)),)),
    ),
)  # fmt: skip


@pytest.fixture
def stage() -> Stage:
    """An inn with three tables and one guest, who dined last week."""
    tables = (Table("1", 2, "Stuen"), Table("2", 4, "Stuen"), Table("3", 6, "Haven"))
    stage = Stage(Venue(name="Kroen", time_zone="Europe/Copenhagen", currency="DKK", tables=tables), "KRO", "DK", MENU)
    before = TONIGHT - timedelta(days=7)
    guest = SourceGuest(name="Åse Ødegård", phone="20 30 40 50", country="DK", notes=(Note("Godt bord"),))
    stage.guests.put("ASE", guest, before)
    stage.checks.put("CHK1", a_check(before), before, before)
    return stage


def a_check(at: datetime) -> Check:
    return Check(
        currency="DKK",
        opened_at=at,
        closed_at=at + timedelta(hours=2),
        table="2",
        covers=3,
        lines=(Line(name="Ribeye", amount=49000, quantity=Decimal(2), product_id="V1"),),
        taxes=(Tax("Moms 25%", 9800, included=True, rate=Decimal(25)),),
        payments=(Payment(amount=49000, tender="card", tip=1000, at=at + timedelta(hours=2)),),
        guest_id="ASE",
    )


class Kro:
    """The inn's Odoo, at an address, and the way to ask it."""

    def __init__(self, play: Play, settings: dict[str, str]) -> None:
        self.play, self.settings = play, settings

    def run(self, work: Callable[[Session], Awaitable[Any]], **changed: str) -> Any:
        async def opened() -> Any:
            async with httpx.AsyncClient(timeout=60) as http:
                return await work(Session({**self.settings, **changed}, http))

        return asyncio.run(opened())

    def account(self, **changed: str) -> Account:
        account: Account = self.run(check, **changed)
        return account

    def rows(self, model: str) -> list[dict[str, Any]]:
        return list(self.play.database.rows(model))


@contextmanager
def inn(stage: Stage, **how: Any) -> Iterator[Kro]:
    play = simulator(stage, now=lambda: TONIGHT - timedelta(hours=1), **how)
    with served(play) as url:
        yield Kro(
            play,
            {"base_url": url, "database": "restaurant", "login": "servery@example.com", "api_key": "sandbox-key"},
        )


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "now", lambda: TONIGHT - timedelta(hours=1))
