import json

from servery.storage.pool import connect
from tests.cli.conftest import Run


def test_rules_are_tried_out_kept_changed_and_taken_back(servery: Run, database: str) -> None:
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "DKK")
    with connect(database) as db:
        db.execute(
            """insert into guest (name, golden) values ('Ida Holm', '{"name": {"value": "Ida Holm", "source": 1}}')"""
        )
    tried = servery("guests", "tags", "add", "No mail", "--when", "field lacks email", "--dry-run", "--json")
    told = json.loads(tried.stdout)
    assert (told["rule"], told["effect"]["gained"], told["effect"]["some_gained"][0]["name"]) == (None, 1, "Ida Holm")
    kept = servery("guests", "tags", "add", "No mail", "--when", "field lacks email", "--when", "visits <= 3 at nord")
    assert "1 guests have it then: 1 get it, 0 lose it." in kept.stderr
    servery("guests", "tags", "change", "1", "No address", "--when", "field lacks email", "--any")
    [line] = json.loads(servery("guests", "tags", "list", "--json").stdout)
    assert (line["tag"], line["when"]) == ("No address", "field lacks email")
    servery("guests", "tags", "undo", "1")
    [line] = json.loads(servery("guests", "tags", "list", "--json").stdout)
    assert line["when"] == "field lacks email and visits <= 3 at Nord"
    servery("guests", "tags", "remove", "1", "--json")
    assert json.loads(servery("guests", "tags", "list", "--json").stdout) == []
    strange = servery("guests", "tags", "add", "x", "--when", "spend >= 5000 EUR")
    assert strange.returncode == 2
    assert "No venue has the currency EUR. There are: DKK." in strange.stderr
    wrong = servery("guests", "tags", "add", "x", "--when", "age >= 3")
    assert wrong.returncode == 2
    assert "This is no condition: age >= 3." in wrong.stderr
