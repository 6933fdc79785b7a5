import json

from servery.storage.pool import connect
from tests.cli.conftest import Run


def test_guest_data_is_looked_over_and_facts_grow_old_by_command(servery: Run, database: str) -> None:
    servery("venues", "list")
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('The book', 'resos')")
        golden = {"email": {"value": "a@gmial.com", "source": 1}, "phone": {"value": "+4520123456", "source": 1}}
        db.execute("insert into guest (name, golden) values ('Anna Berg', %s)", [json.dumps(golden)])
        db.execute(
            "insert into source_guest (connection_id, external_id, revision, body, guest_id, seen_at) "
            "values (1, 'a', 1, '{\"phone\": \"20123456\"}', 1, now() - interval '5 years')"
        )
    assert "1 things are to be mended" in servery("hygiene", "look").stderr
    [line] = json.loads(servery("hygiene", "lists", "--json").stdout)
    assert (line["fault"], line["found"], line["left"], line["venue"]) == ("email_slip", 1, 1, "")
    [item] = json.loads(servery("hygiene", "list", str(line["id"]), "--fault", "email_slip", "--json").stdout)
    assert (item["guest_id"], item["meant"]) == (1, "a@gmail.com")
    assert servery("hygiene", "list", "99").returncode != 0
    assert json.loads(servery("hygiene", "completeness", "--json").stdout) == []

    assert "Nothing is that old." in servery("hygiene", "age", "--yes").stderr
    assert servery("hygiene", "age-after", "phone", "--months", "2").returncode == 2
    servery("hygiene", "age-after", "phone", "--months", "36")
    rules = {one["kind"]: one for one in json.loads(servery("hygiene", "ageing", "--json").stdout)}
    assert (rules["phone"]["months"], rules["phone"]["now"], rules["email"]["months"]) == (36, 1, None)
    [old] = json.loads(servery("hygiene", "age", "--json").stdout)
    assert (old["kind"], old["guest_id"], old["value"]) == ("phone", 1, "20123456")
    run = json.loads(servery("hygiene", "age", "--yes", "--json").stdout)
    assert run["counts"] == {"phone": 1}
    assert "taken back" in servery("hygiene", "undo", str(run["id"])).stderr
    [logged] = json.loads(servery("hygiene", "runs", "--json").stdout)
    assert logged["facts"] == 1 and logged["undone_at"]
