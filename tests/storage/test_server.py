"""The database that the settings ask for."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servery.errors import NeedsPerson, Retry
from servery.settings import Settings
from servery.storage import server as server_module
from servery.storage.server import database
from tests.storage.users import ask, processes


def _settings(home: Path, url: str | None) -> Settings:
    return Settings(home=home, port=8420, public_url="http://127.0.0.1:8420", database_url=url)


def test_without_a_url_it_is_the_embedded_one(tmp_path: Path) -> None:
    with database(_settings(tmp_path, None)) as dsn:
        assert str(ask(dsn, "SELECT version()")).startswith("PostgreSQL 18")
    assert processes(tmp_path) == []


def test_a_url_is_lent_as_it_is(bare_database: str, tmp_path: Path) -> None:
    with database(_settings(tmp_path / "home", bare_database)) as dsn:
        assert dsn == bare_database
    assert not (tmp_path / "home").exists()


def test_a_server_too_old_is_refused(bare_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "OLDEST", 990000)
    with pytest.raises(NeedsPerson, match=r"The server is PostgreSQL 1\d, and Servery needs") as caught:
        database(_settings(tmp_path, bare_database)).__enter__()
    assert caught.value.field == "SERVERY_DATABASE_URL"


def test_a_database_of_another_encoding_is_refused(both_servers: str, tmp_path: Path) -> None:
    with psycopg.connect(both_servers, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(NeedsPerson, match="encoded in LATIN1, and Servery needs UTF8"):
                database(_settings(tmp_path, make_conninfo(both_servers, dbname="latin"))).__enter__()
        finally:
            connection.execute("DROP DATABASE latin WITH (FORCE)")


def test_a_wrong_password_names_the_setting_and_hides_the_password(server: str, tmp_path: Path) -> None:
    host = conninfo_to_dict(server)["host"]
    url = make_conninfo(host=host, user="servery", dbname="servery", password="s3cr3t")
    with pytest.raises(NeedsPerson, match="password authentication failed") as caught:
        database(_settings(tmp_path, url)).__enter__()
    assert caught.value.field == "SERVERY_DATABASE_URL"
    assert "s3cr3t" not in str(caught.value)


def test_a_server_that_is_silent_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Retry, match="does not answer"):
        database(_settings(tmp_path, f"postgresql:///servery?host={tmp_path}")).__enter__()


@pytest.mark.parametrize(
    "url", ["mysql://user:s3cr3t@host/db", "postgresql://user:s3cr3t@127.0.0.1:port/db", "nonsense"]
)
def test_what_is_no_address_is_said_without_repeating_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(NeedsPerson) as caught:
        database(_settings(tmp_path, url)).__enter__()
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None
