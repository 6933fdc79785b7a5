"""The embedded server when processes die in the middle of what they were doing."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from servery.storage.embedded import embedded_server
from tests.calm import Calm
from tests.storage.users import User, ask, eventually, guardian, postmaster, processes, users


@contextlib.contextmanager
def _user(home: Path) -> Iterator[User]:
    with users(home) as (only,):
        yield only


def _gone_within(home: Path, seconds: float) -> bool:
    return eventually(lambda: processes(home) == [], seconds)


def test_the_server_outlives_its_killed_owner_for_the_others(home: Path) -> None:
    with _user(home) as owner, _user(home) as other:
        dsn = owner.dsn()
        assert other.dsn() == dsn
        served_by = postmaster(home)
        owner.kill()
        assert ask(dsn, "SELECT 1") == 1
        with _user(home) as newcomer:
            assert newcomer.dsn() == dsn
            assert postmaster(home) == served_by
            assert other.leave() == 0
            assert ask(dsn, "SELECT 1") == 1
            assert newcomer.leave() == 0
    assert processes(home) == []


def test_the_guardian_stops_the_server_when_all_users_are_killed(home: Path) -> None:
    with users(home, 2) as both:
        for user in both:
            user.dsn()
        for user in both:
            user.kill()
        assert _gone_within(home, 30)


def test_nothing_committed_is_lost_when_owner_and_server_are_killed(home: Path) -> None:
    with _user(home) as owner:
        dsn = owner.dsn()
        ask(dsn, "CREATE TABLE cover (n int)")
        ask(dsn, "INSERT INTO cover SELECT generate_series(1, 1000)")
        for process in [owner.process, *processes(home)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    with embedded_server(home) as dsn:
        assert ask(dsn, "SELECT count(*) FROM cover") == 1000
    assert processes(home) == []


def test_a_server_that_is_killed_while_somebody_joins_it_is_started_again(home: Path) -> None:
    with _user(home) as owner:
        ask(owner.dsn(), "CREATE TABLE cover (n int)")
        everybody = [owner.process, *processes(home)]
        # It stands still: whoever joins takes it for alive, and waits for its answer.
        for process in everybody:
            process.send_signal(signal.SIGSTOP)
        with ThreadPoolExecutor() as threads, ExitStack() as joined:
            joining = threads.submit(lambda: joined.enter_context(embedded_server(home)))
            with pytest.raises(TimeoutError):
                joining.result(1)
            for process in everybody:
                process.send_signal(signal.SIGKILL)
            assert ask(joining.result(60), "SELECT count(*) FROM cover") == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 128 + 15), (signal.SIGINT, -2)])
def test_a_signal_leaves_nothing_behind(home: Path, number: int, code: int) -> None:
    with _user(home) as user:
        user.dsn()
        since = Calm()
        user.process.send_signal(number)
        assert user.process.wait(60) == code
        assert since.seconds < 5
        assert processes(home) == []


def test_an_asynchronous_program_ended_by_sigterm_leaves_nothing_behind(home: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from servery.storage.embedded import embedded_server
from servery.storage.pool import open_pool

async def serve(dsn):
    async with open_pool(dsn) as pool:
        async with pool.connection() as connection:
            print("dsn:", dsn, flush=True)
            await connection.execute("SELECT pg_sleep(60)")

with embedded_server(Path(sys.argv[1])) as dsn:
    asyncio.run(serve(dsn))
"""
    user = User(home, program=program)
    try:
        # A cancellation that comes before its statement runs is lost on PostgreSQL, and psycopg waits 5 s for it.
        running = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        assert eventually(lambda: ask(user.dsn(), running) == 1, 60)
        since = Calm()
        user.process.terminate()
        assert user.process.wait(60) != 0
        assert since.seconds < 5
        assert processes(home) == []
    finally:
        user.close()


def test_a_busy_client_does_not_delay_the_stop(home: Path) -> None:
    with contextlib.ExitStack() as stack:
        dsn = stack.enter_context(embedded_server(home))
        with contextlib.closing(psycopg.connect(dsn)) as busy:
            busy.execute("CREATE TABLE dish (name text)")
            since = Calm()
            stack.close()
            assert since.seconds < 5
            assert processes(home) == []


def test_a_killed_guardian_is_replaced_by_the_next_user(home: Path) -> None:
    with _user(home) as first:
        first.dsn()
        killed = guardian(home)
        killed.kill()
        assert eventually(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE, 30)
        with _user(home) as second:
            second.dsn()
            assert guardian(home) != killed
            first.kill()
            second.kill()
            assert _gone_within(home, 30)


def test_a_server_orphaned_by_guardian_and_owner_is_adopted(home: Path) -> None:
    with _user(home) as user:
        user.dsn()
        guardian(home).kill()
        user.kill()
    # The control as well: it is the guardian that ends a server without users.
    assert not _gone_within(home, 2)
    orphan = postmaster(home)
    with embedded_server(home) as dsn:
        assert postmaster(home) == orphan
        assert ask(dsn, "SELECT 1") == 1
    assert processes(home) == []


def test_a_killed_server_is_started_again_by_the_next_user(home: Path) -> None:
    with _user(home) as first:
        first.dsn()
        killed = postmaster(home)
        killed.kill()
        with _user(home) as second:
            assert ask(second.dsn(), "SELECT 1") == 1
            assert postmaster(home) != killed
            assert first.leave() == 0
            assert second.leave() == 0
    assert processes(home) == []


def test_initdb_killed_half_way_leaves_nothing_that_passes_for_data(tmp_path: Path) -> None:
    with _user(tmp_path) as user:
        assert eventually(lambda: any(tmp_path.glob("postgres.new-*/data/PG_VERSION")), 60)
        user.kill()
    assert not (tmp_path / "postgres").exists()
    with embedded_server(tmp_path) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    # The orphan may have gone on writing for a while; whoever starts next clears away what it left.
    assert eventually(lambda: not _initdb_of(tmp_path), 60)
    with embedded_server(tmp_path):
        assert list(tmp_path.glob("postgres.new-*")) == []


def _initdb_of(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if "initdb" in line and str(home) in line and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_a_leftover_pid_that_belongs_to_another_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with embedded_server(home), embedded_server(tmp_path / "other"):
        file = home / "postgres" / "postmaster.pid"
        _, *rest = file.read_text().splitlines(keepends=True)
        # A process of the very user that the server runs as, which PostgreSQL would take for the server.
        somebody = postmaster(tmp_path / "other").children()[0]
        stale = "".join([f"{somebody.pid}\n", *rest])
        for process in [guardian(home), *processes(home)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert _gone_within(home, 30)
        file.write_text(stale)
        with embedded_server(home) as dsn:
            assert ask(dsn, "SELECT 1") == 1


def test_a_killed_server_with_a_long_path_leaves_no_socket_folder_for_ever(tmp_path: Path) -> None:
    home = tmp_path / ("r" * (199 - len(str(tmp_path))))
    with _user(home) as user:
        user.dsn()
        sockets = Path((home / "postgres" / "postmaster.pid").read_text().splitlines()[4])
        for process in [*processes(home), user.process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    assert sockets.exists()
    with embedded_server(home):
        assert not sockets.exists()


def test_recovery_may_take_longer_than_ten_seconds(home: Path) -> None:
    with _user(home) as user:
        ask(user.dsn(), "CREATE TABLE line AS SELECT repeat('x', 1000) FROM generate_series(1, 200000)")
        for process in [*processes(home), user.process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    with _user(home) as user:
        recovering = _startup_process(home)
        recovering.suspend()
        assert not eventually(lambda: user.process.poll() is not None, 11)
        recovering.resume()
        assert ask(user.dsn(), "SELECT count(*) FROM line") == 200000
        assert any("recovering" in words for words in user.told)
        assert user.leave() == 0


def _startup_process(home: Path) -> psutil.Process:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, IndexError, ValueError):
            for child in postmaster(home).children():
                if "startup" in " ".join(child.cmdline()):
                    return child
        time.sleep(0.002)
    raise AssertionError("no recovery seen")
