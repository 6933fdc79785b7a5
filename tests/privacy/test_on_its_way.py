"""What is being sent of somebody while they are erased: it does not begin, or it is found and erased as well."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from servery.app.compose import compose
from servery.app.elsewhere import look_after_one, tell_one
from servery.app.erasing import erase_guest
from servery.connectors import registry
from servery.connectors.contract import Account, Connector, Sent, Target
from servery.model.commands import Command, CommandKind
from servery.model.viewer import SYSTEM
from servery.outbox import rows as outbox
from servery.outbox.deliver import Delivery, Sender
from servery.outbox.mark import mark
from servery.outbox.wanted import Wanted
from servery.privacy import receipts
from servery.storage.pool import Connection as Db
from servery.sync import connections
from tests.privacy.planted import NAME, Planted

pytestmark = pytest.mark.anyio


class Slow:
    """A till that answers when it is let; what it was sent, told to erase and to clear."""

    def __init__(self, planted: Planted) -> None:
        self.planted, self._square = planted, registry.connector("square")
        self.begun, self.let = asyncio.Event(), asyncio.Event()
        self.sent: list[Command] = []
        self.erased: list[str] = []
        self.cleared: list[Target] = []

    async def send(self, session: Any, account: Account, command: Command, target: Target) -> Sent:
        self.sent.append(command)
        self.begun.set()
        await self.let.wait()
        return Sent(external_id=f"made-{target.our_id[:8]}", written={"name": NAME})

    async def look_up(self, session: Any, account: Account, command: Command, target: Target) -> Sent | None:
        return None

    async def erase(self, session: Any, account: Account, external_id: str) -> str:
        self.erased.append(external_id)
        return "deleted"

    async def clear(self, session: Any, account: Account, command: Command, target: Target) -> None:
        self.cleared.append(target)

    def connector(self) -> Connector:
        return msgspec.structs.replace(
            self._square, send=self.send, look_up=self.look_up, erase=self.erase, clear=self.clear
        )

    async def sending(self) -> Delivery:
        async with self.planted.pool.connection() as db:
            await db.execute('update connection set account = \'{"name": "Till", "locations": []}\'')
            connection = await connections.connection(db, self.planted.till)

        async def composed(db: Db, kind: CommandKind, ids: Sequence[int]) -> Mapping[int, Wanted | None]:
            return await compose(db, connection, kind, ids)

        account = Account("Till", ())
        return Delivery(
            Sender(
                pool=self.planted.pool, connection_id=connection.id, connector=self.connector(), session=None,  # type: ignore[arg-type]
                account=account, compose=composed,
            )
        )  # fmt: skip


@pytest.fixture
def slow(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> Slow:
    one, others = Slow(planted), registry.connector
    monkeypatch.setattr(registry, "connector", lambda name: one.connector() if name == "square" else others(name))
    return one


async def outcomes(planted: Planted, erasure_id: int) -> dict[str, tuple[str, str | None]]:
    async with planted.pool.connection() as db:
        [one] = await receipts.erasures(db, erasure_id=erasure_id)
    return {f"{each.connection} {each.external_id or '-'}": (each.state, each.outcome) for each in one.receipts}


async def outbox_rows(planted: Planted) -> list[dict[str, Any]]:
    async with planted.pool.connection() as db:
        return await (await db.execute("select * from outbox_target order by id")).fetchall()


async def test_what_is_sent_while_somebody_is_erased_is_erased_there_too(planted: Planted, slow: Slow) -> None:
    await planted.arrives(planted.book, *planted.booked())
    guest = await planted.guest_of(planted.book, "b7")
    assert guest
    async with planted.pool.connection() as db:
        await mark(db, planted.till, "guest", [guest])
    delivery, stop = await slow.sending(), asyncio.Event()
    run = asyncio.create_task(delivery.run(stop))
    await asyncio.wait_for(slow.begun.wait(), 60)

    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert await outcomes(planted, erased.id) == {"Book b7": ("by_hand", None), "Till -": ("due", None)}
    assert not await look_after_one(planted.pool, planted.home) and not await tell_one(planted.pool, planted.home)

    slow.let.set()
    await asyncio.wait_for(run, 60)
    [left] = await outbox_rows(planted)
    assert left["written"] == {"name": NAME} and left["state"] == "held"
    assert await look_after_one(planted.pool, planted.home, 0)
    assert await tell_one(planted.pool, planted.home)
    assert slow.erased == [left["external_id"]] and await outbox_rows(planted) == []
    assert await outcomes(planted, erased.id) == {"Book b7": ("by_hand", None), "Till -": ("done", "deleted")}


async def test_what_was_only_claimed_is_not_begun(planted: Planted, slow: Slow) -> None:
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        await mark(db, planted.till, "guest", [guest])
    async with planted.pool.connection() as db:
        claims = [one for one in await outbox.claim(db, planted.till, 10, 30.0) if one.kind == "guest"]
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    async with planted.pool.connection() as db:
        assert claims and await outbox.begin(db, [(one, b"") for one in claims]) == set()
    slow.let.set()
    await asyncio.wait_for((await slow.sending()).run(asyncio.Event()), 60)
    assert slow.sent == []


async def test_what_may_have_been_made_is_taken_away(planted: Planted, slow: Slow) -> None:
    """The sender died in the middle: what stands there under our id is cleared once nothing can arrive any more."""
    guest = await planted.known_guest()
    await slow.sending()
    async with planted.pool.connection() as db:
        await db.execute("delete from outbox_target")
        await mark(db, planted.till, "guest", [guest])
        await db.execute(
            "update outbox_target set tried_version = version, state = 'ambiguous', leased_until = now() - %s",
            [timedelta(seconds=5)],
        )
    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert await look_after_one(planted.pool, planted.home, 600) and slow.cleared == []
    async with planted.pool.connection() as db:
        await db.execute("update erasure_awaited set next_look_at = now()")
    assert await look_after_one(planted.pool, planted.home, 1)
    [target] = slow.cleared
    assert target.external_id is None and await outbox_rows(planted) == []
    told = await outcomes(planted, erased.id)
    assert told["Till -"] == ("done", "gone") and told["Till t7"] == ("due", None)
