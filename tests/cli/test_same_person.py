"""Who is who, by command."""

import asyncio
import json

import pytest
import typer
from typer.testing import CliRunner

from servery.cli import guests
from servery.errors import Invalid, NotFound
from servery.storage.pool import connect, open_pool
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


def test_how_many_are_open_is_said_up_to_99(servery, database):
    assert "0 open." in servery("suggestions").stderr
    with connect(database) as db:
        db.execute(
            "with people as (insert into guest (name) select 'G' || n from generate_series(1, 200) n returning id), "
            "kept as (insert into source_guest (connection_id, external_id, revision, body, guest_id) "
            "select (select min(id) from connection), 'p' || id, 1, '{}', id from people returning id) "
            "insert into suggestion (one_id, other_id, probability, reasons) select id, id + 1, 0.95, '[]' "
            "from (select id, row_number() over (order by id) as at from kept) k where mod(at, 2) = 1"
        )
    assert "More than 99 open." in servery("suggestions").stderr
    told = json.loads(servery("suggestions", "--json").stdout)
    assert (len(told["items"]), told["total"], told["more"]) == (20, 99, True)


def test_who_were_said_to_be_two_are_merged_only_anyway(servery):
    assert servery("apart", "1", "2").exit_code == 0
    refused = servery("merge", "1", "2")
    assert isinstance(refused.exception, Invalid)
    assert refused.exception.code == "said-apart"
    assert servery("merge", "1", "2", "--anyway").exit_code == 0
