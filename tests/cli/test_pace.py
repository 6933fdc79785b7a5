"""When things cross and from when on, from the command line: a system that is joined is not written to at once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

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


def test_a_joined_system_is_written_to_when_its_owner_says(servery: Run, till: str, database: str) -> None:
    given = ("--secret", "access_token=-", "--set", f"base_url={till}", "--name", "The till")
    done = servery("connect", "square", *given, typed="right-token\n")
    assert "Nothing is written there until: servery connections pace 'The till' --from now" in done.stderr
    held = {"id": 1, "name": "The till", "pace": "live", "at": [], "from": "never", "spare_service": False}
    assert _shown(servery) == held
    assert (_outcomes(database), _steps(database)) == ([], []), "who only looks changes nothing"
    chosen = ("--pace", "hybrid", "--at", "23:30, 15:00", "--spare-service")
    assert _shown(servery, *chosen) == held | {"pace": "hybrid", "at": ["15:00", "23:30"], "spare_service": True}
    assert _steps(database) == ["pace"], "the set-up page knows it as gone through"
    assert _shown(servery, "--from", "now")["from"] == "now"
    assert _shown(servery, "--from", "2199-07-01T06:00")["from"] == "2199-07-01T04:00+00:00", "on the venue's clock"
    assert _shown(servery, "--pace", "live", "--no-spare-service", "--from", "never") == held
    assert _outcomes(database) == ["pace"] * 4
    assert "The till: live. Nothing is written there." in servery("connections", "pace", "The till").stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--pace", "batch"), "Say at which times"),
        (("--at", "15:00"), "--at goes with"),
        (("--pace", "batch", "--at", "25:00"), "25:00 is no time of day."),
        (("--from", "soon"), "Say from which day and time on."),
        (("--pace", "slow"), "slow"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_changes(
    servery: Run, database: str, wrong: tuple[str, ...], told: str
) -> None:
    assert servery("connections", "list").returncode == 0
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('The till', 'square')")
    done = servery("connections", "pace", "The till", *wrong)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert (_shown(servery)["pace"], _outcomes(database)) == ("live", [])


def _shown(servery: Run, *options: str) -> dict[str, object]:
    done = servery("connections", "pace", "The till", *options, "--json")
    assert done.returncode == 0, done.stderr
    shown: dict[str, object] = json.loads(done.stdout)
    return shown


def _outcomes(dsn: str) -> list[str]:
    """What was changed of connections, as the record of acts has it."""
    with connect(dsn) as db:
        rows = db.execute(
            "select detail ->> 'outcome' as outcome from action where action = 'connection-changed' order by id"
        )
        return [row["outcome"] for row in rows.fetchall()]


def _steps(dsn: str) -> list[str]:
    """The steps of setting up that were gone through."""
    with connect(dsn) as db:
        return [
            step for row in db.execute("select steps_done from connection").fetchall() for step in row["steps_done"]
        ]
