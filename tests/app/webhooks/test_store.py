"""When the database is away, slow, full, or shared by several processes."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx
import pytest

from servery.app.hooks import Hooks
from servery.inbox.receive import Arrival, Intake
from servery.storage.pool import open_pool
from tests.app.webhooks.door import (
    BODY,
    ask,
    change,
    event,
    events,
    in_process,
    post,
    rows,
    signed,
)


def test_when_the_store_is_away_the_sender_is_told_to_come_again(client: httpx.Client, database: str, till: int):
    assert post(client, till, event(1)).status_code == 200
    change(database, "alter table inbox_seen rename to elsewhere")
    answer = post(client, till, event(2))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["code"] == "store-away"
    change(database, "alter table elsewhere rename to inbox_seen")
    assert post(client, till, event(2)).status_code == 200
    assert [one["key"] for one in events(database)] == ["e-1", "e-2"]


def test_connections_that_the_database_ended_are_replaced(client: httpx.Client, database: str, till: int):
    assert post(client, till, event(1)).status_code == 200
    change(
        database,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid()",
    )
    assert post(client, till, event(2)).status_code == 200


def test_when_midnight_passed_and_nobody_made_the_day_it_is_made(client: httpx.Client, database: str, till: int):
    for row in rows(
        database, "select relid::regclass::text as name from pg_partition_tree('inbox_event') where isleaf"
    ):
        change(database, f"drop table {row['name']}")
    assert post(client, till, BODY).status_code == 200
    assert len(events(database)) == 1


def test_a_key_that_was_lost_is_no_reason_to_refuse_for_ever(client: httpx.Client, database: str, till: int):
    change(database, "update connection set sealed = %s where id = %s", b"\x01" + b"x" * 60, till)
    assert post(client, till, BODY).status_code == 503


def test_many_processes_store_the_same_events_at_once_each_once(database: str, tmp_path: Path, till: int):
    bodies = [event(number) for number in range(200)]

    async def both(*doors: Hooks) -> list[int]:
        orders = [(door, random.Random(seed).sample(bodies, len(bodies))) for seed, door in enumerate(doors)]
        asked = [ask(door, till, body, signed(body, str(till))) for door, order in orders for body in order]
        return await asyncio.gather(*asked)

    assert set(in_process(database, tmp_path, both, doors=2)) == {200}
    assert len(events(database)) == len(rows(database, "select from inbox_work")) == 200


def arrival(key: str, till: int, body: bytes = b"{}") -> Arrival:
    return Arrival(connection_id=till, connector="square", kind="k", key=key, headers={}, body=body)


def stored_at_once(dsn: str, arrivals: list[Arrival]) -> list[str]:
    """How storing each of them ends, all asked for before anything is written."""

    async def program() -> list[str]:
        async with open_pool(dsn) as pool:
            intake = Intake(pool)
            waiting = [asyncio.create_task(intake.store([one])) for one in arrivals]
            await asyncio.sleep(0)
            writing = asyncio.create_task(intake.run())
            found = await asyncio.gather(*waiting, return_exceptions=True)
            writing.cancel()
            await asyncio.wait([writing])
            return ["stored" if one is None else type(one).__name__ for one in found]

    return asyncio.run(program())


def test_what_the_database_cannot_hold_does_not_keep_out_the_others(database: str, till: int):
    arrivals = [arrival(key, till) for key in ("a", "b\0", "c")]
    assert stored_at_once(database, arrivals) == ["stored", "Retry", "stored"]
    assert [one["key"] for one in events(database)] == ["a", "c"]


def test_more_than_memory_should_hold_is_sent_back(database: str, till: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("servery.inbox.receive.MOST_BYTES_WAITING", 1000)
    arrivals = [arrival(str(number), till, b"x" * 400) for number in range(4)]
    assert stored_at_once(database, arrivals) == ["stored", "stored", "stored", "Retry"]
