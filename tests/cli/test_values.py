import json

from servery.storage.pool import connect
from tests.cli.conftest import Run


def test_values_are_shown_chosen_and_taken_back(servery: Run, database: str) -> None:
    servery("venues", "list")
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('The till', 'square')")

    def now(field: str) -> str:
        rows = json.loads(servery("guests", "values", "--json").stdout)
        return str(next(row["now"] for row in rows if row["field"] == field))

    assert now("name") == "complete"
    tried = servery("guests", "values", "--set", "name=owner:The till", "--dry-run")
    assert "name: complete becomes owner:The till. Guests who have another value: 0." in tried.stderr
    assert now("name") == "complete"
    servery("guests", "values", "--set", "name=owner:The till", "--set", "city=complete")
    assert (now("name"), now("city")) == ("owner:The till", "complete")
    servery("guests", "values", "--set", "name=usual")
    assert now("name") == "complete"
    servery("guests", "values", "--undo")
    assert now("name") == "owner:The till"
    assert servery("guests", "values", "--set", "email=complete").returncode == 2
