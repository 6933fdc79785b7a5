"""Who is who, by command."""

import asyncio
import json

import pytest
import typer
from typer.testing import CliRunner

from servery.cli import guests
from servery.errors import Invalid, NotFound
from servery.storage.pool import open_pool
from tests.guests.told import seen, tell, two_systems


@pytest.fixture
def servery(database, tmp_path, monkeypatch):
    monkeypatch.setenv("SERVERY_DATABASE_URL", database)
    monkeypatch.setenv("SERVERY_HOME", str(tmp_path))
    app = typer.Typer()
    app.add_typer(guests.group, name="guests")

    async def two():
        async with open_pool(database) as pool, pool.connection() as db:
            [till, _] = await two_systems(db)
            await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Bo Berg", "b@x.dk"))

    asyncio.run(two())
    return lambda *words: CliRunner().invoke(app, ["guests", *words])


def test_an_absorbed_guest_says_into_whom(servery):
    assert servery("merge", "1", "2").exit_code == 0
    shown = servery("show", "2")
    assert "Guest 2 was merged into 1." in shown.output
    assert json.loads(servery("show", "2", "--json").stdout)["merged_into"] == 1
    assert json.loads(servery("show", "1", "--json").stdout)["merged_into"] is None
    assert "merged into" not in servery("show", "1").output


def test_the_log_names_who_did_it(servery):
    servery("merge", "1", "2", "--reason", "told us so")
    told = servery("log", "1").output
    assert "Servery" in told
    assert "system:0" not in told


def test_numbers_that_name_no_two_guests_are_refused_in_words(servery):
    twice, below = servery("merge", "1", "1"), servery("merge", "1", "-3")
    assert isinstance(twice.exception, Invalid)
    assert str(twice.exception) == "Guest 1 was named twice. Name two guests."
    assert isinstance(below.exception, NotFound)
    assert str(below.exception) == "There is no guest -3."


def test_who_were_said_to_be_two_are_merged_only_anyway(servery):
    assert servery("apart", "1", "2").exit_code == 0
    refused = servery("merge", "1", "2")
    assert isinstance(refused.exception, Invalid)
    assert refused.exception.code == "said-apart"
    assert servery("merge", "1", "2", "--anyway").exit_code == 0
