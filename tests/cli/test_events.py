"""`servery events` at the terminal."""

import json

import pytest

from servery.storage.pool import connect

BODY = b'{"id": "c1"}'


@pytest.fixture
def arrived(database: str) -> int:
    """An event in quarantine, of a connection named Till; its id."""
    with connect(database) as db:
        row = db.execute("insert into connection (name, connector) values ('Till', 'square') returning id").fetchone()
        assert row is not None
        stored = db.execute(
            "insert into inbox_event (day, connection_id, connector, via, kind, key, body) "
            "values ((now() at time zone 'UTC')::date, %s, 'square', 'webhook', 'order.updated', 'k', %s) "
            "returning id, day", [row["id"], BODY],
        ).fetchone()  # fmt: skip
        assert stored is not None
        db.execute(
            "insert into quarantine (event_id, day, connection_id, connector, via, kind, key, body, stage, reason) "
            "values (%s, %s, %s, 'square', 'webhook', 'order.updated', 'k', %s, 'translate', %s)",
            [stored["id"], stored["day"], row["id"], BODY, json.dumps({"code": "unplaced", "template": "No venue."})],
        )
        event_id: int = stored["id"]
        return event_id


def test_events_are_listed_and_shown(servery, arrived):
    (row,) = json.loads(servery("events", "list", "--state", "quarantined", "--since", "1h", "--json").stdout)
    assert (row["id"], row["connection"], row["state"], row["reason"]) == (arrived, "Till", "quarantined", "No venue.")
    assert servery("events", "list", "--csv").stdout.splitlines()[0].startswith("id,received_at,connection")
    assert json.loads(servery("events", "list", "--order", "1042", "--json").stdout) == []
    assert json.loads(servery("events", "show", str(arrived), "--json").stdout)["body"] == BODY.decode()
    assert servery("events", "show", "999").returncode == 2
    assert servery("events", "list", "--since", "yesterday").returncode == 2
    assert servery("events", "list", "--state", "odd").returncode == 2


def test_a_set_is_counted_and_then_replayed(servery, arrived, database):
    chosen = ("events", "replay", "--state", "quarantined", "--connection", "till", "--json")
    assert json.loads(servery(*chosen, "--dry-run").stdout) == {"events": 1, "dry_run": True}
    assert json.loads(servery(*chosen).stdout) == {"events": 1, "dry_run": False}
    with connect(database) as db:
        assert db.execute("select event_id from inbox_work").fetchall() == [{"event_id": arrived}]
    assert servery("events", "replay").returncode == 2
