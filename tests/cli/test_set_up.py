"""Giving other credentials, pairing tables, proving a connection and entering applications, from the command line."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servery.connectors.square.simulator import simulator
from servery.model.venue import Venue
from servery.storage.pool import connect
from servery.testing.served import served
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


@pytest.fixture
def joined(servery: Run, till: str, token: Path) -> int:
    done = servery("connect", "square", "--secret", f"access_token=@{token}", "--set", f"base_url={till}", "--json")
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["id"])


def test_other_credentials_are_tried_before_they_are_kept(
    servery: Run, joined: int, token: Path, database: str
) -> None:
    before = _row(database)
    wrong = servery("connections", "reconnect", "Square", "--secret", "access_token=-", typed="wrong-token\n")
    assert wrong.returncode == 3
    assert "wrong-token" not in wrong.stderr
    assert _row(database) == before
    right = servery("connections", "reconnect", "square", "--secret", f"access_token=@{token}", "--json")
    assert json.loads(right.stdout) == {"id": joined, "name": "Square", "account": "Nord"}


def test_tables_are_paired_and_shown(servery: Run, joined: int, database: str) -> None:
    with connect(database) as db:
        row = db.execute("insert into connection (name, connector) values ('Book', 'csv') returning id").fetchone()
        assert row is not None
        db.execute("insert into venue_link select %s, 'x', venue_id from venue_link", [row["id"]])
        for whose, name, key in ((joined, "P3", "p3"), (row["id"], "Patio 3", "patio3")):
            db.execute(
                "insert into venue_table (venue_id, connection_id, revision, position, name, table_key) "
                "select id, %s, 0, 0, %s, %s from venue",
                [whose, name, key],
            )
    (open_, missing) = json.loads(servery("connections", "tables", "Square", "--json").stdout)
    assert (open_["how"], open_["suggested"]) == ("open", "Patio 3")
    assert (missing["how"], missing["ours"]) == ("missing", "Patio 3")
    (paired,) = json.loads(servery("connections", "tables", "Square", "--pair", "P3=Patio 3", "--json").stdout)
    assert (paired["how"], paired["ours"]) == ("chosen", "Patio 3")
    unknown = servery("connections", "tables", "Square", "--pair", "P9=Patio 3")
    assert unknown.returncode == 2
    assert "There is no table P9. There are: P3." in unknown.stderr
    (undone, _) = json.loads(servery("connections", "tables", "Square", "--undo", "P3", "--json").stdout)
    assert undone["how"] == "open"


def test_a_proof_tells_each_step_and_what_is_left_to_a_person(servery: Run, joined: int, database: str) -> None:
    with connect(database) as db:
        for resource in ("catalog", "customers", "orders", "payments"):
            db.execute(
                "insert into sync_state (connection_id, resource, polled_until, last_ok_at) "
                "values (%s, %s, now(), now())",
                [joined, resource],
            )
    done = servery("connections", "verify", "Square", "--json")
    assert done.returncode == 0, done.stderr
    told = {step["name"]: step for step in json.loads(done.stdout)["steps"]}
    assert told["access"]["told"] == "Square answers, and opens Nord."
    assert (told["newest"]["state"], told["clean"]["state"]) == ("ok", "ok")
    assert (told["arrives"]["state"], told["writes"]["state"]) == ("by_hand", "by_hand")
    assert "Make a sale of 1.00 in Square now" in told["arrives"]["told"]
    assert "SERVERY_PUBLIC_URL" in told["webhook"]["told"]
    people = servery("connections", "verify", "Square")
    assert "works  access (" in people.stderr


def test_an_application_is_entered_and_its_secret_never_shown(servery: Run, tmp_path: Path) -> None:
    secret = tmp_path / "app"
    secret.write_text("app-secret")
    lacking = servery("application", "set", "square", "--set", "client_id=sq0")
    assert lacking.returncode == 3
    more = ["--secret", f"client_secret=@{secret}", "--secret", f"webhook_signature_key=@{secret}"]
    done = servery("application", "set", "square", "--set", "client_id=sq0", *more)
    assert done.returncode == 0, done.stderr
    assert "http://127.0.0.1:8420/connections/authorised" in done.stderr
    shown = servery("application", "show", "square", "--json")
    assert json.loads(shown.stdout)["client_id"] == "sq0"
    assert json.loads(shown.stdout)["webhook"] == "http://127.0.0.1:8420/hooks/apps/square"
    assert "app-secret" not in shown.stdout + shown.stderr
    none = servery("application", "set", "resos", "--set", "client_id=x")
    assert none.returncode == 2


def test_without_an_application_nobody_is_sent_to_authorise(servery: Run) -> None:
    done = servery("connect", "square", "--authorise")
    assert done.returncode == 3
    assert "servery application set square" in done.stderr


def _row(dsn: str) -> dict[str, object]:
    with connect(dsn) as db:
        row = db.execute("select id, settings, sealed, account from connection").fetchone()
    assert row is not None
    return row
