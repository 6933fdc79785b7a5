"""Files that are not what they seem: each with the exact words a person reads, and the good rows kept."""

from datetime import timedelta
from importlib.resources import files

import pytest

from servery.connectors.csv import Notice
from servery.connectors.csv.tests.conftest import NOW
from servery.errors import Invalid, NeedsPerson
from servery.testing import messages

HEADER = "check,date,item,quantity,price\n"
SOUP = "1,2024-05-13 19:00,Soup,1,80\n"
FISH = "3,2024-05-13 19:00,Fish,1,90\n"


def refused(read, content, kind="orders", **given):
    with pytest.raises((Invalid, NeedsPerson)) as caught:
        read(content, kind, **given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("beginning", "is_kind"),
    [
        (b"PK\x03\x04\x14\x00", "an Excel workbook or another zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"\x89PNG\r\n", "an image"),
        (b'[{"check": 1}]', "JSON"),
        (b'\xef\xbb\xbf{"checks": []}', "JSON"),
        (b"<?xml version='1.0'?>", "XML or HTML"),
        (bytes(range(256)) * 20, "a binary file"),
    ],
)
def test_another_kind_of_file_is_named(read, beginning, is_kind):
    assert refused(read, beginning) == (
        f"orders.csv is {is_kind}, not a CSV file. Save or export it as CSV (UTF-8) and import that."
    )


@pytest.mark.parametrize("content", [b"", b" \r\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file(read, content):
    assert refused(read, content) == "orders.csv is empty."


def test_a_utf16_mark_alone_is_no_header(read):
    assert refused(read, b"\xff\xfe").startswith("orders.csv has no header")


def test_only_a_header(read):
    assert refused(read, HEADER) == "orders.csv has a header and no rows."


def test_no_header(read):
    assert refused(read, SOUP + FISH) == (
        "orders.csv has no header: line 1 already holds numbers or nothing. "
        "Put a line with the columns' names above the rows."
    )


def test_a_file_that_is_not_there(read_path, tmp_path):
    gone = tmp_path / "gone.csv"
    with pytest.raises(Invalid) as refusal:
        read_path(gone)
    assert str(refusal.value) == f"{gone} cannot be read: No such file or directory."


def test_orders_without_a_date(read):
    assert refused(read, "check,item,quantity,price\n1,Soup,1,80\n") == (
        "orders.csv has no column for the date, which a file of orders needs. Its header is: check, item, quantity, "
        'price. If one of these is it, write in a file [columns] date = "its header" and give that file with --map.'
    )


def test_reservations_without_party_size(read):
    assert refused(read, "date,name\n2027-05-13 19:00,Åse\n", "reservations") == (
        "reservations.csv has no column for the party size, which a file of reservations needs. Its header is: date, "
        'name. If one of these is it, write in a file [columns] party_size = "its header" and give that file with '
        "--map."
    )


def test_reservations_without_a_time_of_day(read):
    assert refused(read, "date,guests\n2027-05-13,4\n", "reservations").startswith(
        "reservations.csv has no column for the time of day, which a file of reservations needs."
    )


def test_orders_that_nothing_joins_into_checks(read):
    assert refused(read, "date,item,price\n2024-05-13,Soup,80\n").startswith(
        "orders.csv has no column for the check, which a file of orders needs."
    )


def test_no_venue(read):
    assert refused(read, HEADER + SOUP, has_venue=False) == (
        "orders.csv has no column that names the venue. Its header is: check, date, item, quantity, price. "
        'Name the venue with --venue, or the column in a map file: [columns] venue = "…".'
    )


def test_a_line_of_ten_megabytes(read):
    got = read(HEADER + SOUP + "2,2024-05-13 19:00," + "x" * 10_000_000 + ",1,80\n" + FISH)
    assert got.told == [
        "line 3, None, '2,2024-05-13 19:00,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…': "
        "The line has more than 131072 characters."
    ]
    assert [check.external_id for check in got.checks] == ["1", "3"]


def test_a_quoted_cell_of_ten_megabytes(read):
    got = read(HEADER + SOUP + '2,2024-05-13 19:00,"' + "x" * 10_000_000 + '",1,80\n' + FISH)
    assert [each.line for each in got.rejected] == [3]
    assert [check.external_id for check in got.checks] == ["1", "3"]


def test_a_cell_over_very_many_lines(read):
    got = read(HEADER + SOUP + '2,2024-05-13 19:00,"' + "x\n" * 200 + '",1,80\n' + FISH)
    assert got.told[0] == ("""line 3, None, '2,2024-05-13 19:00,"x': A quotation mark is opened here and not closed.""")
    assert [check.external_id for check in got.checks] == ["1", "3"]


def test_nul_bytes(read):
    got = read(HEADER + SOUP + "2,2024-05-13 19:00,So\0up,1,80\n" + FISH)
    assert got.told == [
        "line 3, None, '2 2024-05-13 19:00 So�up 1 80': The row holds a NUL byte, which no text can hold."
    ]
    assert [check.external_id for check in got.checks] == ["1", "3"]


def test_two_encodings_in_one_file(read):
    got = read(
        (HEADER + "1,2024-05-13 19:00,Rødgrød,1,80\n").encode() + "2,2024-05-13 19:00,Grønkål,1,80\n".encode("cp1252")
    )
    assert got.notices == {"mixed-encodings": "Lines not in utf-8 like the others, read as cp1252: 1."}
    assert got.plan.fallback_lines == (3,)
    assert [check.check.lines[0].name for check in got.checks] == ["Rødgrød", "Grønkål"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Rows up to a day in the future: 1."),
        ("da", "Rækker op til et døgn ude i fremtiden: 1."),
        ("de", "Zeilen bis zu einem Tag in der Zukunft: 1."),
        ("es", "Filas hasta un día en el futuro: 1."),
    ],
)
def test_what_is_odd_is_told_in_the_readers_language(read, language, told):
    tomorrow = f"{NOW + timedelta(hours=5):%Y-%m-%d %H:%M}"
    (notice,) = [one for one in read(HEADER + f"1,{tomorrow},Soup,1,80\n").items if isinstance(one, Notice)]
    catalogue = messages.told(files("servery.connectors.csv"), language)
    assert notice.told(lambda text: catalogue.get(text, text)) == told


def test_rows_of_another_width(read):
    got = read(HEADER + SOUP + "2,2024-05-13 19:00,Fish,1\n2,2024-05-13 19:00,Fish,1,90,x\n" + FISH[:-1] + ",,\n")
    assert got.told == [
        "line 3, None, '2 2024-05-13 19:00 Fish 1': The row has 4 cells, the header 5.",
        "line 4, None, '2 2024-05-13 19:00 Fish 1 90 x': The row has 6 cells, the header 5.",
    ]
    assert [check.external_id for check in got.checks] == ["1", "3"], "empty cells too many are no fault"


def test_a_quote_that_is_never_closed_costs_one_row(read):
    got = read(HEADER + SOUP + '2,2024-05-13 19:00,"Soup,1,80\n' + FISH * 3)
    assert got.told == [
        """line 3, None, '2,2024-05-13 19:00,"Soup,1,80': A quotation mark is opened here and not closed."""
    ]
    assert len(got.checks[1].check.lines) == 3


def test_a_quote_closed_by_the_next_quote_costs_no_row_between(read):
    rows = '2,2024-05-13 19:00,"Soup,1,80\n' + FISH + '4,2024-05-13 19:00,"Fish, fried",1,90\n'
    got = read(HEADER + SOUP + rows)
    assert [each.line for each in got.rejected] == [3]
    assert [check.external_id for check in got.checks] == ["1", "3", "4"]


def test_a_quote_inside_a_quoted_cell(read):
    got = read(HEADER + '2,2024-05-13 19:00,"5" pizza",1,90\n')
    assert [line.name for check in got.checks for line in check.check.lines] == ['5 pizza"']


def test_an_encoding_that_is_not_the_files(read):
    from servery.connectors.csv import Map, Options

    given = {"overrides": Map(options=Options(encoding="utf-8"))}
    assert refused(read, (HEADER + "1,2024-05-13 19:00,Grød,1,80\n").encode("cp1252"), **given) == (
        "orders.csv cannot be read as utf-8."
    )
    given = {"overrides": Map(options=Options(encoding="klingon"))}
    assert refused(read, HEADER + SOUP, **given) == "orders.csv cannot be read as klingon."
