"""Joining a system from the command line: what works, and what a person is told when it does not."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servery.connectors.square.simulator import simulator
from servery.model.venue import Venue
from servery.storage.pool import connect
from servery.testing.served import free_port, served
from servery.testing.stage import Stage
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def till() -> Iterator[str]:
    stage = Stage(Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"), "L1", "DK")
    stage.menu_modified_at = datetime(2026, 1, 1, tzinfo=UTC)
    with served(simulator(stage, "right-token")) as url:
        yield url


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("right-token\n")
    return file


def test_a_system_is_joined_and_its_location_becomes_a_venue(
    servery: Run, till: str, token: Path, database: str
) -> None:
    done = servery("connect", "square", "--secret", f"access_token=@{token}", "--set", f"base_url={till}")
    assert done.returncode == 0, done.stderr
    assert "Square is connected: Nord." in done.stderr
    assert [one["name"] for one in json.loads(servery("venues", "list", "--json").stdout)] == ["Nord"]
    assert "right-token" not in everything_stored(database)
    assert "answers" in servery("connections", "test", "Square").stderr
    again = servery("connect", "square", "--secret", f"access_token=@{token}", "--set", f"base_url={till}")
    assert again.returncode == 2
    assert "There is a connection Square already." in again.stderr


def test_a_wrong_credential_is_named_and_nothing_is_kept(servery: Run, till: str) -> None:
    done = servery("connect", "square", "--secret", "access_token=-", "--set", f"base_url={till}", typed="wrong\n")
    assert done.returncode == 3
    assert "access token" in done.stderr.casefold()
    assert "wrong" not in done.stderr
    assert json.loads(servery("connections", "list", "--json").stdout) == []


def test_an_unreachable_server_is_told(servery: Run, token: Path) -> None:
    nowhere = f"base_url=http://127.0.0.1:{free_port()}"
    done = servery("connect", "square", "--secret", f"access_token=@{token}", "--set", nowhere)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_on_the_command_line_is_refused(servery: Run) -> None:
    done = servery("connect", "square", "--secret", "access_token=typed")
    assert done.returncode == 2
    assert "a command line is no place for a secret" in " ".join(done.stderr.split())


def test_settings_that_do_not_exist_or_lack_are_named(servery: Run) -> None:
    unknown = servery("connect", "square", "--set", "colour=red")
    assert unknown.returncode == 2
    assert "Square has no setting colour." in unknown.stderr
    missing = servery("connect", "square")
    assert missing.returncode == 3
    assert "Access token is missing." in missing.stderr
    nobody = servery("connect", "abacus")
    assert nobody.returncode == 2
    assert "There is no connector abacus. There are: folder, odoo, resos, square, webhook." in nobody.stderr


def test_the_help_of_connect_tells_each_setting_and_which_are_secret(servery: Run) -> None:
    told = " ".join(servery("connect", "--help").stdout.split())
    assert (
        "square: --secret access_token (needed), webhook_signature_key (Signature key of the webhook); "
        "--set base_url (Address of the API), location (Location), language (Language of what is written into Square)."
    ) in told
    assert "resos: --secret api_key (needed); --set base_url" in told
    assert "csv:" not in told


def test_pausing_resuming_and_removing(servery: Run, till: str, token: Path) -> None:
    servery("connect", "square", "--secret", f"access_token=@{token}", "--set", f"base_url={till}")
    assert servery("connections", "pause", "Square").returncode == 0
    assert json.loads(servery("connections", "list", "--json").stdout)[0]["state"] == "paused"
    assert servery("connections", "resume", "square").returncode == 0
    assert servery("connections", "remove", "Square").returncode == 2
    assert servery("connections", "remove", "Square", "--yes").returncode == 0
    assert json.loads(servery("connections", "list", "--json").stdout) == []


def test_a_system_joined_again_is_known_again(servery: Run, till: str, token: Path) -> None:
    joined = ("connect", "square", "--secret", f"access_token=@{token}", "--set", f"base_url={till}")
    first = json.loads(servery(*joined, "--json").stdout)["id"]
    twice = servery(*joined, "--name", "Square too")
    assert twice.returncode == 2
    assert "Nord is read already, by the connection Square." in twice.stderr
    assert len(json.loads(servery("connections", "list", "--json").stdout)) == 1
    assert json.loads(servery("connections", "remove", "Square", "--yes", "--json").stdout)["id"] == first
    again = json.loads(servery(*joined, "--name", "Till", "--json").stdout)
    assert (again["id"], again["name"]) == (first, "Till"), "another id would count each dinner twice"


def test_files_are_nothing_to_be_asked(servery: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("check,date,item,qty,price,check total\n7,2024-05-13 19:00,Soup,2,80.00,150.00\n")
    made = ["--create-venues", "--time-zone", "Europe/Copenhagen", "--currency", "DKK"]
    order = ["import", "csv", str(file), "--kind", "orders", "--venue", "Soup House"]
    assert servery(*order, *made).returncode == 0
    for asked in (["connect", "csv"], ["connections", "test", "Files"], ["connections", "sync", "files"]):
        refused = servery(*asked)
        assert refused.returncode == 2, refused.stderr
        assert "files come in when somebody imports them. Import one with: servery import csv" in refused.stderr
    (files,) = json.loads(servery("connections", "list", "--json").stdout)
    assert (files["state"], files["records"]) == ("working", 1)
    assert files["last_sync"]
    doctor = servery("doctor")
    assert doctor.returncode == 0, doctor.stderr
    assert re.search(r"connection Files: working, last read \d+ s ago\n", doctor.stderr), doctor.stderr
    assert "1 check does not add up to the total the till states." in doctor.stderr
    assert "2024-05-13 Soup House, Files check 7: -10.00 DKK" in doctor.stderr
    assert servery("connections", "remove", "Files", "--yes").returncode == 0
    again = json.loads(servery(*order, "--json").stdout)
    assert (again["created"], again["unchanged"]) == (0, 1), "files imported anew are known again"


def test_the_doctor_says_what_mends(servery: Run) -> None:
    done = servery("doctor")
    assert done.returncode == 3
    assert "servery venues add" in done.stderr
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "DKK")
    well = servery("doctor", "--json")
    assert well.returncode == 0
    told = json.loads(well.stdout)
    assert told["well"] is True
    (nobody,) = [one["mend"] for one in told["findings"] if one["about"] == "people"]
    assert servery(*nobody.replace('"Your Name"', "Owner").split()[1:]).returncode == 0, "what it says is what works"
    assert "people" not in {one["about"] for one in json.loads(servery("doctor", "--json").stdout)["findings"]}


def test_a_venue_is_added_and_set(servery: Run) -> None:
    wrong = servery("venues", "add", "Nord", "--time-zone", "Europe/Kopenhagen", "--currency", "DKK")
    assert wrong.returncode == 2
    assert "There is no time zone Europe/Kopenhagen." in wrong.stderr
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "dkk", "--cutoff", "05:30")
    done = servery("venues", "set", "nord", "--daypart", "Late=22:00-02:00", "--hours", "sat-sun=11:00-23:00", "--json")
    assert done.returncode == 0, done.stderr
    assert servery("venues", "set", "Nord", "--daypart", "Late").returncode == 2


def test_the_plan_of_a_venue_is_entered_by_its_owner(servery: Run, database: str) -> None:
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "DKK")
    plan = ["--table", "7=4@Garden", "--table", "8=2", "--table", "Bar 1@Bar", "--table", "9@Garden"]
    done = servery("venues", "set", "Nord", "--cutoff", "05:30", *plan)
    assert done.returncode == 0, done.stderr
    with connect(database) as db:
        (row,) = db.execute("select body from venue").fetchall()
    body = row["body"]
    assert (body["cutoff"], body["areas"]) == (330, ["Garden", "Bar"])
    assert body["tables"] == [
        {"name": "7", "seats": 4, "area": "Garden"}, {"name": "8", "seats": 2}, {"name": "Bar 1", "area": "Bar"},
        {"name": "9", "area": "Garden"},
    ]  # fmt: skip
    for wrong in (
        ["--table", "7=many"],
        ["--table", "=4"],
        ["--table", "7=0"],
        ["--table", "7", "--table", "Table 07"],
    ):
        assert servery("venues", "set", "Nord", *wrong).returncode == 2


def test_a_business_day_does_not_begin_at_another_time_once_checks_are_counted(servery: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("check,date,item,qty,price\n7,2024-05-13 19:00,Soup,2,80.00\n")
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "DKK")
    servery("import", "csv", str(file), "--kind", "orders", "--venue", "Nord")
    refused = servery("venues", "set", "Nord", "--cutoff", "06:00")
    assert refused.returncode == 2
    assert "days that are already counted would change" in refused.stderr
    assert servery("venues", "set", "Nord", "--cutoff", "04:00").returncode == 0, "it begins then already"


def everything_stored(database: str) -> str:
    with connect(database) as db:
        return str(db.execute("select * from connection").fetchall())
