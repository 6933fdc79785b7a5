"""Sending over real sockets: what is wanted is there, once, whatever the other side answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs

from servery.connectors.contract import Sent
from servery.errors import NotYet
from servery.outbox import breaker, mark, status
from servery.outbox.deliver import Delivery, Sender
from servery.outbox.hold import attempts, held
from servery.storage.pool import Pool
from tests.outbox.fake import Safe, compose, sender, want
from tests.outbox.receiver import Fault, Receiver, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def url(receiver: Receiver) -> AsyncIterator[str]:
    async with serving(receiver) as url:
        yield url


async def deliver(one: Sender) -> float:
    """Send all that is due now."""
    return await asyncio.wait_for(Delivery(one).run(asyncio.Event()), 60)


async def make_due(pool: Pool) -> None:
    """Let the time pass that anything waits."""
    async with pool.connection() as db:
        await db.execute("update outbox_target set next_try_at = now(), leased_until = null")
        await db.execute("update outbox_gate set open_until = now() where open_until is not null")


async def states(pool: Pool) -> list[str]:
    async with pool.connection() as db:
        return [one.state for one in await held(db, limit=10_000)]


async def outcomes(pool: Pool) -> list[str]:
    """How the tries of the first object ended, oldest first."""
    async with pool.connection() as db:
        first = (await held(db))[0]
        return [one.outcome for one in reversed(await attempts(db, first.id))]


def names(receiver: Receiver) -> list[str]:
    return sorted(one["name"] for one in receiver.records.values())


@pytest.mark.parametrize("safe", ["key", "look_up"])
async def test_all_that_is_wanted_is_there_once(pool: Pool, receiver: Receiver, url: str, safe: Safe) -> None:
    await want(pool, {number: f"guest {number}" for number in range(250)})
    async with sender(pool, url, safe) as one:
        await deliver(one)
    assert len(receiver.records) == 250
    assert names(receiver) == sorted(f"guest {number}" for number in range(250))
    assert set(await states(pool)) == {"rests"}


async def test_a_state_that_is_there_already_is_not_sent_again(pool: Pool, receiver: Receiver, url: str) -> None:
    await want(pool, {1: "Anna"})
    async with sender(pool, url) as one:
        await deliver(one)
        await want(pool, {1: "Anna"})
        await deliver(one)
    assert len(receiver.asked) == 1
    assert await states(pool) == ["rests"]


async def test_what_is_not_yet_to_be_waits_without_counting_as_a_try(
    pool: Pool, receiver: Receiver, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty parties of tonight must not look like a till that fails forty times."""

    async def early(*_: object) -> Sent:
        raise NotYet("The till is closed.", retry_after=7200)

    await want(pool, {number: f"guest {number}" for number in range(40)})
    async with sender(pool, url) as one:
        not_yet = structs.replace(one, connector=structs.replace(one.connector, send=early))
        for _ in range(11):
            await deliver(not_yet)
            await make_due(pool)
        assert await outcomes(pool) == []
        assert set(await states(pool)) == {"due"}
        async with pool.connection() as db:
            cursor = await db.execute("select from outbox_gate where open_until is not null or failures > 0")
            assert await cursor.fetchall() == []
        await deliver(one)
    assert len(receiver.records) == 40


async def test_only_the_newest_state_is_sent(pool: Pool, receiver: Receiver, url: str) -> None:
    for name in ("Ann", "Anna", "Anna Holm"):
        await want(pool, {1: name})
    async with sender(pool, url) as one:
        await deliver(one)
    assert [one.body["name"] for one in receiver.asked] == ["Anna Holm"]


async def test_what_changes_while_it_is_sent_is_sent_again_afterwards(pool: Pool, receiver: Receiver, url: str) -> None:
    await want(pool, {1: "Ann"})
    receiver.slow = 0.3
    async with sender(pool, url) as one:
        sending = asyncio.create_task(deliver(one))
        while not receiver.asked:
            await asyncio.sleep(0.01)
        await want(pool, {1: "Anna"})
        await sending
        await deliver(one)
    assert [one.body["name"] for one in receiver.asked] == ["Ann", "Anna"]
    assert names(receiver) == ["Anna"]


async def test_what_nobody_wants_there_rests(pool: Pool, receiver: Receiver, url: str) -> None:
    await want(pool, {1: None, 2: "Bo"})
    async with sender(pool, url) as one:
        await deliver(one)
    assert names(receiver) == ["Bo"]
    assert await states(pool) == ["rests", "rests"]


@pytest.mark.parametrize("done", [True, False])
async def test_an_unknown_end_is_looked_up_before_anything_is_sent(
    pool: Pool, receiver: Receiver, url: str, done: bool
) -> None:
    await want(pool, {1: "Anna"})
    receiver.faults.append(Fault(status=None, done=done))
    async with sender(pool, url, "look_up") as one:
        await deliver(one)
        assert await states(pool) == ["ambiguous"]
        await make_due(pool)
        await deliver(one)
    assert names(receiver) == ["Anna"]
    assert [one.method for one in receiver.asked] == (["POST", "GET"] if done else ["POST", "GET", "POST"])
    assert await outcomes(pool) == (["ambiguous", "found"] if done else ["ambiguous", "absent", "sent"])
    assert await states(pool) == ["rests"]


async def test_a_newer_state_of_what_was_found_is_sent_to_what_was_found(
    pool: Pool, receiver: Receiver, url: str
) -> None:
    await want(pool, {1: "Ann"})
    receiver.faults.append(Fault(status=None, done=True))
    async with sender(pool, url, "look_up") as one:
        await deliver(one)
        await want(pool, {1: "Anna"})
        await make_due(pool)
        await deliver(one)
    assert [one.method for one in receiver.asked] == ["POST", "GET", "PUT"]
    assert names(receiver) == ["Anna"]


@pytest.mark.parametrize("done", [True, False])
async def test_a_change_with_an_unknown_end_is_never_taken_for_made(
    pool: Pool, receiver: Receiver, url: str, done: bool
) -> None:
    await want(pool, {1: "Ann"})
    async with sender(pool, url, "look_up") as one:
        await deliver(one)
        await want(pool, {1: "Anna"})
        receiver.faults.append(Fault(status=None, done=done))
        await deliver(one)
        await make_due(pool)
        await deliver(one)
    assert names(receiver) == ["Anna"]
    assert await states(pool) == ["rests"]


async def test_a_sender_that_died_leaves_an_unknown_end(pool: Pool, receiver: Receiver, url: str) -> None:
    await want(pool, {1: "Anna"})
    receiver.slow = 30
    async with sender(pool, url, "look_up") as one:
        dying = asyncio.create_task(Delivery(one).run(asyncio.Event()))
        while not receiver.asked:
            await asyncio.sleep(0.01)
        dying.cancel()
        receiver.slow = 0
        assert await deliver(one) > 5
        await make_due(pool)
        await deliver(one)
    assert [one.method for one in receiver.asked] == ["POST", "GET"]
    assert names(receiver) == ["Anna"]


async def test_a_stale_sender_settles_nothing(pool: Pool, receiver: Receiver, url: str) -> None:
    await want(pool, {1: "Anna"})
    late = asyncio.Event()
    receiver.faults.append(Fault(status=200, done=True, let=late))
    async with sender(pool, url) as one:
        stale = asyncio.create_task(deliver(one))
        while not receiver.asked:
            await asyncio.sleep(0.01)
        await make_due(pool)
        await want(pool, {1: "Anna Holm"})
        await deliver(one)
        late.set()
        await stale
    async with pool.connection() as db:
        (row,) = await held(db)
        assert [one.outcome for one in await attempts(db, row.id)] == ["sent"]
    assert (row.sent_version, row.state) == (2, "rests")
    assert names(receiver) == ["Anna Holm"]


async def test_a_lease_that_cannot_be_renewed_breaks_the_try_off(pool: Pool, receiver: Receiver, url: str) -> None:
    await want(pool, {1: "Anna"})
    receiver.faults.append(Fault(status=200, done=True, after=300))
    async with sender(pool, url, "look_up", lease=1.0) as one:
        delivery = Delivery(one)
        sending = asyncio.create_task(delivery.run(asyncio.Event()))
        while not receiver.asked:
            await asyncio.sleep(0.01)
        async with pool.connection() as db:
            await db.execute("update outbox_target set fence = fence + 1")
        await asyncio.wait_for(sending, 60)
        await make_due(pool)
        await deliver(one)
    assert [one.method for one in receiver.asked] == ["POST", "GET"]


async def test_a_long_try_keeps_its_lease(pool: Pool, receiver: Receiver, url: str) -> None:
    await want(pool, {1: "Anna"})
    late = asyncio.Event()
    receiver.faults.append(Fault(status=200, done=True, let=late))
    async with sender(pool, url, "look_up", lease=3.0) as one:
        sending = asyncio.create_task(deliver(one))
        while not receiver.asked:
            await asyncio.sleep(0.01)
        await _first_lease_over(pool)
        async with sender(pool, url, "look_up", lease=3.0) as other:
            await deliver(other)
        late.set()
        await sending
    assert len(receiver.asked) == 1
    assert await states(pool) == ["rests"]


async def _first_lease_over(pool: Pool) -> None:
    """Wait until a lease that was never renewed would have ended."""
    async with pool.connection() as db:
        cursor = await db.execute(
            "select extract(epoch from leased_until - clock_timestamp())::float8 as seconds from outbox_target"
        )
        row = await cursor.fetchone()
    assert row is not None
    await asyncio.sleep(row["seconds"] + 0.1)


async def test_a_refused_object_keeps_back_no_other_and_goes_again_when_it_changes(
    pool: Pool, receiver: Receiver, url: str
) -> None:
    receiver.always = lambda asked: Fault(status=422) if asked.body.get("name") == "Bad" else None
    await want(pool, {1: "Bad", 2: "Bo"})
    async with sender(pool, url) as one:
        await deliver(one)
        assert sorted(await states(pool)) == ["refused", "rests"]
        await want(pool, {1: "Good"})
        await deliver(one)
    assert names(receiver) == ["Bo", "Good"]


async def test_an_object_that_cannot_be_composed_keeps_back_no_other(pool: Pool, receiver: Receiver, url: str) -> None:
    async def faulty(db: Any, kind: Any, subject_ids: Any) -> Any:
        if 13 in subject_ids:
            await db.execute("select 1/0")
        return await compose(db, kind, subject_ids)

    await want(pool, {number: f"guest {number}" for number in range(40)})
    async with sender(pool, url, compose=faulty) as one:
        await deliver(one)
    assert len(receiver.records) == 39
    assert sorted(await states(pool)).count("due") == 1


async def test_what_only_a_person_can_mend_stops_all_once_and_loses_nothing(
    pool: Pool, receiver: Receiver, url: str
) -> None:
    receiver.always = lambda _: Fault(status=401)
    await want(pool, {number: f"guest {number}" for number in range(50)})
    async with sender(pool, url, fingerprint=b"old") as one:
        await deliver(one)
        before = len(receiver.asked)
        await deliver(one)
        assert len(receiver.asked) == before <= 8
    async with pool.connection() as db:
        (told,) = await status(db)
    assert told.stopped is not None
    assert (told.stopped["field"], told.waiting) == ("api_key", 50)
    receiver.always = lambda _: None
    async with sender(pool, url, fingerprint=b"new") as one:
        await deliver(one)
    assert len(receiver.records) == 50
    async with pool.connection() as db:
        (told,) = await status(db)
    assert (told.stopped, told.waiting) == (None, 0)


async def test_trying_again_needs_no_other_settings(pool: Pool, receiver: Receiver, url: str) -> None:
    receiver.faults.append(Fault(status=401))
    await want(pool, {1: "Anna"})
    async with sender(pool, url) as one:
        await deliver(one)
        async with pool.connection() as db:
            await breaker.try_again(db, 1)
        await deliver(one)
    assert names(receiver) == ["Anna"]


async def test_several_senders_share_the_work(pool: Pool, receiver: Receiver, url: str) -> None:
    receiver.slow = 0.005
    await want(pool, {number: f"guest {number}" for number in range(400)})
    async with sender(pool, url) as one, sender(pool, url) as two:
        await asyncio.gather(deliver(one), deliver(two))
    assert len(receiver.asked) == len(receiver.records) == 400


async def test_marking_and_sending_never_wait_for_one_another_in_a_circle(
    pool: Pool, receiver: Receiver, url: str
) -> None:
    everybody = list(range(100))
    await want(pool, dict.fromkeys(everybody, "0"))

    async def change() -> None:
        for turn in range(1, 15):
            async with pool.connection() as db:
                for number in reversed(everybody):
                    await mark(db, 1, "guest", [number])
                await db.execute("update wanted set name = %s", [str(turn)])

    async with sender(pool, url) as one:
        changing = asyncio.create_task(change())
        while not changing.done():
            await deliver(one)
        await changing
        await deliver(one)
    assert {each["name"] for each in receiver.records.values()} == {"14"}


async def test_told_to_stop_it_ends_what_is_under_way_and_gives_back_the_rest(
    pool: Pool, receiver: Receiver, url: str
) -> None:
    receiver.slow = 0.2
    await want(pool, {number: f"guest {number}" for number in range(100)})
    stop = asyncio.Event()
    async with sender(pool, url) as one:
        sending = asyncio.create_task(Delivery(one).run(stop))
        while not receiver.asked:
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(sending, 60)
    async with pool.connection() as db:
        rows = await held(db, limit=100)
        cursor = await db.execute("select count(*) as n from outbox_target where leased_until is not null")
        assert await cursor.fetchone() == {"n": 0}
    assert sum(row.state == "rests" for row in rows) == len(receiver.records) < 100
    assert {row.state for row in rows} == {"rests", "due"}
