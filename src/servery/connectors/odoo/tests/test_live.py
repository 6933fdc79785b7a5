"""Against a server that really runs: connect, read everything, write back, read that, and take it away."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from msgspec import Raw

from servery.connectors.contract import Account, Session, Span, Target, pages
from servery.connectors.odoo import send as sending
from servery.connectors.odoo.client import check, fetch
from servery.connectors.odoo.rpc import Odoo
from servery.connectors.odoo.send import look_up, send
from servery.connectors.registry import connector
from servery.errors import Retry
from servery.model.changes import CheckSeen, GuestSeen
from servery.model.commands import GuestCard, PartyCard
from servery.model.order import add_up

NAMES = {
    "base_url": "SERVERY_TEST_ODOO_URL",
    "database": "SERVERY_TEST_ODOO_DATABASE",
    "login": "SERVERY_TEST_ODOO_LOGIN",
    "api_key": "SERVERY_TEST_ODOO_KEY",
}
SETTINGS = {name: os.environ.get(told, "") for name, told in NAMES.items()}
ODOO = connector("odoo")
RESOURCE = {each.name: each for each in ODOO.manifest.resources}

pytestmark = pytest.mark.skipif(not all(SETTINGS.values()), reason=f"not set: {', '.join(NAMES.values())}")


def run(work: Callable[[Session, Account], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        async with httpx.AsyncClient(timeout=60) as http:
            session = Session(SETTINGS, http)
            return await work(session, await check(session))

    return asyncio.run(opened())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    at = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr(sending, "now", lambda: at)
    return at


def test_everything_is_read_and_every_check_adds_up():
    async def work(session: Session, account: Account) -> dict[str, list[Any]]:
        now = datetime.now(UTC)
        found: dict[str, list[Any]] = {}
        for name, resource in RESOURCE.items():
            span = (
                Span(resource.backfill_by or "modified", now - timedelta(days=3000), now) if resource.poll_by else None
            )
            found[name] = [
                change
                async for page in pages(ODOO, session, resource, account, span)
                for record in page.records
                for change in ODOO.translate(name, Raw(bytes(record)))
            ]
        return found

    found = run(work)
    assert found["tables"]
    assert found["products"]
    wrong = {each.external_id: sums.difference for each in found["orders"] if isinstance(each, CheckSeen)
             and (sums := add_up(each.check)).difference}  # fmt: skip
    assert wrong == {}


def test_a_guest_and_a_party_are_written_read_back_and_taken_away(clock: datetime):
    card = GuestCard(
        guest_id=1, name="Servery Test Guest", email=f"{uuid4()}@example.org", vip=True, allergies=("nuts",)
    )
    guest, order = (Target(our_id=str(uuid4()), version=1) for _ in range(2))

    async def work(session: Session, account: Account) -> None:
        odoo = Odoo(session)
        made = await send(session, account, card, guest)
        place = next((each for each in account.locations if each.external_id), account.locations[0])
        party = PartyCard(
            reservation_id=1, location=place.external_id, status="booked", starts_at=clock, party_size=3, guest=card,
            guest_external_id=made.external_id, requests="A quiet table",
        )  # fmt: skip
        try:
            assert await look_up(session, account, card, guest) is not None
            page = await fetch(session, RESOURCE["partners"], account, [str(made.external_id)])
            (seen,) = ODOO.translate("partners", Raw(bytes(page.records[0])))
            assert isinstance(seen, GuestSeen)
            assert (seen.guest.name, seen.guest.vip, seen.guest.notes) == (card.name, True, ())
            await _party(session, account, party, order, odoo)
        finally:
            await odoo.call("res.partner", "unlink", [int(made.external_id or 0)], writes=True)

    run(work)


async def _party(session: Session, account: Account, party: PartyCard, target: Target, odoo: Odoo) -> None:
    try:
        made = await send(session, account, party, target)
    except Retry as error:
        pytest.skip(f"no till is open there: {error.message}")
    try:
        again = await send(session, account, party, target)
        assert again.external_id == made.external_id
        assert await look_up(session, account, party, target) is not None
    finally:
        if made.external_id:
            await odoo.write("pos.order", [int(made.external_id)], {"state": "cancel"})
            await odoo.call("pos.order", "unlink", [int(made.external_id)], writes=True)
