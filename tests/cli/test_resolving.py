"""Who is who, as the command line tells it: all guests, with preview and undo, and a file."""

import json
from collections.abc import Mapping
from pathlib import Path

from servery.storage.pool import connect
from tests.cli.conftest import Run

IDA = {
    "name": "Ida Holm", "email": "ida.holm@x.dk", "phone": "+4520123456", "postcode": "8000",
    "birthday": {"month": 4, "day": 7, "year": 1981},
}  # fmt: skip
LIKE_IDA = {"name": "Ida Holm", "email": "ida@y.dk", "postcode": "8000", "city": "Aarhus"}


def told(database: str, *bodies: Mapping[str, object]) -> None:
    """Source records, each a guest of its own."""
    with connect(database) as db:
        db.execute("insert into connection (name, connector) values ('book', 'fake')")
        for number, body in enumerate(bodies):
            db.execute(
                "with made as (insert into guest (name) values (null) returning id) "
                "insert into source_guest (connection_id, external_id, revision, body, guest_id, link) "
                """select c.id, %s, 1, %s, made.id, '{"by": null, "author": "rules"}' from made, connection c""",
                [str(number), json.dumps(body)],
            )


def guests(database: str) -> int:
    with connect(database) as db:
        (row,) = db.execute("select count(*) as living from guest where merged_into is null").fetchall()
    living: int = row["living"]
    return living


def test_a_run_is_shown_done_by_the_weights_shown_and_taken_back(servery: Run, database: str) -> None:
    servery("venues", "add", "Nord", "--time-zone", "Europe/Copenhagen", "--currency", "DKK")
    told(database, IDA, IDA, LIKE_IDA)
    shown = servery("guests", "resolve", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "1 guests would be joined to others" in shown.stderr
    assert "servery guests resolve --weights 0" in shown.stderr
    assert guests(database) == 3
    done = json.loads(servery("guests", "resolve", "--weights", "0", "--json").stdout)
    assert [len(join) for join in done["joins"]] == [2]
    assert done["weights"] == 0
    assert guests(database) == 2
    asked = json.loads(servery("guests", "suggestions", "--json").stdout)["items"]
    assert len(asked) == len(done["asks"]) == 1
    back = servery("guests", "resolve", "--undo", str(done["run"]))
    assert "taken back" in back.stderr
    assert guests(database) == 3
    again = servery("guests", "resolve", "--undo", str(done["run"]))
    assert again.returncode != 0
    assert "already" in again.stderr


def test_weights_that_were_never_learnt_are_an_error(servery: Run, database: str) -> None:
    gone = servery("guests", "resolve", "--weights", "9")
    assert gone.returncode != 0
    assert "There are no weights of version 9." in gone.stderr


def test_a_file_is_answered_with_a_file(servery: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "id;Name;E-mail\n7;Ida Holm;ida@x.dk\n8;Holm, Ida;ida@x.dk\n9;Bo Berg;bo@x.dk\n", encoding="utf-8"
    )
    said = servery("guests", "resolve", "--input", str(people), "--output", str(tmp_path / "clusters.csv"))
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "clusters.csv").read_text(encoding="utf-8") == "id,cluster\n7,1\n8,1\n9,2\n"
    assert not (tmp_path / "home" / "postgres").exists()


def test_options_that_do_not_go_together_are_refused(servery: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("id,name\n7,Ida Holm\n", encoding="utf-8")
    file = ("--input", str(people), "--output", str(tmp_path / "clusters.csv"))
    for options in ((*file, "--dry-run"), (*file, "--undo", "3"), ("--undo", "3", "--learn"), ("--country", "DK")):
        refused = servery("guests", "resolve", *options)
        assert refused.returncode == 2, options
    assert not (tmp_path / "clusters.csv").exists()
    gone = servery("guests", "resolve", "--input", str(people), "--output", str(tmp_path / "gone" / "out.csv"))
    assert "There is no folder" in gone.stderr
    assert "Traceback" not in gone.stderr


def test_a_nul_in_a_list_costs_that_row_alone(servery: Run, tmp_path: Path) -> None:
    people, out = tmp_path / "people.csv", tmp_path / "clusters.csv"
    people.write_text("id,name,email\n7,Ida\0 Holm,ida@x.dk\n8,Bo Berg,bo@x.dk\n", encoding="utf-8")
    said = servery("guests", "resolve", "--input", str(people), "--output", str(out))
    assert said.returncode == 4
    assert "line 2: The row holds a NUL byte" in said.stderr
    assert out.read_text(encoding="utf-8") == "id,cluster\n8,1\n"


def test_a_file_is_told_of_in_whole_sentences(servery: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"

    def told(*lines: str) -> str:
        people.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return servery("guests", "resolve", "--input", str(people), "--output", str(tmp_path / "out.csv")).stderr

    one = told("id,name", "7,Ida Holm")
    assert "1 row is 1 person; written to" in one
    assert "Compared" not in one
    equal = told("id,name,email", "7,Ida Holm,ida@x.dk", "8,Ida Holm,ida@x.dk")
    assert "2 rows are 1 person; written to" in equal
    assert "Compared: given, family, email." in equal
    left = told("id,name,email", "6,Per Dam,per@x.dk", "7,Ida Holm,ida at x", "8,Ib Krag,ib at x", "9,Bo Berg,bo@x.dk")
    assert "left out, no e-mail address of one person: 2 (lines 3, 4)." in left
    assert "(line 3)" in told("id,name,email", "6,Per Dam,per@x.dk", "7,Ida Holm,ida at x", "9,Bo Berg,bo@x.dk")
    refused = servery("guests", "resolve", "--input", str(people), "--output", str(tmp_path / "o.csv"), "--dry-run")
    assert "--dry-run goes with all guests, not with a file." in " ".join(refused.stderr.replace("│", " ").split())
