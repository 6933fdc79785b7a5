"""What a person does with what waits, from the command line."""

import json
import subprocess
from collections.abc import Callable

import psycopg
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def waiting(database: str) -> int:
    """One guest that could not be sent to the till; its number."""
    error = {"code": "retry", "template": "{system} is away.", "mend": None, "params": {"system": "Till"}}
    with psycopg.connect(database) as db:
        db.execute("insert into connection (name, connector) values ('till', 'square')")
        row = db.execute(
            "insert into outbox_target (connection_id, kind, subject_id, our_id, state, attempts, error) "
            "values (1, 'guest', 7, gen_random_uuid(), 'refused', 10, %s) returning id",
            [json.dumps(error)],
        ).fetchone()
        assert row is not None
        number = int(row[0])
        db.execute(
            "insert into outbox_attempt (day, target_id, connection_id, version, outcome, milliseconds, error) "
            "values ((now() at time zone 'UTC')::date, %s, 1, 1, 'retry', 31, %s)",
            [number, json.dumps(error)],
        )
    return number


def listed(servery: Run, *options: str) -> list[tuple[int, str]]:
    done = servery("outbox", "list", "--json", *options)
    assert done.returncode == 0, done.stderr
    return [(one["id"], one["state"]) for one in json.loads(done.stdout)]


def test_what_waits_is_listed_shown_sent_held_and_released(servery: Run, waiting: int):
    assert listed(servery, "--connection", "till", "--state", "refused") == [(waiting, "refused")]
    shown = servery("outbox", "show", str(waiting), "--json")
    told = json.loads(shown.stdout)
    assert told["error"] == "Till is away."
    assert [(one["outcome"], one["milliseconds"]) for one in told["attempts"]] == [("retry", 31)]
    assert servery("outbox", "send", str(waiting)).returncode == 0
    assert listed(servery) == [(waiting, "due")]
    assert servery("outbox", "hold", str(waiting)).returncode == 0
    assert listed(servery) == [(waiting, "held")]
    assert servery("outbox", "send", str(waiting)).returncode == 2
    assert json.loads(servery("outbox", "release", "--json").stdout) == {"released": 1}
    assert listed(servery) == [(waiting, "due")]
    assert servery("outbox", "send", "--connection", "till").returncode == 0


@pytest.mark.parametrize(
    "words", [("send",), ("send", "1", "--connection", "till"), ("list", "--state", "gone"), ("show", "99")]
)
def test_what_cannot_be_meant_is_refused(servery: Run, words: tuple[str, ...]):
    assert servery("outbox", *words).returncode == 2


def test_nothing_waiting_is_said(servery: Run):
    done = servery("outbox", "list")
    assert done.stdout == ""
    assert "Nothing waits" in done.stderr
