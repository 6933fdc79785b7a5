"""The embedded server in ordinary life: starting, sharing, leaving."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from servery.errors import NeedsPerson
from servery.storage import cluster
from servery.storage.embedded import embedded_server
from tests.calm import Calm
from tests.storage.users import User, ask, command_lines, guardian, postmaster, processes, users

_SOCKET_NAME = "/.s.PGSQL.5432"


def test_two_processes_that_start_at_once_make_one_server(tmp_path: Path) -> None:
    with users(tmp_path, 2) as (one, other):
        dsn = one.dsn()
        assert other.dsn() == dsn
        assert ask(dsn, "SELECT 1") == 1
        roots = [process for process in processes(tmp_path) if process.ppid() == guardian(tmp_path).pid]
        assert roots == [postmaster(tmp_path)]


def test_what_one_process_writes_is_there_for_the_next(home: Path) -> None:
    with embedded_server(home) as dsn:
        ask(dsn, "CREATE TABLE dish (name text)")
        ask(dsn, "INSERT INTO dish VALUES ('rødspætte')")
    with embedded_server(home) as dsn:
        assert ask(dsn, "SELECT name FROM dish") == "rødspætte"


def test_the_last_to_leave_leaves_nothing_behind(home: Path) -> None:
    with users(home, 2) as (one, other):
        dsn = one.dsn()
        other.dsn()
        assert one.leave() == 0
        assert ask(dsn, "SELECT 1") == 1
        assert other.leave() == 0
        assert processes(home) == []


def test_entering_twice_in_one_process_is_two_shares(home: Path) -> None:
    with embedded_server(home) as outer:
        with embedded_server(home) as inner:
            assert inner == outer
        assert ask(outer, "SELECT 1") == 1
    assert processes(home) == []


def test_an_existing_server_starts_quickly(home: Path) -> None:
    since = Calm()
    with embedded_server(home):
        took = since.seconds
    assert took < 1.5


def test_an_asynchronous_program_may_enter_in_a_thread(home: Path) -> None:
    async def program() -> object:
        context = embedded_server(home)
        dsn = await asyncio.to_thread(context.__enter__)
        try:
            async with await psycopg.AsyncConnection.connect(dsn) as connection:
                row = await (await connection.execute("SELECT 1")).fetchone()
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)
        return row

    assert asyncio.run(program()) == (1,)
    assert processes(home) == []


def test_a_forked_child_does_not_give_its_parents_share_away(home: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from servery.storage.embedded import embedded_server

with embedded_server(Path(sys.argv[1])) as dsn:
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    print("dsn:", dsn, flush=True)
    sys.stdin.read()
"""
    user = User(home, program=program)
    try:
        assert ask(user.dsn(), "SELECT 1") == 1
        assert user.leave() == 0
        assert processes(home) == []
    finally:
        user.close()


def test_a_program_that_ends_inside_the_context_stops_the_server(home: Path) -> None:
    program = """
import sys
from pathlib import Path
from servery.storage.embedded import embedded_server

context = embedded_server(Path(sys.argv[1]))
print("dsn:", context.__enter__(), flush=True)
sys.stdin.read()
"""
    user = User(home, program=program)
    try:
        user.dsn()
        assert user.leave() == 0
        assert processes(home) == []
    finally:
        user.close()


def test_a_data_path_of_200_characters(tmp_path: Path) -> None:
    home = tmp_path / ("r" * (199 - len(str(tmp_path))))
    assert len(str(home)) == 200
    with embedded_server(home) as dsn:
        assert ask(dsn, "SELECT 1") == 1
        sockets = Path(psycopg.conninfo.conninfo_to_dict(dsn)["host"])  # type: ignore[arg-type]
        assert len(str(sockets) + _SOCKET_NAME) <= 107
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


def test_a_path_with_spaces_quotes_and_letters(tmp_path: Path) -> None:
    with embedded_server(tmp_path / 'Bo\'s "café", æøå') as dsn:
        assert ask(dsn, "SELECT 1") == 1


def test_the_password_is_nowhere_but_in_its_file(home: Path) -> None:
    with embedded_server(home) as dsn:
        file = home / "postgres.password"
        password = file.read_text().strip().rsplit(":", 1)[1]
        assert len(password) >= 32
        assert file.stat().st_mode & 0o777 == 0o600
        seen = [dsn, (home / "postgres.log").read_text(), *command_lines(home)]
        assert len(seen) > 4
        assert not any(password in words for words in seen)


def test_nobody_gets_in_without_the_password(home: Path) -> None:
    with embedded_server(home) as dsn:
        stranger = re.sub(r"passfile=\S+", "password=guess", dsn)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stranger)


def test_the_server_listens_on_no_network(home: Path) -> None:
    with embedded_server(home):
        kinds = {link.type for link in postmaster(home).net_connections("inet")}
    assert kinds == set()


def test_guests_data_in_a_failing_statement_stay_out_of_the_log(home: Path) -> None:
    with embedded_server(home) as dsn:
        ask(dsn, "CREATE TABLE guest (email text UNIQUE)")
        ask(dsn, "INSERT INTO guest VALUES ('ann@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            ask(dsn, "INSERT INTO guest VALUES ('ann@example.com')")
    assert "ann@example.com" not in (home / "postgres.log").read_text()


def test_danish_german_and_spanish_letters_have_lower_case(bare_database: str) -> None:
    assert ask(bare_database, "SELECT lower('ÆØÅÄÖÜÑ')") == "æøåäöüñ"


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with (home / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("nonsense = on\n")
    with pytest.raises(NeedsPerson, match='unrecognized configuration parameter "nonsense"') as caught:
        embedded_server(home).__enter__()
    assert caught.value.where == str(home / "postgres.log")
    assert processes(home) == []


def test_a_server_that_cannot_start_leaves_no_socket_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def mkdtemp(**places: str) -> str:
        made.append(Path(tempfile.mkdtemp(**places)))
        return str(made[-1])

    # A comma, like a long path, puts the socket into a folder of its own.
    home = home.rename(home.with_name("one, two"))
    monkeypatch.setattr(cluster, "tempfile", SimpleNamespace(mkdtemp=mkdtemp))
    (home / "postgres" / "postgresql.conf").write_text("nonsense = on\n")
    with pytest.raises(NeedsPerson, match="nonsense"):
        embedded_server(home).__enter__()
    assert [folder.exists() for folder in made] == [False]


def test_data_of_another_major_version_are_refused(home: Path) -> None:
    (home / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(NeedsPerson, match="of PostgreSQL 17, and this Servery brings PostgreSQL 18"):
        embedded_server(home).__enter__()


def test_a_lost_password_is_said(home: Path) -> None:
    (home / "postgres.password").unlink()
    with pytest.raises(NeedsPerson, match="refuses us") as caught:
        embedded_server(home).__enter__()
    assert caught.value.where == str(home / "postgres.password")
    assert processes(home) == []


def test_a_long_log_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_bytes(b"x" * 5_000_001)
    with embedded_server(tmp_path):
        pass
    assert log.stat().st_size < 100_000
    assert (tmp_path / "postgres.log.1").stat().st_size == 5_000_001
