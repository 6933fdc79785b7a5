import pytest

from servery.connectors.csv import Map, Options, dump_map, plan, read_map
from servery.errors import Invalid, NeedsPerson


def planned(write, content, kind="orders", **given):
    return plan(write(content), kind, has_venue=given.pop("has_venue", True), **given)


def asked(write, content, **given):
    with pytest.raises(NeedsPerson) as caught:
        planned(write, content, **given)
    return caught.value


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (
            "Bon,Dato,Kl,Varenavn,Varenr,Antal,Stykpris,Rabat,Bord,Kuverter,Betaling,Kanal",
            "check date time item product_id quantity price discount table covers tender channel",
        ),
        (
            "Belegnr,Datum,Uhrzeit,Artikel,Artikelnr,Menge,Einzelpreis,Gesamtpreis,Rabatt,Tisch,Zahlungsart,Trinkgeld",
            "check date time item product_id quantity price amount discount table tender tip",
        ),
        (
            "Número de pedido,Fecha,Hora,Producto,Categoría,Cantidad,Precio unitario,Importe,Mesa,Comensales,Propina",
            "check date time item category quantity price amount table covers tip",
        ),
        (
            "OrderID,Order Date,Item Name,Qty,Unit Price,Line Total,Table No,Server,Payment Method,Customer Email",
            "check date item quantity price amount table server tender guest_email",
        ),
        (
            "order_details_id,order_id,pizza_id,quantity,order_date,order_time,unit_price,total_price,pizza_name",
            "line_id check - quantity date time price amount item",
        ),
        ("Check #,Opened,Menu Item,Qty,Price (DKK),Restaurant", "check date item quantity price -"),
    ],
)
def test_headers_in_four_languages(write, header, columns):
    fields = columns.split()
    values = {"date": "2024-05-13", "time": "19:30", "guest_email": "a@example.org", "item": "Grød", "tender": "Visa"}
    row = ",".join(values.get(field, "2") for field in fields)
    got = planned(write, f"{header}\n{row}\n")
    names = header.split(",")
    expected = {field: (name,) for field, name in zip(fields, names, strict=True) if field != "-"}
    assert got.columns == expected


@pytest.mark.parametrize(
    ("kind", "table", "field", "column"),
    [
        ("guests", "Código cliente;Nombre;Apellidos\nC1;José;Núñez\n", "guest_id", "Código cliente"),
        ("reservations", "Bookingnr;Dato;Tid;Antal\n1;31-12-2025;19:00;4\n", "reservation", "Bookingnr"),
        ("menu", "Artikel;Preis;MwSt\nSchnitzel;18,50;19\n", "tax_rate", "MwSt"),
    ],
)
def test_headers_of_other_kinds_of_file(write, kind, table, field, column):
    assert planned(write, table, kind=kind).columns[field] == (column,)


def test_the_shape_of_values_decides_between_columns(write):
    got = planned(write, "Date,Order date,Item,Price,Check\nmorning,2024-05-13 19:00,Soup,80,1\n")
    assert got.columns["date"] == ("Order date",)


def test_a_date_without_a_known_header_is_found_by_its_values(write):
    got = planned(write, "Check,Wann denn,Item,Price\n1,2024-05-13 19:00,Soup,80\n")
    assert got.columns["date"] == ("Wann denn",)


def test_what_the_house_pays_is_no_price(write):
    got = planned(write, "check,date,item,quantity,cost price,amount\n1,2024-05-13 19:00,Soup,1,20,80\n")
    assert got.unmapped == ("cost price",)


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "mac_roman", "cp850"])
def test_delimiters_and_encodings(write, delimiter, encoding):
    rows = [["Bon", "Dato", "Vare", "Pris"], ["1", "2024-05-13 19:00", "Rødgrød, med fløde; æblekage", "80"]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows) + "\r\n"
    got = planned(write, text.encode(encoding))
    assert (got.encoding, got.delimiter) == (encoding, delimiter)
    assert got.header == ("Bon", "Dato", "Vare", "Pris")


def test_single_quotes_and_old_macs_line_ends(write):
    got = planned(write, "'check';'date';'item';'price'\r'1';'2024-05-13 19:00';'Soup; hot';'80'\r")
    assert (got.quote, got.delimiter, got.rows) == ("'", ";", 1)


def test_the_delimiter_that_a_file_states_itself(write):
    got = planned(write, "sep=;\ncheck;date;item;price\n1;2024-05-13 19:00;A;12,50\n")
    assert (got.delimiter, got.header_line, got.rows) == (";", 2, 1)


def test_a_title_above_the_header(write):
    got = planned(write, "Sales of May,,,\n,,,\ncheck,date,item,price\n1,2024-05-13 19:00,A,12.50\n")
    assert (got.header_line, got.rows) == (3, 1)


def test_headers_that_come_twice_or_not_at_all(write):
    got = planned(write, "check,date,note,note,,price,\n1,2024-05-13 19:00,a,b,c,80,\n")
    assert got.header == ("check", "date", "note", "note (2)", "column 5", "price")


DATES = "check,date,item,price\n1,{},A,80\n2,{},A,80\n"


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (("03/04/2024 19:00", "13/04/2024 19:00"), "dmy"),
        (("03/04/2024 19:00", "04/13/2024 19:00"), "mdy"),
        (("2024-04-03 19:00", "2024-04-03 19:00"), None),
        (("2024/04/03 19:00", "3 April 2024 19:00"), None),
        (("04/04/2024 19:00", "05/05/2024 19:00"), None),
    ],
)
def test_the_order_of_dates(write, dates, order):
    assert planned(write, DATES.format(*dates)).date_order == order


def test_ambiguous_dates_are_asked_for(write):
    error = asked(write, DATES.format("03/04/2024 19:00", "05/06/2024 19:00"))
    assert str(error) == (
        "The date 03/04/2024 19:00 in line 2 may be 3 April 2024 (--date-order dmy) or 4 March 2024 "
        "(--date-order mdy), and no other date in the file tells. Say which with --date-order."
    )
    assert error.field == "date_order"
    assert planned(write, DATES.format("03/04/2024 19:00", "05/06/2024 19:00"), date_order="mdy").date_order == "mdy"


def test_contradicting_dates_are_asked_for(write):
    assert str(asked(write, DATES.format("13/04/2024", "04/14/2024").replace("item", "table"))) == (
        "The dates contradict each other: 13/04/2024 in line 2 can only be day first but 04/14/2024 in line 3 can "
        "only be month first. Say with --date-order how dates are to be read; rows that do not fit are rejected."
    )


def test_short_years_that_may_stand_in_front_are_asked_for(write):
    rows = "".join(f"{day},19-08-{day:02} 19:00,A,80\n" for day in range(1, 20))
    assert "--date-order ymd" in str(asked(write, "check,date,item,price\n" + rows))


def test_numbers_that_read_either_way_are_asked_for(write):
    error = asked(write, "check;date;item;price\n1;2024-05-13 19:00;A;1.250\n")
    assert str(error) == (
        'The number 1.250 in line 2 may have "." before its decimals or between its thousands, and no other number in '
        'the file tells. Write in a file [options] decimal = "." or decimal = "," and give that file with --map.'
    )
    decided = planned(write, "check;date;item;price\n1;2024-05-13 19:00;A;1.250\n2;2024-05-13 19:00;A;12,50\n")
    assert decided.decimal == ","


def test_an_id_that_repeats_is_the_checks_never_the_rows(write):
    rows = "{},2024-05-13 19:00,A,80\n"
    repeating = planned(write, "ID,date,item,price\n" + rows.format(1) * 2)
    assert (repeating.columns.get("check"), repeating.columns.get("line_id")) == (("ID",), None)
    unique = planned(write, "ID,date,item,price\n" + rows.format(1) + rows.format(2))
    assert (unique.columns.get("check"), unique.columns.get("line_id")) == (None, ("ID",))
    beside = planned(write, "ID,check,date,item,price\n" + ("1,5,2024-05-13 19:00,A,80\n" * 2))
    assert (beside.columns.get("line_id"), beside.unmapped) == (None, ("ID",))


def test_a_total_of_the_check_is_told_from_one_of_the_line(write):
    check = "order id,date,item,price,total\n1,2024-05-13 19:00,A,5,9\n1,2024-05-13 19:00,B,4,9\n"
    assert planned(write, check).columns["check_total"] == ("total",)
    line = "order id,date,item,quantity,price,total\n1,2024-05-13 19:00,A,2,5,10\n1,2024-05-13 19:00,B,1,4,4\n"
    assert planned(write, line).columns["amount"] == ("total",)


def test_a_map_goes_before_the_guess(write):
    wish = Map({"item": "Code", "category": [], "discount": ["A", "B"]}, Options(date_order="mdy"))
    text = "check,date,item,category,code,Code,price,A,B\n1,03/04/2024 19:00,Soup,x,y,z,80,1,2\n"
    got = planned(write, text, overrides=wish)
    assert got.columns["item"] == ("Code",)
    assert got.columns["discount"] == ("A", "B")
    assert "category" not in got.columns
    assert got.date_order == "mdy"


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (
            Map({"price": "Prize"}),
            'The map\'s [columns] price names the column "Prize". The file has: check, date, item, price.',
        ),
        (
            Map({"prize": "price"}),
            "The map's [columns] has prize, which files of orders do not have. There are: check,",
        ),
        (Map(options=Options(delimiter="::")), 'The map\'s delimiter is "::"; it must be one character.'),
    ],
)
def test_a_map_that_does_not_fit_the_file(write, wish, told):
    with pytest.raises(Invalid) as caught:
        planned(write, "check,date,item,price\n1,2024-05-13 19:00,A,80\n", overrides=wish)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[columns]\ndate = 5\n", 'The map map.toml is wrong: Expected "str | array", got "int" at columns[...].'),
        ("[options]\ndecimals = ','\n", 'The map map.toml is wrong: unknown key "decimals" at options.'),
        ("[options]\ndecimal = ';'\n", "The map map.toml is wrong: Invalid enum value ';' at options.decimal."),
        ("[options\n", "The map map.toml is wrong: "),
    ],
)
def test_a_map_that_is_wrong_names_the_key(tmp_path, text, told):
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        read_map(path)
    assert str(caught.value).startswith(told)


def test_a_map_that_is_not_there(tmp_path):
    gone = tmp_path / "map.toml"
    with pytest.raises(Invalid) as refusal:
        read_map(gone)
    assert str(refusal.value) == f"The map {gone} cannot be read: No such file or directory."


def test_a_plan_written_as_a_map_gives_the_same_plan(write, tmp_path):
    text = (
        'ID;Dato;"Vare ""x"" \\ y";Pris;Rabat;Coupon\n1;13.05.2024 19.00;Grød;12,50;1;2\n1;13.05.2024 19.00;Øl;4;0;0\n'
    )
    path = write(text.encode("cp1252"))
    first = plan(path, "orders", has_venue=True)
    (tmp_path / "map.toml").write_text(dump_map(first))
    again = plan(path, "orders", overrides=read_map(tmp_path / "map.toml"), has_venue=True)
    assert again.columns == first.columns
    assert [getattr(again, name) for name in ("encoding", "delimiter", "decimal", "date_order", "unmapped")] == [
        getattr(first, name) for name in ("encoding", "delimiter", "decimal", "date_order", "unmapped")
    ]
