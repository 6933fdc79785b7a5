import json

from servery.storage.pool import connect
from tests.cli.conftest import Run


def test_fields_are_shown_chosen_and_taken_back(servery: Run, database: str) -> None:
    servery("venues", "list")
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('The till', 'square')")
    rows = {row["field"]: row for row in json.loads(servery("connections", "fields", "The till", "--json").stdout)}
    assert (rows["allergies"]["now"], rows["allergies"]["choices"]) == ("out", "out none")
    tried = servery("connections", "fields", "The till", "--set", "allergies=none", "--dry-run")
    assert "allergies: out becomes none. Written to, or no longer: 0." in tried.stderr
    kept = servery("connections", "fields", "The till", "--set", "allergies=none", "--json")
    [effect] = json.loads(kept.stdout)["effects"]
    assert (effect["before"], effect["after"]) == ("out", "none")

    servery("connections", "fields", "The till", "--undo")
    rows = {row["field"]: row for row in json.loads(servery("connections", "fields", "The till", "--json").stdout)}
    assert rows["allergies"]["now"] == "out"


def test_what_cannot_be_is_told_with_what_can(servery: Run, database: str) -> None:
    servery("venues", "list")
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('The till', 'square')")
    wrong = servery("connections", "fields", "The till", "--set", "allergies=in")
    assert wrong.returncode == 2
    assert "Choose one of: out, none." in wrong.stderr
