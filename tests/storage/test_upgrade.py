"""The embedded server's data come from one major version of PostgreSQL to the next, or stay where they were."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from servery.errors import NeedsPerson, Refuse, Retry
from servery.storage import upgrade as upgrades
from servery.storage.cluster import MAJOR
from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate

OLDER = 16
"""A major version that the wheel brings beside ours, here in the part of the one that made the data."""


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home as the older version left it: made by that version's own programs, in a locale that it knows."""
    home = tmp_path / "home"
    with monkeypatch.context() as patched:
        patched.setattr("servery.storage.cluster.LOCALE", ["--locale=C.UTF-8"])
        with embedded_server(home, major=OLDER) as dsn:
            migrate(dsn)
            with psycopg.connect(dsn) as db:
                db.execute("insert into venue (name, name_key, body) values ('Blåbær', 'blabaer', '{}')")
    return home


def test_everything_comes_along_and_the_old_data_stay(older: Path) -> None:
    with pytest.raises(NeedsPerson, match=f"of PostgreSQL {OLDER}.*brings PostgreSQL {MAJOR}"), embedded_server(older):
        pass
    kept = upgrades.upgrade(older, print)
    assert kept == older / f"postgres.{OLDER}"
    assert (kept / "PG_VERSION").read_text().strip() == str(OLDER)
    with embedded_server(older) as dsn, psycopg.connect(dsn) as db:
        assert db.info.server_version // 10000 == MAJOR
        assert db.execute("select name from venue").fetchall() == [("Blåbær",)]
    assert upgrades.upgrade(older, print) is None


def test_what_differs_is_not_used(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = upgrades._transfer

    def lossy(source: str, target: str) -> None:
        real(source, target)
        with psycopg.connect(target) as db:
            db.execute("delete from venue")

    monkeypatch.setattr(upgrades, "_transfer", lossy)
    with pytest.raises(Retry, match="not like the original in: venue"):
        upgrades.upgrade(older, print)
    monkeypatch.undo()
    assert upgrades.upgrade(older, print) is not None


def test_killed_between_its_last_steps_it_is_finished_at_the_next_start(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.name == "postgres.next":
            raise Killed
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        with pytest.raises(Killed):
            upgrades.upgrade(older, print)
    assert not (older / "postgres").exists()
    with embedded_server(older) as dsn, psycopg.connect(dsn) as db:
        assert db.execute("select name from venue").fetchall() == [("Blåbær",)]


def test_a_server_in_use_is_left_alone(older: Path) -> None:
    with embedded_server(older, major=OLDER), pytest.raises(Refuse, match="Stop servery first"):
        upgrades.upgrade(older, print)
