"""A backup holds everything, opens for its key alone, and makes an empty machine into what was."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import psycopg
import pytest

from servery.accounts.vault import open_vault, seal, unseal
from servery.errors import Invalid, NeedsPerson, Refuse
from servery.storage import backup as backups
from servery.storage.cluster import binaries
from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate


@pytest.fixture
def key(tmp_path: Path) -> str:
    return backups.make_key(tmp_path)


@pytest.fixture
def filled(database: str, tmp_path: Path) -> str:
    """A database with a venue and a sealed credential, and the key file beside it."""
    sealed = seal(open_vault(tmp_path, in_use=False), b"swordfish", "connection:1")
    with psycopg.connect(database) as db:
        db.execute("insert into venue (name, name_key, body) values ('Torvet 4', 'torvet 4', '{}')")
        db.execute("insert into connection (name, connector, sealed) values ('Till', 'square', %s)", [sealed])
    return database


def test_an_empty_machine_becomes_what_was(
    filled: str, bare_database: str, tmp_path: Path, key: str, home: Path
) -> None:
    file = tmp_path / "night.age"
    assert backups.backup(filled, tmp_path, file) == file.stat().st_size > 0
    with backups.restoring(bare_database, home, file, key) as head:
        assert migrate(bare_database, restoring=True) == []
    with psycopg.connect(bare_database) as db:
        assert db.execute("select name from venue").fetchall() == [("Torvet 4",)]
        row = db.execute("select sealed from connection").fetchone()
    assert row is not None
    assert unseal(open_vault(home, in_use=True), bytes(row[0]), "connection:1") == b"swordfish"
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    assert set(head.keys) == {"secret.key", backups.RECIPIENT_FILE}


def test_nobody_else_can_read_it(filled: str, tmp_path: Path, key: str) -> None:
    file = tmp_path / "night.age"
    backups.backup(filled, tmp_path, file)
    content = file.read_bytes()
    assert b"Torvet" not in content and key.encode() not in content
    other = backups.make_key(tmp_path / "elsewhere")
    with pytest.raises(Invalid, match="does not open"):
        backups.look_into(file, other)


@pytest.mark.parametrize("spoilt", ["cut", "flipped"])
def test_a_spoilt_file_is_known_before_anything_is_touched(
    filled: str, tmp_path: Path, key: str, bare_database: str, spoilt: str
) -> None:
    file = tmp_path / "night.age"
    backups.backup(filled, tmp_path, file)
    content = bytearray(file.read_bytes())
    if spoilt == "cut":
        del content[-200:]
    else:
        content[-200] ^= 1
    file.write_bytes(content)
    with pytest.raises(Invalid, match="damaged"), backups.restoring(bare_database, tmp_path / "new", file, key):
        pass
    with psycopg.connect(bare_database) as db:
        assert db.execute("select from pg_class where relnamespace = 'public'::regnamespace").rowcount == 0


def test_it_is_never_put_over_data(filled: str, tmp_path: Path, key: str) -> None:
    file = tmp_path / "night.age"
    backups.backup(filled, tmp_path, file)
    with pytest.raises(Refuse, match="data already"), backups.restoring(filled, tmp_path / "new", file, key):
        pass


def test_it_is_never_put_beside_another_installations_key(
    filled: str, tmp_path: Path, key: str, bare_database: str
) -> None:
    file = tmp_path / "night.age"
    backups.backup(filled, tmp_path, file)
    open_vault(tmp_path / "new", in_use=False)
    assert (tmp_path / "new" / "secret.key").exists()
    refused = pytest.raises(Refuse, match=r"secret\.key of its own")
    with refused, backups.restoring(bare_database, tmp_path / "new", file, key):
        pass


def test_nothing_begins_on_a_database_whose_restore_has_not_ended(
    filled: str, tmp_path: Path, key: str, home: Path
) -> None:
    file = tmp_path / "night.age"
    backups.backup(filled, tmp_path, file)
    with embedded_server(home) as dsn:
        with backups.restoring(dsn, home, file, key):
            with pytest.raises(NeedsPerson, match="is being restored"):
                migrate(dsn)
            with pytest.raises(Refuse, match="Another restore is at work"), backups.restoring(dsn, home, file, key):
                pass
        # It was not ended, as where the process is killed.
        with pytest.raises(NeedsPerson, match="was broken off"):
            migrate(dsn)
        with backups.restoring(dsn, home, file, key), psycopg.connect(dsn) as db:
            assert db.execute("select name from venue").fetchall() == [("Torvet 4",)]


def test_what_fails_half_way_leaves_no_file(filled: str, tmp_path: Path, key: str, monkeypatch) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "pg_dump").write_text("#!/bin/sh\nprintf half\necho 'gave up' >&2\nexit 1\n")
    (broken / "pg_dump").chmod(0o755)
    monkeypatch.setattr(backups, "binaries", lambda: broken)
    before = set(tmp_path.iterdir())
    with pytest.raises(Exception, match="gave up"):
        backups.backup(filled, tmp_path, tmp_path / "night.age")
    assert set(tmp_path.iterdir()) == before


def test_what_is_missing_is_told(filled: str, tmp_path: Path, key: str) -> None:
    with pytest.raises(NeedsPerson, match="no backup key yet"):
        backups.backup(filled, tmp_path / "elsewhere", tmp_path / "night.age")
    with pytest.raises(NeedsPerson, match="No file can be written"):
        backups.backup(filled, tmp_path, tmp_path / "nowhere" / "night.age")
    with pytest.raises(Refuse, match="backup key already"):
        backups.make_key(tmp_path)
    with pytest.raises(Invalid, match="cannot be read: No such file"):
        backups.look_into(tmp_path / "none.age", key)
    with pytest.raises(Invalid, match="no backup key"):
        backups.look_into(tmp_path / "none.age", "AGE-SECRET-KEY-nonsense")


def test_it_opens_without_us(filled: str, tmp_path: Path, key: str) -> None:
    """What comes after the first line is PostgreSQL's own format."""
    file, dump = tmp_path / "night.age", tmp_path / "dump"
    backups.backup(filled, tmp_path, file)
    with dump.open("wb") as writing:
        backups._decrypt(file, key, backups._AfterFirstLine(writing))
    listed = subprocess.run([binaries() / "pg_restore", "--list", dump], capture_output=True, check=True)
    assert b"TABLE DATA public venue" in listed.stdout
