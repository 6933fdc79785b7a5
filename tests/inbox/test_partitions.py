"""Days of the tables that grow: there before they are needed, small when they are over, gone when they are old."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta

import psycopg
import pytest

from servery.inbox import partitions
from servery.inbox.packing import packed, unpacked
from servery.inbox.partitions import Partition, today
from servery.storage.migrate import migrate
from servery.storage.pool import Connection, Pool

TABLES = {"inbox_event", "inbox_outcome", "inbox_record", "outbox_attempt"}
OLD = today() - timedelta(days=100)

pytestmark = pytest.mark.anyio


async def put(db: Connection, day: date, *bodies: bytes) -> None:
    for body in bodies:
        await db.execute(
            "insert into inbox_event (day, connection_id, connector, via, key, body) "
            "values (%s, 1, 'square', 'webhook', 'k', %s)",
            [day, body],
        )


async def days(db: Connection, table: str = "inbox_event") -> set[date]:
    return {one.day for one in await partitions.partitions(db) if one.table == table}


async def test_after_a_migration_today_and_tomorrow_can_be_written_in_every_table(alone: Connection):
    found = await partitions.partitions(alone)
    assert {one.table for one in found} == TABLES
    assert {one.day for one in found} >= {today(), today() + timedelta(days=1)}
    await put(alone, today(), b"{}")


async def test_a_start_after_a_long_pause_makes_the_day_that_is_missing(alone: Connection, database: str):
    for one in await partitions.partitions(alone):
        assert await partitions.drop(alone, one)
    with pytest.raises(psycopg.errors.CheckViolation):
        await put(alone, today(), b"{}")
    assert migrate(database) == []
    await put(alone, today(), b"{}")


async def test_days_are_made_ahead_once(alone: Connection):
    await partitions.ensure_ahead(alone, 3)
    await partitions.ensure_ahead(alone, 3)
    assert await days(alone) >= {today() + timedelta(days=n) for n in range(4)}
    for table in TABLES:
        assert len(await days(alone, table)) == len(await days(alone))


def test_processes_that_make_the_same_day_at_once_do_not_meet(database: str):
    program = (
        "import sys, psycopg\n"
        "with psycopg.connect(sys.argv[1], autocommit=True) as db:\n"
        "    for day in range(1, 15):\n"
        "        db.execute('select make_day(%s::date)', [f'2031-01-{day:02}'])\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, database]) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]


async def test_a_day_is_made_while_others_read_and_write(pool: Pool, alone: Connection):
    async with pool.connection() as writer:
        await put(writer, today(), b"{}")
        await alone.execute("set lock_timeout = '5s'")
        await partitions.ensure(alone, OLD)


async def test_a_packed_day_holds_the_same_bodies_in_less_room(alone: Connection):
    await partitions.ensure(alone, OLD)
    bodies = [json.dumps({"id": n, "note": "window table, please " * 200}).encode() for n in range(1200)]
    await put(alone, OLD, *bodies)
    (day,) = partitions.to_pack(await partitions.partitions(alone), today())
    before = await size(alone, day)
    assert await partitions.pack(alone, day) == 1200
    assert await size(alone, day) < before / 4
    cursor = await alone.execute("select body, packed from inbox_event where day = %s order by id", [OLD])
    assert [unpacked(row["body"], row["packed"]) for row in await cursor.fetchall()] == bodies
    assert partitions.to_pack(await partitions.partitions(alone), today()) == []


async def size(db: Connection, day: Partition) -> int:
    cursor = await db.execute("select pg_total_relation_size(%s) as bytes", [day.name])
    row = await cursor.fetchone()
    assert row is not None
    return int(row["bytes"])


async def test_packing_goes_on_where_it_was_interrupted(alone: Connection):
    await partitions.ensure(alone, OLD)
    await put(alone, OLD, b"one", b"two")
    await alone.execute("update inbox_event set packed = true, body = %s where body = 'one'::bytea", [packed(b"one")])
    (day,) = partitions.to_pack(await partitions.partitions(alone), today())
    assert await partitions.pack(alone, day) == 1
    cursor = await alone.execute("select body from inbox_event where day = %s order by id", [OLD])
    assert [unpacked(row["body"], True) for row in await cursor.fetchall()] == [b"one", b"two"]


def test_the_day_that_is_written_and_the_one_before_are_not_packed():
    now = date(2026, 3, 10)
    found = [Partition("inbox_event", f"inbox_event_{n}", date(2026, 3, n), n == 6) for n in range(5, 12)]
    assert [one.day.day for one in partitions.to_pack(found, now)] == [5, 7, 8]


def test_what_is_older_than_is_kept_is_dropped():
    found = [Partition(table, f"{table}_x", date(2026, 1, n), True) for n in (1, 2, 3) for table in sorted(TABLES)]
    assert {one.day.day for one in partitions.to_drop(found, date(2026, 1, 4), 2)} == {1}
    assert {one.table for one in partitions.to_drop(found, date(2026, 1, 4), 2)} == TABLES


async def test_a_dropped_day_leaves_nothing_to_do_but_for_what_is_in_quarantine(alone: Connection):
    await partitions.ensure(alone, OLD)
    await put(alone, OLD, b"1", b"2")
    await alone.execute("insert into inbox_work (event_id, day, connection_id) select id, day, 1 from inbox_event")
    await alone.execute(
        "insert into quarantine (event_id, day, connector, via, kind, key, body, stage, reason) "
        "select id, day, connector, via, kind, key, body, 'read', '{}' from inbox_event where body = '1'::bytea"
    )
    for one in partitions.to_drop(await partitions.partitions(alone), today(), 90):
        assert await partitions.drop(alone, one)
    cursor = await alone.execute(
        "select (select count(*) from inbox_work) work, (select count(*) from quarantine) kept"
    )
    assert await cursor.fetchone() == {"work": 1, "kept": 1}
    assert OLD not in await days(alone)


async def test_of_a_day_that_is_old_what_was_not_taken_in_yet_is_kept(alone: Connection):
    await alone.execute("insert into connection (name, connector, paused) values ('app', 'webhook', true)")
    await partitions.ensure(alone, OLD)
    await put(alone, OLD, b"waits", b"taken in")
    await alone.execute(
        "insert into inbox_work (event_id, day, connection_id) "
        "select e.id, e.day, c.id from inbox_event e, connection c where e.body = 'waits'::bytea"
    )
    await alone.execute(
        "insert into inbox_outcome (day, event_id, outcome) "
        "select day, id, 'applied' from inbox_event where body = 'taken in'::bytea"
    )
    old = [one for one in partitions.to_drop(await partitions.partitions(alone), today(), 90) if one.day == OLD]
    waiting = [one for one in old if await partitions.waits(alone, one)]
    assert {one.table for one in waiting} == TABLES - {"outbox_attempt"}
    assert [await partitions.drop(alone, one) for one in waiting] == [False] * 3
    assert sum([await partitions.thin(alone, one) for one in waiting]) == 2
    cursor = await alone.execute("select body from inbox_event where day = %s", [OLD])
    assert [row["body"] for row in await cursor.fetchall()] == [b"waits"]
    # Taken in at last, or its connection removed, it is as old as the rest.
    await alone.execute("update connection set removed_at = now()")
    assert all([await partitions.drop(alone, one) for one in old])
    cursor = await alone.execute("select count(*) as waiting from inbox_work")
    assert await cursor.fetchone() == {"waiting": 0}


async def test_a_day_that_somebody_reads_is_left_for_later(alone: Connection, pool: Pool):
    await partitions.ensure(alone, OLD)
    (old,) = [one for one in await partitions.partitions(alone) if one.day == OLD and one.table == "inbox_event"]
    async with pool.connection() as reader:
        await reader.execute("select count(*) from inbox_event")
        assert not await partitions.drop(alone, old)
    assert await partitions.drop(alone, old)


async def test_what_cannot_come_again_is_forgotten(alone: Connection):
    await alone.execute(
        "insert into inbox_seen (connection_id, key, seen_at) "
        "select 1, n::text, now() - make_interval(days => n) from generate_series(1, 40) n"
    )
    assert await partitions.purge_seen(alone) == 6
    cursor = await alone.execute("select count(*) as kept from inbox_seen")
    assert await cursor.fetchone() == {"kept": 34}
