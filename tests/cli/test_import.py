"""Taking files in from the command line: what goes in, what is told, and what stays untouched."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from servery.storage.pool import connect
from tests.cli.conftest import Run

TAKEAWAY = Path(__file__).parents[2].parent / "shared/data/takeaway/orders.csv"
LOYALTY = Path(__file__).parents[2].parent / "shared/data/loyalty/transactions.csv"
ORDERS = "check,date,item,qty,price\n1,2024-05-13 19:00,Soup,2,80.00\n1,2024-05-13 19:00,Soup,2,80.00\n"
MADE = ["--create-venues", "--time-zone", "Europe/Copenhagen", "--currency", "DKK"]


def result(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.stdout.count("\n") == 1, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def counted(told: dict[str, object]) -> tuple[object, ...]:
    return tuple(told[name] for name in ("read", "created", "updated", "unchanged", "rejected"))


def test_two_equal_lines_are_two_and_the_same_file_again_changes_nothing(servery: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    order = ["import", "csv", str(file), "--kind", "orders", "--venue", "Soup House", "--json"]
    first = result(servery(*order, *MADE))
    assert counted(first) == (2, 2, 0, 0, 0)
    assert (first["checks"], first["total"], first["currency"]) == (1, "320.00", "DKK")
    assert counted(result(servery(*order))) == (2, 0, 0, 2, 0)
    file.write_text(ORDERS + "2,2024-05-13 20:00,Bread,1,25.00\n1,2024-05-13 19:00,Wine,1,65.00\n")
    longer = result(servery(*order))
    assert counted(longer) == (4, 2, 0, 2, 0)
    assert longer["total"] == "410.00"


def test_a_venue_is_never_invented(servery: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    done = servery("import", "csv", str(file), "--kind", "orders", "--venue", "Soup House")
    assert done.returncode == 2
    assert "There is no venue Soup House." in done.stderr
    half = servery("import", "csv", str(file), "--kind", "orders", "--venue", "Soup House", "--create-venues")
    assert half.returncode == 2
    assert "needs --time-zone and --currency" in " ".join(half.stderr.split())


def test_bad_rows_are_told_and_the_good_ones_go_in(servery: Run, tmp_path: Path, database: str) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS + "2,2024-05-13 20:00,Bread,two,25.00\n")
    order = ["import", "csv", str(file), "--kind", "orders", "--venue", "Soup House", *MADE]
    strict = servery(*order, "--strict", "--json")
    assert strict.returncode == 4
    refused = result(strict)
    assert refused["written"] is False
    assert refused["rejections"] == [
        {"file": "orders.csv", "line": 4, "column": "qty", "value": "two", "reason": "This is not a number."}
    ]
    assert rows(database, "checks") == rows(database, "venue") == 0
    done = servery(*order)
    assert done.returncode == 4
    assert "orders.csv, line 4, qty 'two': This is not a number." in done.stderr
    assert "3 rows read: 2 created, 0 updated, 0 unchanged, 1 rejected." in done.stderr
    assert rows(database, "checks") == 1


def test_a_dry_run_writes_nothing(servery: Run, tmp_path: Path, database: str) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    done = servery("import", "csv", str(file), "--kind", "orders", "--venue", "Soup House", *MADE, "--dry-run")
    assert done.returncode == 0
    assert "Nothing was written." in done.stderr
    assert [rows(database, table) for table in ("venue", "checks", "visit", "connection")] == [0, 0, 0, 0]


def test_orders_without_prices_are_priced_by_the_imported_menu(servery: Run, tmp_path: Path) -> None:
    menu, orders = tmp_path / "menu.csv", tmp_path / "orders.csv"
    menu.write_text("id,name,category,price\n7,Ribeye,Mains,245.00\n8,Rioja,Wine,65.00\n")
    orders.write_text("check,date,item id,item,qty\n1,2024-05-13 19:00,7,Ribeye,1\n1,2024-05-13 19:00,,rioja,2\n")
    assert servery("import", "csv", str(menu), "--kind", "menu", "--venue", "Grill", *MADE).returncode == 0
    done = servery("import", "csv", str(orders), "--kind", "orders", "--venue", "Grill", "--json")
    assert result(done)["total"] == "375.00", done.stderr


MENU = "id,name,category,price\n7,Ribeye,Mains,245.00\n8,Rioja,Wine,65.00\n"
BOOKINGS = (
    "booking id,date,time,name,email,party size\n"
    "1,2024-05-13,19:00,Søren,soren@example.com,2\n2,2024-05-13,20:00,Søren,soren@example.com,4\n"
    "3,2024-05-13,20:00,Jens,jens@example.com,many\n"
)
PEOPLE = "guest id,name,email\n9,Søren,soren@example.com\n9,Søren,soren@example.com\n10,Jens,jens@example.com\n"


@pytest.mark.parametrize(
    ("kind", "content", "first", "again"),
    [
        ("menu", MENU, (2, 2, 0, 0, 0), (2, 0, 0, 2, 0)),
        ("reservations", BOOKINGS, (3, 2, 0, 0, 1), (3, 0, 0, 2, 1)),
        ("guests", PEOPLE, (3, 2, 0, 1, 0), (3, 0, 0, 3, 0)),
    ],
)
def test_what_is_counted_are_the_rows_of_the_file(
    servery: Run, tmp_path: Path, kind: str, content: str, first: tuple[int, ...], again: tuple[int, ...]
) -> None:
    file = tmp_path / f"{kind}.csv"
    file.write_text(content)
    order = ["import", "csv", str(file), "--kind", kind, "--venue", "Grill", "--json"]
    assert counted(result(servery(*order, *MADE))) == first
    assert counted(result(servery(*order))) == again


def test_guests_of_a_file_have_their_story(servery: Run, tmp_path: Path) -> None:
    guests, orders = tmp_path / "guests.csv", tmp_path / "orders.csv"
    guests.write_text(
        "guest id,name,email,phone,preferences,tags\n"
        "9,Søren Ågård,soren@example.com,+45 20 12 34 56,window seat,regular\n"
    )
    lines = [f"{n},2024-05-{n:02} 19:00,Ribeye,1,245.00,9,2" for n in (13, 14, 15)]
    orders.write_text("check,date,item,qty,price,guest id,covers\n" + "\n".join(lines) + "\n")
    assert servery("import", "csv", str(guests), "--kind", "guests", "--venue", "Grill", *MADE).returncode == 0
    assert servery("import", "csv", str(orders), "--kind", "orders", "--venue", "Grill").returncode == 0
    found = json.loads(servery("guests", "find", "Soren Aagaard", "--json").stdout)
    assert len(found) == 1
    told = json.loads(servery("guests", "show", str(found[0]["id"]), "--json").stdout)
    assert "Ribeye" in json.dumps(told)
    assert "735" in json.dumps(told)
    by_eye = servery("guests", "show", str(found[0]["id"])).stdout
    for line in (r"per visit DKK +245\.00", r"per cover DKK +122\.50", "likes +window seat", "tags +regular"):
        assert re.search(line, by_eye), by_eye


@pytest.mark.skipif(not TAKEAWAY.exists(), reason="the real takeaway export is not beside this checkout")
def test_four_years_of_a_real_takeaway(servery: Run) -> None:
    made = ["--create-venues", "--time-zone", "Europe/London", "--currency", "GBP"]
    done = servery("import", "csv", str(TAKEAWAY), "--kind", "orders", "--venue", "Takeaway", *made, "--json")
    told = result(done)
    assert counted(told) == (74818, 74818, 0, 0, 0)
    assert (told["checks"], told["total"]) == (13397, "446517.45")
    again = servery("import", "csv", str(TAKEAWAY), "--kind", "orders", "--venue", "Takeaway", "--json")
    assert counted(result(again)) == (74818, 0, 0, 74818, 0)


@pytest.mark.skipif(not LOYALTY.exists(), reason="the real loyalty export is not beside this checkout")
def test_a_real_year_of_loyal_guests(servery: Run, database: str) -> None:
    made = ["--create-venues", "--time-zone", "America/New_York", "--currency", "USD"]
    told = result(servery("import", "csv", str(LOYALTY), "--kind", "orders", *made, "--json"))
    assert counted(told) == (75000, 75000, 0, 0, 0)
    assert (told["checks"], told["guests"], told["total"]) == (47243, 2377, "233935.24")
    assert rows(database, "venue") == 293
    assert rows(database, "visit") == 47243
    codes = {notice["code"] for notice in told["notices"]}  # type: ignore[attr-defined]
    assert {"quantity-zero", "quantity-enormous", "no-name", "not-on-the-clock"} <= codes, codes


def rows(database: str, table: str) -> int:
    with connect(database) as db:
        counted = db.execute(f"select count(*) as n from {table}").fetchone()
        assert counted is not None
        return int(counted["n"])


def test_a_folder_and_a_file_that_is_not_there_are_called_as_they_were_given(servery: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    folder = servery("import", "csv", ".", "--kind", "orders", "--venue", "Soup House")
    assert (folder.returncode, folder.stderr.strip()) == (2, "file: . cannot be read: Is a directory.")
    missing = servery("import", "csv", "no/such.csv", "--kind", "orders", "--venue", "Soup House")
    assert (missing.returncode, missing.stderr.strip()) == (
        2,
        "file: no/such.csv cannot be read: No such file or directory.",
    )
    mapped = servery("import", "csv", str(file), "--kind", "orders", "--map", "no/map.toml")
    assert "The map no/map.toml cannot be read: No such file or directory." in mapped.stderr


def test_a_nul_in_a_guest_costs_that_row_alone(servery: Run, tmp_path: Path, database: str) -> None:
    file = tmp_path / "guests.csv"
    file.write_text("id,name,email,not\0es\n1,An\0na Holm,a@example.com,x\n2,Bo Berg,b@example.com,y\n")
    done = servery("import", "csv", str(file), "--kind", "guests", "--json")
    assert done.returncode == 4, done.stderr
    told = result(done)
    assert counted(told) == (2, 1, 0, 0, 1)
    rejected = told["rejections"]
    assert isinstance(rejected, list)
    assert [(one["line"], one["reason"]) for one in rejected] == [
        (2, "The row holds a NUL byte, which no text can hold.")
    ]
    assert rows(database, "source_guest") == 1
