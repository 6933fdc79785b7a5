"""Every list is there as CSV: whole, plain to a program, harmless in a spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from servery.api import paging, spreadsheet
from servery.model.money import Money
from tests.api.restaurant import FORMULA

PATHS = "/venues /reservations /checks /visits /guests /guests/1/visits /menus /connections".split()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("path", PATHS)
def test_every_list_is_there_as_csv(ask, path):
    asked = ask(path, headers={"accept": "text/csv"})
    assert asked.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert "attachment" in asked.headers["content-disposition"]
    assert [int(row["id"]) for row in rows(asked.text)] == [one["id"] for one in ask(path).json()["items"]]
    assert ask(path, format="csv").text == asked.text
    assert ask(path, headers={"accept": "text/csv"}, format="json").json()["items"]


def test_what_a_guest_writes_runs_nowhere(ask):
    names = [row["name"] for row in rows(ask("/guests", format="csv").text)]
    assert names == ["Anna Østergård", f"'{FORMULA}"]
    phone = rows(ask("/guests", format="csv").text)[0]["phone"]
    assert phone == "'+4520123456"


def test_amounts_are_numbers_also_below_nothing(ask):
    first, second = rows(ask("/checks", format="csv").text)
    assert (first["total"], first["tips"], first["currency"]) == ("490.00", "50.00", "DKK")
    assert second["total"] == "-5.00"
    assert rows(ask("/guests", format="csv").text)[0]["spend"] == "490.00 DKK"


def test_a_marketer_exports_no_allergies(ask):
    assert "allergies" not in rows(ask("/guests", "marketer", format="csv").text)[0]
    assert "nuts" not in ask("/reservations", "marketer", format="csv").text


def test_a_list_longer_than_one_part_is_whole(ask, monkeypatch):
    monkeypatch.setattr(paging, "_AT_ONCE", 2)
    assert [row["external_id"] for row in rows(ask("/reservations", format="csv").text)] == ["r-1", "r-2", "r-3"]


def test_a_filter_holds_and_a_page_counts_for_nothing(ask):
    found = rows(ask("/reservations", format="csv", guest_id=1, limit=1).text)
    assert [row["external_id"] for row in found] == ["r-1", "r-3"]


class Cell(Struct):
    value: object


@given(st.text())
def test_no_text_begins_like_a_formula(text):
    line = spreadsheet.lines([Cell(text)], ["value"]).decode("utf-8", "surrogatepass")
    (cell,) = next(csv.reader(io.StringIO(line, newline="")), [""])
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell in {text, f"'{text}"}


@given(st.integers(-(10**15), 10**15), st.sampled_from(["DKK", "JPY", "KWD"]))
def test_an_amount_is_exact(amount, currency):
    line = spreadsheet.lines([Cell(Money(amount, currency))], ["value"]).decode().strip()
    places = {"DKK": 2, "JPY": 0, "KWD": 3}[currency]
    assert round(float(line) * 10**places) == amount
