"""What an installation may set, and what a person reads who set it wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from servery.errors import NeedsPerson
from servery.settings import Settings, read_settings


def test_everything_has_a_default() -> None:
    assert read_settings({}) == Settings(
        home=Path("~/.servery").expanduser(), port=8420, public_url="http://127.0.0.1:8420", database_url=None
    )


def test_an_empty_variable_counts_as_unset() -> None:
    names = ["SERVERY_HOME", "SERVERY_PORT", "SERVERY_PUBLIC_URL", "SERVERY_DATABASE_URL"]
    assert read_settings(dict.fromkeys(names, "")) == read_settings({})


def test_the_public_address_follows_the_port() -> None:
    assert read_settings({"SERVERY_PORT": "9000"}).public_url == "http://127.0.0.1:9000"


def test_the_public_address_has_no_slash_at_the_end() -> None:
    given = {"SERVERY_PUBLIC_URL": "https://servery.example.com/"}
    assert read_settings(given).public_url == "https://servery.example.com"


def test_home_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings({"SERVERY_HOME": "data"}).home == tmp_path / "data"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "80.5", "٨٤٢٠", "²"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(NeedsPerson, match=f"SERVERY_PORT: {port} is not a port. Set it to a number") as caught:
        read_settings({"SERVERY_PORT": port})
    assert caught.value.field == "SERVERY_PORT"


@pytest.mark.parametrize(
    "address", ["servery", "ftp://a.example", "https://", "https://user:pw@a.example", "https://a?b", "http://a:x"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(NeedsPerson, match="SERVERY_PUBLIC_URL: This is not the address of a site") as caught:
        read_settings({"SERVERY_PUBLIC_URL": address})
    assert caught.value.field == "SERVERY_PUBLIC_URL"


def test_an_address_with_a_path_is_refused() -> None:
    with pytest.raises(NeedsPerson, match=r"only under a host of its own\. Set it to an address such as") as caught:
        read_settings({"SERVERY_PUBLIC_URL": "https://example.com/servery/"})
    assert caught.value.field == "SERVERY_PUBLIC_URL"


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NeedsPerson, match="is a file, and Servery needs a folder") as caught:
        read_settings({"SERVERY_HOME": str(tmp_path / "file")})
    assert caught.value.field == "SERVERY_HOME"


def test_a_password_is_not_shown() -> None:
    assert "s3cr3t" not in repr(read_settings({"SERVERY_DATABASE_URL": "postgresql://u:s3cr3t@h/d"}))


def test_what_arrived_is_kept_for_ninety_days_unless_told_otherwise() -> None:
    assert read_settings({}).keep_raw_days == 90
    assert read_settings({"SERVERY_KEEP_RAW_DAYS": "7"}).keep_raw_days == 7


@pytest.mark.parametrize("days", ["0", "1", "-5", "forever", "90.5", "٩٠", "99999"])
def test_what_is_no_number_of_days_is_refused(days: str) -> None:
    with pytest.raises(NeedsPerson, match="is not a number of days") as caught:
        read_settings({"SERVERY_KEEP_RAW_DAYS": days})
    assert caught.value.field == "SERVERY_KEEP_RAW_DAYS"
