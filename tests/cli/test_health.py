"""What waits to be mended and who is told, from the command line."""

import json

import pytest

from servery.storage.pool import connect
from tests.cli.conftest import Run


@pytest.fixture
def broken(servery: Run, database: str) -> None:
    """A till whose key was refused."""
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "DKK")
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('Till', 'square')")
        db.execute(
            "insert into sync_state (connection_id, resource, error, failing_since) values (1, 'orders', %s, now())",
            [
                json.dumps(
                    {
                        "code": "needs-person",
                        "template": "Square does not accept the access token.",
                        "mend": "Make a new one.",
                        "params": {},
                        "field": "access_token",
                        "needs_person": True,
                    }
                )
            ],
        )


@pytest.mark.usefixtures("broken")
def test_the_doctor_sees_what_nobody_watched(servery: Run) -> None:
    done = servery("doctor")
    assert done.returncode == 3
    assert "connection Till: needs person, not read yet" in done.stderr
    assert "Square does not accept the access token." in done.stderr
    assert "Make a new one." in done.stderr
    found = json.loads(servery("doctor", "--json").stdout)["findings"]
    assert [one["severity"] for one in found if not one["well"]] == ["critical"]


@pytest.mark.usefixtures("broken")
def test_a_repair_is_put_off_and_taken_up_again(servery: Run) -> None:
    (one,) = json.loads(servery("repairs", "list", "--json").stdout)
    number = str(one["id"])
    assert (one["kind"], one["severity"], one["put_off"]) == ("needs_person", "critical", False)
    assert servery("repairs", "snooze", number, "--hours", "2").returncode == 0
    assert servery("doctor").returncode == 0
    assert json.loads(servery("repairs", "ignore", number, "--json").stdout)["put_off"]
    assert servery("repairs", "heed", number).returncode == 0
    assert servery("doctor").returncode == 3
    assert servery("repairs", "heed", "999").returncode == 2


def test_the_doctor_does_not_call_well_what_nobody_finished_setting_up(servery: Run, database: str) -> None:
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "DKK")
    with connect(database) as db:
        db.execute("insert into connection (name, connector, live_from) values ('Till', 'square', '9999-01-01 00:00Z')")
    done = servery("doctor")
    assert done.returncode == 3
    assert "Setting up Till is not finished: nothing is written to it." in done.stderr
    assert servery("connections", "pace", "Till", "--from", "now").returncode == 0, "what it says is what works"
    assert servery("doctor").returncode == 0


def test_who_is_told(servery: Run) -> None:
    assert "Nobody is told." in servery("alerts", "list").stderr
    assert servery("alerts", "add", "rosa@example.com", "--digest", "--language", "da").returncode == 0
    hook = json.loads(servery("alerts", "add", "https://127.0.0.1:9/x", "--least", "warning", "--json").stdout)
    assert hook["secret"].startswith("whsec_")
    listed = json.loads(servery("alerts", "list", "--json").stdout)
    assert [(one["address"], one["told"], one["digest"]) for one in listed] == [
        ("rosa@example.com", "critical", True),
        ("https://127.0.0.1:9/x", "warning", False),
    ]
    unset = servery("alerts", "test", "rosa@example.com")
    assert unset.returncode == 3
    assert "SERVERY_SMTP_URL" in unset.stderr
    inside = servery("alerts", "test", "https://127.0.0.1:9/x")
    assert inside.returncode == 3
    assert "inside this network" in inside.stderr
    assert servery("alerts", "add", "nonsense").returncode == 2
    assert servery("alerts", "remove", "rosa@example.com").returncode == 0
    assert servery("alerts", "remove", "rosa@example.com").returncode == 2
