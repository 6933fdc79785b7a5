from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.connectors.csv.amounts import StyleEvidence, currencies_of, number
from servery.connectors.csv.dates import DateEvidence, read_date


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("12.50", ".", "12.50"),
        ("12,50", ",", "12.50"),
        ("1,234.5", ".", "1234.5"),
        ("1.234,5", ",", "1234.5"),
        ("1.234.567", ",", "1234567"),
        ("1 234,50", ",", "1234.50"),
        ("1\u00a0234,50", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("(12.50)", ".", "-12.50"),
        ("-12.50", ".", "-12.50"),
        ("−12.50", ".", "-12.50"),
        ("12.50-", ".", "-12.50"),
        ("125,-", ",", "125"),
        (".5", ".", "0.5"),
        ("+3", ".", "3"),
        ("4.440892e-16", ".", "4.440892E-16"),
        ("£ 12.50", ".", "12.50"),
        ("12,50 kr.", ",", "12.50"),
        ("-$12.50", ".", "-12.50"),
        ("$-12.50", ".", "-12.50"),
        ("2 stk", ".", "2"),
    ],
)
def test_numbers(text, style, value):
    assert number(text, style)[0] == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "-", "x", "12,5", "1,23,4", "1.2.3", "NaN", "Infinity", "1e99", "0x1f", "12 abcde"]
)
def test_no_numbers(text):
    with pytest.raises(ValueError, match=r"^"):
        number(text, ".")


@pytest.mark.parametrize(
    ("text", "decided"),
    [("12.50", "."), ("12,50", ","), ("1.234,5", ","), ("1,234.5", "."), ("1.234.567", ","), ("0.500", "."),
     ("1234.500", "."), ("1.5", "."), ("12", "."), ("1.234", None), ("1,234", None)],
)  # fmt: skip
def test_what_a_number_proves(text, decided):
    evidence = StyleEvidence()
    evidence.add(text, 2)
    assert evidence.decided == decided


def test_currencies():
    assert "GBP" in currencies_of("£")
    assert "DKK" in currencies_of("kr.")
    assert currencies_of("eur") == {"EUR"}
    assert currencies_of("stk") == frozenset()


@given(st.decimals(min_value=-999999999, max_value=999999999, places=2), st.sampled_from(".,"))
def test_a_number_written_with_thousands_is_read_back(value, style):
    written = f"{value:,.2f}"
    if style == ",":
        written = written.translate({ord(","): ".", ord("."): ","})
    assert number(written, style)[0] == value


@pytest.mark.parametrize(
    ("text", "order", "read"),
    [
        ("2024-05-13 19:30", None, "2024-05-13T19:30"),
        ("2024-05-13T19:30:05.250", None, "2024-05-13T19:30:05.250000"),
        ("2024-05-13T19:30Z", None, "2024-05-13T19:30+00:00"),
        ("2024-05-13 19:30 +02:00", None, "2024-05-13T19:30+02:00"),
        ("2024-05-13 19.30", None, "2024-05-13T19:30"),
        ("2024/05/13 19:30", None, "2024-05-13T19:30"),
        ("20240513", None, "2024-05-13T00:00"),
        ("20240513T193000", None, "2024-05-13T19:30"),
        ("1715628600", None, "2024-05-13T19:30+00:00"),
        ("03/08/19 20:25", "dmy", "2019-08-03T20:25"),
        ("03/08/19 20:25", "mdy", "2019-03-08T20:25"),
        ("19-08-03 20:25", "ymd", "2019-08-03T20:25"),
        ("3.8.2019 kl. 20.25", "dmy", "2019-08-03T20:25"),
        ("03.08.2019 20:25 Uhr", "dmy", "2019-08-03T20:25"),
        ("8/3/2019, 8:25 PM", "mdy", "2019-08-03T20:25"),
        ("8/3/2019 12:05 am", "mdy", "2019-08-03T00:05"),
        ("Sat 03/08/2019", "dmy", "2019-08-03T00:00"),
        ("3 August 2019 20:25", None, "2019-08-03T20:25"),
        ("Aug 3, 2019 8 pm", None, "2019-08-03T20:00"),
        ("03-Aug-19", None, "2019-08-03T00:00"),
        ("3. maj 2024 19.30", None, "2024-05-03T19:30"),
        ("3. März 2024", None, "2024-03-03T00:00"),
        ("3 de mayo de 2024", None, "2024-05-03T00:00"),
        ("lørdag d. 3", None, None),
        ("32/01/2024", "dmy", None),
        ("29.02.2023", "dmy", None),
        ("12:30", "dmy", None),
        ("5", "dmy", None),
        ("3 Smarch 2024", None, None),
        ("13/05/2024 13:00 PM", "dmy", None),
    ],
)
def test_dates(text, order, read):
    if read is None:
        with pytest.raises(ValueError, match=r"^"):
            read_date(text, order)
    else:
        assert read_date(text, order)[0] == datetime.fromisoformat(read)


def test_a_time_of_day_is_told_from_its_absence():
    assert read_date("2024-05-13", None)[1] is False
    assert read_date("2024-05-13 00:00", None)[1] is True


@pytest.mark.parametrize(
    ("cells", "are_serials"),
    [
        (("29221", "31502.0", "18000"), True),
        (("29221", "9133", "31502"), True),
        (("1950", "1981", "1972"), False),
        (("10781", "170690", "230455"), False),
        (("1980-04-07", "29221"), False),
        ((), False),
    ],
)
def test_what_numbers_of_a_column_are_a_spreadsheets_days(cells, are_serials):
    evidence = DateEvidence()
    for line, cell in enumerate(cells, 2):
        evidence.add(cell, line)
    assert evidence.are_serials is are_serials
