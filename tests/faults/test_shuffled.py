"""Any order and any repeats of what arrives end in the same state. In `make faults` 100,000 events."""

import asyncio

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servery.storage.migrate import migrate
from servery.sync import judge
from tests.faults import shuffled
from tests.faults.shuffled import compared


@pytest.fixture
def another(database: str, server: str):
    """A second empty database."""
    name = f"{conninfo_to_dict(database)['dbname']}_again"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        dsn = make_conninfo(server, dbname=name)
        migrate(dsn)
        yield dsn
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_shuffled_and_repeated_events_end_as_in_order(database: str, another: str):
    verdict = asyncio.run(compared(database, another, events=1_500, seed=7))
    assert (verdict.differing, verdict.left) == ([], 0), str(verdict)


def test_without_versions_it_would_show(database: str, another: str, monkeypatch: pytest.MonkeyPatch):
    def last_wins(held, seen):
        return "created" if held is None else "updated"

    monkeypatch.setattr(shuffled, "_AT_ONCE", 50)
    monkeypatch.setattr(judge, "judge", last_wins)
    verdict = asyncio.run(compared(database, another, events=400, seed=7))
    assert "checks" in verdict.differing
