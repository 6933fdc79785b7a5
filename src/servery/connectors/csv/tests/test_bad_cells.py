"""Cells that cannot be taken, and odd ones that are kept and told."""

import pytest

from servery.connectors.csv import Map, Options

HEADER = "check,date,item,quantity,price\n"


def rows(*cells):
    return HEADER + "".join(f"{number},2024-05-13 19:00,Soup,{each}\n" for number, each in enumerate(cells, 1))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("two,80", "line 3, quantity, 'two': This is not a number."),
        ("1,cheap", "line 3, price, 'cheap': This is not an amount."),
        ("1,NaN", "line 3, price, 'NaN': This is not an amount."),
        ("1e999,5", "line 3, quantity, '1e999': This is not a number. The file's decimals begin with \".\"."),
        ('1,"2,5"', "line 3, price, '2,5': This is not an amount. The file's decimals begin with \".\"."),
        ("1,£80", "line 3, price, '£80': The amount is in £, the venue's currency is DKK."),
        (
            "1,",
            "line 3, item, 'Soup': The file gives no price for this, and the venue's menu has no Soup. "
            "Import the venue's menu first.",
        ),
    ],
)
def test_a_cell_that_cannot_be_taken(read, cells, told):
    got = read(rows("1,80.25", cells, "1,90"))
    assert got.told == [told]
    assert [check.external_id for check in got.checks] == ["1", "3"]


@pytest.mark.parametrize(
    ("cells", "amount", "code", "told"),
    [
        ("0,80", 0, "quantity-zero", "Lines with a quantity of 0: 1."),
        ("-1,80", -8000, "return", "Lines with a quantity below 0, kept as returns: 1."),
        (
            "32623,0.1", 326230, "quantity-enormous",
            "Lines with a quantity of 1,000 or more: 1; the largest is 32,623.",
        ),
        ("1,-80", -8000, "amount-negative", "Lines with a price or amount below 0: 1."),
        (",80", 8000, "no-quantity", "Lines without a quantity, kept as 1: 1."),
        ("1,0.125", 13, "rounded", "Lines with more decimals than DKK has, rounded: 1."),
    ],
)  # fmt: skip
def test_an_odd_cell_is_kept_and_told(read, cells, amount, code, told):
    got = read(rows(cells, "1,1.25"))
    assert got.rejected == []
    assert got.checks[0].check.lines[0].amount == amount
    assert got.notices == {code: told}


def test_a_free_line_is_nothing_odd(read):
    got = read(rows("1,0"))
    assert (got.rejected, got.notices) == ([], {})


def test_a_line_without_a_name(read):
    got = read(HEADER + "1,2024-05-13 19:00,,1,80\n1,2024-05-13 19:00,Soup,1,80\n")
    assert [line.name for line in got.checks[0].check.lines] == ["", "Soup"]
    assert got.notices == {"no-name": "Lines without a name: 1."}


def test_currencies(read):
    got = read(
        "check,date,item,price,currency\n1,2024-05-13 19:00,Soup,80,DKK\n2,2024-05-13 19:00,Soup,80,EUR\n"
        "3,2024-05-13 19:00,Soup,80,Taler\n4,2024-05-13 19:00,Soup,80 kr.,\n"
    )
    assert got.told == [
        "line 3, currency, 'EUR': The amount is in EUR, the venue's currency is DKK.",
        "line 4, currency, 'Taler': This is not a currency; write a code such as DKK.",
    ]


def dated(*dates):
    return HEADER + "".join(f"{number},{each},Soup,1,80\n" for number, each in enumerate(dates, 1))


def test_a_time_that_the_clock_skipped(read):
    got = read(dated("2024-03-31 02:30", "2024-05-13 19:00"))
    assert next(each.check.opened_at.isoformat() for each in got.checks) == "2024-03-31T01:30:00+00:00"
    assert got.rejected == []
    assert got.notices == {
        "not-on-the-clock": "Times that the clock skipped, as it went forward, kept as an hour later: 1. "
        'Where the file\'s times are UTC, say so with times = "utc" in the [options] of a --map.'
    }
    assert read(dated("2024-03-31 02:30"), overrides=Map(options=Options(times="utc"))).notices == {}


def test_a_time_that_came_twice_is_the_first(read):
    got = read(dated("2024-10-27 02:30"))
    assert got.checks[0].check.opened_at.isoformat() == "2024-10-27T00:30:00+00:00"
    assert got.notices == {"clock-twice": "Times that came twice, as the clock went back; the first is meant: 1."}


def test_dates_in_the_future(read):
    got = read(dated("2026-06-03 19:00", "2026-06-01 22:00"))
    assert got.told == ["line 2, date, '2026-06-03 19:00': This date lies in the future."]
    assert got.notices == {"in-the-future": "Rows up to a day in the future: 1."}


def test_what_is_no_date(read):
    got = read(dated("2024-02-30 19:00", "yesterday", "13/05/2024 25:00", "0001-01-01 00:00", "13/05/2024 19:00"))
    assert got.told == [
        "line 2, date, '2024-02-30 19:00': This is no date (read as day, month, year) and time.",
        "line 3, date, 'yesterday': This is no date (read as day, month, year) and time.",
        "line 4, date, '13/05/2024 25:00': This is no date (read as day, month, year) and time.",
        "line 5, date, '0001-01-01 00:00': This date lies before 1900.",
    ]


def test_a_date_alone_is_kept_at_noon(read):
    got = read(dated("2024-05-13"))
    assert got.checks[0].check.opened_at.isoformat() == "2024-05-13T10:00:00+00:00"
    assert got.notices == {"no-time": "Rows with a date and no time of day, kept at noon: 1."}


def test_a_row_may_take_its_date_from_its_check(read):
    got = read(HEADER + "1,2024-05-13 19:00,Soup,1,80\n1,,Fish,1,90\nTotal,,,,170\n,,Sum,,170\n")
    assert len(got.checks[0].check.lines) == 2
    assert got.told == [
        "line 5, check, '': The row names no check.",
        "line 4, date, '': No row of this check has a date.",
    ]


def test_one_id_with_two_contents(read):
    got = read(
        "line id,check,date,item,quantity,price\n1,7,2024-05-13 19:00,Soup,1,80\n1,7,2024-05-13 19:00,Soup,2,80\n"
        "2,7,2024-05-13 19:00,Fish,1,90\n2,7,2024-05-13 19:00,Fish,1,90\n"
    )
    assert got.told == ["line 3, line id, '1': Line 2 has the same id with other content; the first is kept."]
    assert got.notices == {"row-repeated": "Rows that repeat an earlier row with its id, counted once: 1."}
    assert [(line.external_id, line.amount) for line in got.checks[0].check.lines] == [("1", 8000), ("2", 9000)]


def test_venues_that_do_not_exist(read):
    got = read(
        "venue,check,date,item,price\nNowhere,1,2024-05-13 19:00,Soup,80\nPier,1,2024-05-13 19:00,Soup,80\n"
        ",1,2024-05-13 19:00,Soup,80\n",
        has_venue=False,
    )
    assert got.told == [
        "line 2, venue, 'Nowhere': There is no venue Nowhere.",
        "line 4, venue, '': The row names no venue.",
    ]
    assert [check.location for check in got.checks] == ["Pier"]


def test_what_is_shown_moves_no_cursor(read):
    got = read(rows("\x1b[Jtwo,80", "1,80"))
    assert got.rejected[0].value == "�[Jtwo"
