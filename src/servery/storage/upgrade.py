"""From one major version of PostgreSQL to the next: the data are copied, compared, and only then used.

The old server is asked for everything by the new one's tools and stays as it was, in a folder of its own, until
somebody removes it. Killed at any moment, the upgrade leaves either the old data or the new, whole, in place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from servery.errors import Refuse, Retry
from servery.storage import guardian
from servery.storage.cluster import MAJOR, Cluster, binaries, data_version, environment_for, open_cluster
from servery.storage.embedded import embedded_server

_STAGE = "postgres.upgrade"
Tell = Callable[[str], None]


def upgrade(home: Path, tell: Tell) -> Path | None:
    """Bring the data in `home` to our major version; the folder that keeps the old ones, None where it is done already.

    Raises Refuse while somebody uses the server, NeedsPerson where the old version's programs are not installed, and
    Retry where copying failed, with everything as it was.
    """
    cluster = open_cluster(home)
    if not cluster.data.exists() or data_version(cluster) == cluster.major:
        return None
    old = open_cluster(home, data_version(cluster))
    binaries(old.major)
    kept = _free(cluster.home / f"postgres.{old.major}")
    with _alone(cluster):
        stage = cluster.home / _STAGE
        shutil.rmtree(stage, ignore_errors=True)
        _copy(old, stage, tell)
        # From here on `ensure_data` finishes what a kill leaves undone.
        (stage / "postgres").rename(cluster.upgraded)
        cluster.data.rename(kept)
        cluster.upgraded.rename(cluster.data)
        shutil.rmtree(stage)
    return kept


def _free(wanted: Path) -> Path:
    number, path = 1, wanted
    while path.exists():
        number, path = number + 1, wanted.with_name(f"{wanted.name}-{number}")
    return path


@contextmanager
def _alone(cluster: Cluster) -> Iterator[None]:
    """Nobody else upgrades, and nobody uses the server."""
    ours = guardian.try_lock(cluster.home, "upgrade", fcntl.LOCK_EX)
    # Whoever uses the server has a share of the lease.
    everybodys = guardian.try_lock(cluster.home, guardian.LEASE, fcntl.LOCK_EX)
    if everybodys is not None:
        os.close(everybodys)
    if ours is None or everybodys is None:
        raise Refuse("Something still uses this data folder.", where=str(cluster.home), mend="Stop servery first.")
    try:
        yield
    finally:
        os.close(ours)


def _copy(old: Cluster, stage: Path, tell: Tell) -> None:
    """Make a server in `stage` that holds what the old one holds, to the last row of each table."""
    stage.mkdir(mode=old.home.stat().st_mode & 0o777)
    shutil.copy2(old.password, stage / old.password.name)
    with embedded_server(old.home, tell, old.major) as source, embedded_server(stage, tell, MAJOR) as target:
        tell(f"Copying from PostgreSQL {old.major} to {MAJOR}.")
        _transfer(source, target)
        tell("Comparing both.")
        before, after = _counts(source), _counts(target)
        if before != after:
            differ = ", ".join(sorted(name for name in before if before[name] != after.get(name)))
            raise Retry("The copy is not like the original in: {tables}. Everything stays as it was.", tables=differ)
        with psycopg.connect(target, autocommit=True) as connection:
            connection.execute("analyze")


def _transfer(source: str, target: str) -> None:
    dump = subprocess.Popen(
        [binaries() / "pg_dump", "--format=custom", "--compress=0", "--no-owner"],
        stdout=subprocess.PIPE,
        env=environment_for(source),
    )
    load = subprocess.run(
        [binaries() / "pg_restore", "--single-transaction", "--no-owner", "--dbname", _database(target)],
        stdin=dump.stdout,
        env=environment_for(target),
        check=False,
    )
    assert dump.stdout is not None
    dump.stdout.close()
    if dump.wait() != 0 or load.returncode != 0:
        raise Retry("Copying failed; PostgreSQL said why above. Everything stays as it was.")


def _database(dsn: str) -> str:
    return str(conninfo_to_dict(dsn)["dbname"])


def _counts(dsn: str) -> dict[str, int]:
    """How many rows each table holds."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {name: _count(connection, name) for (name,) in tables}


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0
