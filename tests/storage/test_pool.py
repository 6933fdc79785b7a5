"""Connections are alike, whoever opens them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from servery.storage.pool import connect, open_pool

_QUERY = "SELECT %s::jsonb AS body, '2026-03-29 02:30+02'::timestamptz AS at"
_BODY = {"name": "rødspætte", "sizes": [1, None, True]}
_ROW = {"body": _BODY, "at": datetime(2026, 3, 29, 0, 30, tzinfo=UTC)}


def test_a_row_is_a_dict_with_json_and_time_in_utc(bare_database: str) -> None:
    with connect(bare_database) as connection:
        row = connection.execute(_QUERY, (Jsonb(_BODY),)).fetchone()
    assert row == _ROW
    assert row["at"].utcoffset() == timedelta(0)


def test_a_pool_gives_the_same(bare_database: str) -> None:
    async def program() -> dict[str, Any] | None:
        async with open_pool(bare_database) as pool, pool.connection() as connection:
            return await (await connection.execute(_QUERY, (Jsonb(_BODY),))).fetchone()

    assert asyncio.run(program()) == _ROW


def test_json_takes_what_the_model_is_made_of(bare_database: str) -> None:
    with connect(bare_database) as connection:
        row = connection.execute("SELECT %s AS body", (Jsonb({"at": datetime(2026, 1, 1, tzinfo=UTC)}),)).fetchone()
    assert row == {"body": {"at": "2026-01-01T00:00:00Z"}}


def test_an_exception_undoes_the_transaction(bare_database: str) -> None:
    async def program() -> object:
        async with open_pool(bare_database) as pool:
            async with pool.connection() as connection:
                await connection.execute("CREATE TABLE dish (name text)")
            with pytest.raises(ZeroDivisionError):
                async with pool.connection() as connection:
                    await connection.execute("INSERT INTO dish VALUES ('soup')")
                    raise ZeroDivisionError
            async with pool.connection() as connection:
                return await (await connection.execute("SELECT count(*) AS dishes FROM dish")).fetchone()

    assert asyncio.run(program()) == {"dishes": 0}


def test_a_connection_that_died_in_the_pool_is_replaced(bare_database: str) -> None:
    async def program() -> object:
        async with open_pool(bare_database, largest=1) as pool:
            async with pool.connection() as connection:
                pid = connection.info.backend_pid
            with psycopg.connect(bare_database) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            async with pool.connection() as connection:
                return await (await connection.execute("SELECT 1 AS one")).fetchone()

    assert asyncio.run(program()) == {"one": 1}
