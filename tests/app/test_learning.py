"""Weights learnt by the worker itself: where there is enough, not twice in a month, and never against sense."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from servery.app import learning
from servery.app.arrive import arrive
from servery.errors import Invalid
from servery.guests.matching import runs
from servery.guests.matching.weights import Odds, against_sense, shipped
from servery.model.changes import GuestSeen
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from tests.guests.matching.crowd import crowd

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Db]:
    async with pool.connection() as found:
        await found.set_autocommit(True)
        yield found
        await found.set_autocommit(False)


async def told(db: Db, people: int) -> int:
    """A book full of people; how many records."""
    book = await connections.add_connection(db, "book", "fake", {}, None)
    seen = [GuestSeen(str(number), 1, guest) for number, (_, guest) in enumerate(crowd(people))]
    await arrive(db, book, await connections.places(db, book), seen)
    return len(seen)


async def versions(db: Db) -> list[int]:
    cursor = await db.execute("select version from match_weights order by version")
    return [row["version"] for row in await cursor.fetchall()]


async def test_it_learns_once_where_there_is_enough_and_again_when_much_came(db: Db) -> None:
    records = await told(db, 60)
    assert not await learning.learn_when_due(db, least=records + 1)
    assert await versions(db) == []
    assert await learning.learn_when_due(db, least=records)
    assert not await learning.learn_when_due(db, least=records)
    assert await versions(db) == [1]
    await db.execute("update match_weights set trained_at = now() - interval '31 days'")
    assert not await learning.learn_when_due(db, least=records)
    await db.execute("update match_weights set records = records / 2")
    assert await learning.learn_when_due(db, least=records)
    assert await versions(db) == [1, 2]


async def test_weights_against_sense_are_not_kept(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    records = await told(db, 60)
    odds = {**shipped().odds, "phone": {**shipped().odds["phone"], "same": Odds(0.001, 0.5)}}
    backwards = structs.replace(shipped(), odds=odds)
    assert against_sense(backwards) == ["phone"]
    assert against_sense(shipped()) == []
    monkeypatch.setattr("servery.guests.matching.base.learnt", lambda *_: backwards)
    with pytest.raises(Invalid, match="phone"):
        await runs.learn(db)
    assert not await learning.learn_when_due(db, least=records)
    assert await versions(db) == []
