"""We are away for four hours while the restaurant goes on: the first poll finds everything, and comparing the rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest

from servery.app.arrive import arrive
from servery.app.connect import HISTORY_DAYS, all_settings, connect, session
from servery.app.keeping import keeper, redactor
from servery.connectors import registry
from servery.connectors.contract import Account
from servery.connectors.square.simulator import simulator
from servery.model.order import Check, Line
from servery.model.venue import Venue
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.reading import Reader
from servery.sync.reconcile import reconcile
from servery.sync.step import step
from servery.testing.served import served
from servery.testing.stage import Stage

pytestmark = pytest.mark.anyio

AWAY = timedelta(hours=4)
CHECKS = 300


def check(at: datetime, amount: int) -> Check:
    return Check(currency="DKK", opened_at=at, lines=(Line(name="Dagens ret", amount=amount),), total=amount)


def trade(stage: Stage, since: datetime, until: datetime, first: int) -> None:
    """An evening's sales: some are changed after, some were rung up offline up to three days before they came."""
    draw = Random(first)
    for number in range(first, first + CHECKS):
        came = since + (until - since) * draw.random()
        rung_up = came - timedelta(hours=draw.randrange(72)) if draw.random() < 0.1 else came
        stage.checks.put(f"C{number}", check(rung_up, draw.randrange(5_000, 90_000)), came, rung_up)
    for number in range(0, first + CHECKS, 7):
        known = stage.checks.get(f"C{number}")
        assert known is not None
        stage.checks.put(f"C{number}", check(known.record.opened_at, draw.randrange(5_000, 90_000)), until)


@asynccontextmanager
async def joined(pool: Pool, home: Path, stage: Stage) -> AsyncIterator[Reader]:
    with served(simulator(stage, access_token="simulated")) as url:
        given = {"access_token": "simulated", "base_url": url, HISTORY_DAYS: "5"}
        async with pool.connection() as db:
            made = await connect(db, home, "square", given, name=None, venue_name=None)
            one = await connections.connection(db, made.id)
        square = registry.connector("square")
        async with session(all_settings(home, one)) as opened:
            account = msgspec.convert(one.account, Account)
            keep = keeper(one.id, square, redactor(home, square))
            yield Reader(pool=pool, connection_id=one.id, connector=square, session=opened, account=account,
                         history_days=5, arrive=arrive, keep=keep)  # fmt: skip


async def until_idle(reader: Reader) -> None:
    while not await step(reader, ()):
        pass


async def pass_time(pool: Pool, by: timedelta) -> None:
    """As if all that was read had been read so much earlier."""
    async with pool.connection() as db:
        await db.execute(
            "update sync_state set polled_until = polled_until - %(by)s, last_ok_at = last_ok_at - %(by)s", {"by": by}
        )


async def difference(pool: Pool, stage: Stage) -> dict[str, tuple[int | None, int]]:
    """What we hold otherwise than the restaurant: our total and theirs, by check."""
    async with pool.connection() as db:
        cursor = await db.execute("select external_id, total from checks where not removed")
        ours = {row["external_id"]: row["total"] for row in await cursor.fetchall()}
    theirs = {staged.external_id: staged.record.total or 0 for staged in stage.checks}
    assert ours.keys() <= theirs.keys()
    return {key: (ours.get(key), total) for key, total in theirs.items() if ours.get(key) != total}


@pytest.fixture
def stage() -> Stage:
    return Stage(Venue(name="Torvet 4", time_zone="Europe/Copenhagen", currency="DKK"), "LTORVET", "DK")


async def test_the_first_poll_after_hours_away_finds_everything(pool: Pool, tmp_path: Path, stage: Stage) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    trade(stage, now - AWAY - timedelta(hours=8), now - AWAY, 0)
    async with joined(pool, tmp_path, stage) as reader:
        await until_idle(reader)
        assert await difference(pool, stage) == {}
        trade(stage, now - AWAY, now, CHECKS)
        assert len(await difference(pool, stage)) > CHECKS
        await pass_time(pool, AWAY)
        await until_idle(reader)
        assert await difference(pool, stage) == {}


async def test_what_the_source_shows_too_late_for_any_poll_is_found_by_comparing(
    pool: Pool, tmp_path: Path, stage: Stage
) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    trade(stage, now - AWAY - timedelta(hours=8), now - AWAY, 0)
    async with joined(pool, tmp_path, stage) as reader:
        await until_idle(reader)
        # All this was modified long before the last poll, but only now does the source show it.
        trade(stage, now - AWAY, now - timedelta(hours=1), CHECKS)
        await pass_time(pool, timedelta(minutes=2))
        await until_idle(reader)
        assert len(await difference(pool, stage)) > CHECKS, "polling alone must be shown to lose it"
        orders = next(one for one in reader.connector.manifest.resources if one.reconciled)
        for back in range(6):
            await reconcile(reader, orders, (now - timedelta(days=back)).date())
        assert await difference(pool, stage) == {}
