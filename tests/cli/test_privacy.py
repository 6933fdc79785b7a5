"""Privacy by command: nobody is erased by a number alone."""

import asyncio

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from servery.app import merging
from servery.cli import privacy
from servery.errors import Invalid, NotFound
from servery.model.viewer import SYSTEM
from servery.storage.pool import open_pool
from tests.guests.told import seen, tell, two_systems

PEOPLE = (("1", "Ida Holm", "i@x.dk"), ("2", "Bo Berg", "b@x.dk"), ("3", "Eva Lund", "e@x.dk"))


@pytest.fixture
def within(database):
    """Does something in the database."""

    def do(work):
        async def run():
            async with open_pool(database) as pool, pool.connection() as db:
                return await work(db)

        return asyncio.run(run())

    return do


@pytest.fixture
def servery(database, within, tmp_path, monkeypatch):
    monkeypatch.setenv("SERVERY_DATABASE_URL", database)
    monkeypatch.setenv("SERVERY_HOME", str(tmp_path))
    app = typer.Typer()
    app.add_typer(privacy.group, name="privacy")

    async def three(db):
        [till, _] = await two_systems(db)
        await db.execute("update connection set connector = 'square'")
        await tell(db, till, *(seen(*one) for one in PEOPLE))
        await merging.merged(db, SYSTEM, 1, 2)

    within(three)
    return lambda *words, typed="": CliRunner().invoke(app, ["privacy", *words], input=typed)


def names(within):
    async def read(db):
        cursor = await db.execute("select body ->> 'name' as name from source_guest order by external_id")
        return [row["name"] for row in await cursor.fetchall()]

    return within(read)


def test_who_is_erased_is_shown_and_asked_first(servery, within):
    refused = servery("erase", "1", typed="n\n")
    assert refused.exit_code == 1
    assert "Guest 1: Bo Berg." in refused.output
    assert "Records: 2." in refused.output
    assert "till 2: Bo Berg" in refused.output
    assert "Guests merged into them go along: 2." in refused.output
    assert len(names(within)) == 3
    assert servery("erase", "1", typed="").exit_code == 1
    assert len(names(within)) == 3
    assert servery("erase", "1", typed="y\n").exit_code == 0
    assert names(within) == ["Eva Lund"]


def test_an_absorbed_number_shows_who_they_are_now_and_a_script_is_refused(servery, within):
    told = servery("erase", "2", typed="n\n")
    assert "Guest 1: Bo Berg." in told.output
    assert "Erase guest 1 for ever?" in told.output
    refused = servery("erase", "2", "--yes")
    assert isinstance(refused.exception, Invalid)
    assert refused.exception.code == "changed-meanwhile"
    assert len(names(within)) == 3


def test_a_script_that_says_yes_is_not_asked(servery, within):
    done = servery("erase", "3", "--yes")
    assert (done.exception, "Erase guest" in done.output) == (None, False)
    assert names(within) == ["Ida Holm", "Bo Berg"]


def test_a_number_that_nobody_has_is_nobodys(servery):
    for options in ((), ("--yes",)):
        assert isinstance(servery("erase", "999", *options).exception, NotFound)


MISSING = "Contact details are missing"
HAVNEN = ("--name", "Havnen ApS", "--address", "Havnegade 1", "--address", "1058 København K", "--email", "p@havnen.dk")


def test_who_answers_is_written_field_by_field(servery):
    nobody = servery("controller")
    assert (nobody.exit_code, nobody.stdout) == (0, "")
    assert MISSING in nobody.stderr and "servery privacy controller --name" in nobody.stderr
    assert servery("controller", *HAVNEN, "--phone", "+45 33 12 34 56").exit_code == 0
    assert servery("controller", "--phone", "", "--authority", "Datatilsynet").exit_code == 0
    told = servery("controller", "--json")
    assert msgspec.json.decode(told.stdout) == {
        "name": "Havnen ApS", "address": "Havnegade 1\n1058 København K", "email": "p@havnen.dk", "phone": None,
        "website": None, "officer": None, "authority": "Datatilsynet", "authority_website": None,
    }  # fmt: skip
    shown = [line.split(None, 1) for line in servery("controller").stdout.splitlines()]
    assert shown[:3] == [["name", "Havnen ApS"], ["address", "Havnegade 1"], ["1058", "København K"]]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--phone", "+45 33 12 34 56"), "name"),
        ((*HAVNEN, "--website", "havnen.dk"), "website"),
        ((*HAVNEN, "--email", "nobody"), "email"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(servery, options, field):
    refused = servery("controller", *options)
    assert isinstance(refused.exception, Invalid) and refused.exception.field == field
    assert servery("controller", "--json").stdout == "null\n"


@pytest.mark.parametrize("paper", ["notice", "register"])
def test_a_paper_without_contact_is_written_and_the_terminal_is_told(servery, tmp_path, paper):
    bare = servery(paper)
    assert bare.exit_code == 0 and "</html>" in bare.stdout
    assert MISSING in bare.stderr and "missing" not in bare.stdout
    servery("controller", *HAVNEN)
    whole = servery(paper, "--language", "da", "--output", str(tmp_path / "paper.html"))
    assert whole.exit_code == 0 and MISSING not in whole.stderr
    text = (tmp_path / "paper.html").read_text()
    assert "Havnen ApS" in text and "Havnegade 1\n1058 København K" in text and "mailto:p@havnen.dk" in text


def test_consent_is_to_what_guests_are_asked_for(servery):
    refused = servery("note-consent", "1", "denied", "--purpose", "nonsense")
    assert isinstance(refused.exception, Invalid)
    assert (refused.exception.field, refused.exception.mend) == ("purpose", "Choose one of: {known}.")
    assert servery("consent", "1", "--json").stdout.strip() == "[]"
    assert servery("note-consent", "1", "denied", "--purpose", "allergies").exit_code == 0


@pytest.mark.parametrize("day", ["1900-06-01", "2018-05-24"])
def test_no_request_is_older_than_the_law(servery, day):
    refused = servery("request", "access", "--received", day)
    assert isinstance(refused.exception, Invalid) and refused.exception.field == "received_on"
