"""CSV is written in one place, and no cell of it is a formula."""

from decimal import Decimal
from pathlib import Path

import pytest

import servery
from servery.language.sheet import lines


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "＝", "＠"])
def test_a_guest_who_calls_himself_a_formula_is_text(sign: str):
    assert lines([[f"{sign}cmd|x", f"a{sign}b"]]) == f"'{sign}cmd|x,a{sign}b\r\n"


def test_what_is_no_text_stays_what_it_is():
    assert lines([["spend", "covers", "table"], [Decimal("-12.50"), 4, None]], end="\n") == (
        "spend,covers,table\n-12.50,4,\n"
    )


def test_a_program_gets_its_ids_back_as_they_were():
    assert lines([["-5", "@x"]], inert=False) == "-5,@x\r\n"


def test_quotes_commas_and_lines_are_kept_in_their_cell():
    assert lines([['5" pizza, hot', "two\nlines"]]) == '"5"" pizza, hot","two\nlines"\r\n'


def test_nobody_else_writes_csv():
    source = Path(servery.__file__).parent
    writes = {str(one.relative_to(source)) for one in source.rglob("*.py") if "csv.writer(" in one.read_text("utf-8")}
    assert {one for one in writes if "/tests/" not in one} == {"language/sheet.py"}
