"""Migrations: once each, whoever comes at the same time and whoever dies on the way."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from servery.errors import NeedsPerson
from servery.storage.migrate import MIGRATIONS, migrate
from servery.storage.yoyo_backend import Backend
from tests.storage.users import ask, eventually

_PROGRAM = """
import sys
from pathlib import Path
from servery.storage import migrate

migrate._LOCK = int(sys.argv[3])
print(migrate.migrate(sys.argv[1], Path(sys.argv[2])))
"""
_TOGETHER = """
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock_shared(86);
  FOR tenth IN 1..600 LOOP
    PERFORM pg_sleep(0.1);
    EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted) OR to_regclass('dish') IS NOT NULL
      OR (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 86) > 1;
  END LOOP;
END $$;
CREATE TABLE dish (name text);
"""
"""Goes on when a second process has come as far, waits for this one, or has been quicker."""
_LOCKED = ["1", "1"]
_UNLOCKED = ["1", "2"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_dish.sql").write_text("-- Dishes; not wines.\nCREATE TABLE dish (name text);\n")
    return tmp_path


def _start(dsn: str, folder: Path, lock: str = "1") -> subprocess.Popen[str]:
    words = [sys.executable, "-c", _PROGRAM, dsn, str(folder), lock]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_each_migration_is_applied_once_and_in_order(bare_database: str, folder: Path) -> None:
    (folder / "0002_price.sql").write_text("ALTER TABLE dish ADD price int;\n")
    assert migrate(bare_database, folder) == ["0001_dish", "0002_price"]
    assert migrate(bare_database, folder) == []
    (folder / "0003_menu.sql").write_text("CREATE TABLE menu (name text);\n")
    assert migrate(bare_database, folder) == ["0003_menu"]


def test_the_product_s_own_migrations(bare_database: str) -> None:
    assert migrate(bare_database) == sorted(file.stem for file in MIGRATIONS.glob("*.sql"))


def test_two_processes_at_once(bare_database: str, folder: Path) -> None:
    (folder / "0001_dish.sql").write_text(_TOGETHER)
    answers = [process.communicate(timeout=120) for process in [_start(bare_database, folder, key) for key in _LOCKED]]
    assert sorted(out.strip() for out, _ in answers) == ["['0001_dish']", "[]"]


def test_two_processes_at_once_would_meet_without_the_lock(bare_database: str, folder: Path) -> None:
    (folder / "0001_dish.sql").write_text(_TOGETHER)
    started = [_start(bare_database, folder, key) for key in _UNLOCKED]
    for process in started:
        process.communicate(timeout=120)
    assert sorted(process.returncode for process in started) == [0, 1]


def test_a_process_killed_on_the_way_leaves_nothing_behind(bare_database: str, folder: Path) -> None:
    sleepy = "CREATE TABLE dish (name text);\nDO $$ BEGIN PERFORM pg_sleep(600); END $$;\n"
    (folder / "0001_dish.sql").write_text(sleepy)
    process = _start(bare_database, folder)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(600)%%' AND pid <> pg_backend_pid()"
    assert eventually(lambda: ask(bare_database, sleeping) == 1, 60)
    process.kill()
    process.communicate()
    (folder / "0001_dish.sql").write_text("CREATE TABLE dish (name text);\n")
    began = time.monotonic()
    assert migrate(bare_database, folder) == ["0001_dish"]
    assert time.monotonic() - began < 60


def test_a_migration_is_never_applied_without_being_recorded(
    bare_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Backend, "mark_one", die)
    with pytest.raises(KeyboardInterrupt):
        migrate(bare_database, folder)
    assert ask(bare_database, "SELECT to_regclass('dish')") is None


def test_the_lock_row_of_a_killed_process_is_no_hindrance(bare_database: str, folder: Path) -> None:
    # yoyo takes its own lock only while it makes its tables.
    ask(bare_database, "CREATE TABLE yoyo_lock (locked int PRIMARY KEY, ctime timestamp, pid int NOT NULL)")
    ask(bare_database, "INSERT INTO yoyo_lock VALUES (1, now(), 4711)")
    assert migrate(bare_database, folder) == ["0001_dish"]


def test_a_migration_that_fails_changes_nothing(bare_database: str, folder: Path) -> None:
    (folder / "0002_bad.sql").write_text("CREATE TABLE menu (name text);\nCREATE TABLE dish (name text);\n")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(bare_database, folder)
    assert ask(bare_database, "SELECT to_regclass('menu')") is None
    (folder / "0002_bad.sql").write_text("CREATE TABLE menu (name text);\n")
    assert migrate(bare_database, folder) == ["0002_bad"]


def test_a_function_with_semicolons_is_one_statement(bare_database: str, folder: Path) -> None:
    (folder / "0002_function.sql").write_text(
        "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN n := 1; RETURN n; END $$;\n"
    )
    migrate(bare_database, folder)
    assert ask(bare_database, "SELECT one()") == 1


def test_a_database_of_a_newer_version_is_refused(bare_database: str, folder: Path, tmp_path: Path) -> None:
    (folder / "0002_later.sql").write_text("CREATE TABLE later (name text);\n")
    migrate(bare_database, folder)
    (folder / "0002_later.sql").unlink()
    with pytest.raises(NeedsPerson, match="newer than this Servery: it has the migration 0002_later"):
        migrate(bare_database, folder)


def test_nothing_to_do_is_quick(bare_database: str, folder: Path) -> None:
    migrate(bare_database, folder)
    took = []
    for _ in range(10):
        began = time.process_time()
        assert migrate(bare_database, folder) == []
        took.append(time.process_time() - began)
    assert min(took) < 0.1
