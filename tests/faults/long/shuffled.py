"""100,000 events, shuffled and each told up to five times: the same final state as in order."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg.conninfo import make_conninfo

from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from tests.faults.shuffled import compared

EVENTS = 100_000


def run() -> bool:
    """Tell a story twice; True where both end alike."""
    with TemporaryDirectory() as folder, embedded_server(Path(folder) / "server") as server:
        dsns = [_database(server, name) for name in ("in_order", "shuffled")]
        verdict = asyncio.run(compared(dsns[0], dsns[1], EVENTS, seed=11))
    print(f"shuffled: {verdict}", flush=True)
    return not verdict.differing and not verdict.left


def _database(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template template0")
    dsn = make_conninfo(server, dbname=name)
    migrate(dsn)
    return dsn


if __name__ == "__main__":
    raise SystemExit(0 if run() else 1)
