"""A file of people, as anybody has it, and what is said of who is who."""

import csv
from random import Random

import pytest

from servery.app.people_file import Days, digits_of, read_people, resolve_file
from servery.errors import Invalid
from tests.app.kin import listed
from tests.guests.matching.crowd import crowd


@pytest.fixture
def written(tmp_path):
    def write(*lines):
        path = tmp_path / "people.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def resolved(path):
    answer = resolve_file(path, path.with_name("clusters.csv"), country="DK", step=lambda _: None)
    with path.with_name("clusters.csv").open(encoding="utf-8") as file:
        return answer, {row["id"]: row["cluster"] for row in csv.DictReader(file)}


def test_a_file_is_never_overwritten_by_its_answer(written):
    path = written("id,name", "a,Ida Holm")
    with pytest.raises(Invalid, match=r"take the place of people.csv itself"):
        resolve_file(path, path.parent / "." / path.name, step=lambda _: None)
    assert path.read_text() == "id,name\na,Ida Holm\n"


@pytest.mark.parametrize(
    ("output", "country", "said"),
    [("gone/out.csv", None, "There is no folder"), (".", None, "is a folder"), ("out.csv", "XX", "no country XX")],
)
def test_what_cannot_be_answered_is_said_before_all_the_computing(written, output, country, said):
    path = written("id,name", "a,Ida Holm")
    steps: list[object] = []
    with pytest.raises(Invalid, match=said):
        resolve_file(path, path.parent / output, country=country, step=steps.append)
    assert steps == []


def test_values_of_which_nothing_is_made_are_told_with_their_lines(written):
    rows = ("a,Ida Holm,ida@x.dk,12,1981-04-07", "b,Bo Berg,bo at x,20123456,soon", "c,Eva Lund,,,2")
    answer, _ = resolved(written("id,name,email,phone,birthday", *rows))
    told = [(each.column, each.why, each.values, each.lines) for each in answer.unread]
    assert told == [("email", "no e-mail", 1, (3,)), ("birthday", "no day", 2, (3, 4))]


def test_a_column_of_e_mails_that_holds_phones_is_told_and_counts_as_phones(written):
    rows = [f"{number},Guest {number},2012345{number}" for number in range(7)]
    answer, _ = resolved(written("id,name,email", *rows, "7,Ida Holm,bo at x"))
    told = [(each.column, each.why, each.values, each.lines) for each in answer.unread]
    assert told == [("email", "a phone", 7, (2, 3, 4, 5, 6)), ("email", "no e-mail", 1, (9,))]
    assert "phone" in answer.compared
    swapped, _ = resolved(written("id,name,email,phone", "a,Ida Holm,20123456,ida@x.dk", "b,Bo Berg,bo@x.dk,20123457"))
    assert [(one.column, one.why, one.lines) for one in swapped.unread] == [
        ("email", "a phone", (2,)),
        ("phone", "an e-mail", (2,)),
    ]


def test_days_that_nobody_was_born_on_are_told_and_join_nobody(written):
    """1 January 1900 stands in every till that asks for a birthday and is given none."""
    days = ("1900-01-01", "1900-01-01", "2090-01-01", "2090-01-01", "1970-01-01", "1970-01-01")
    rows = [f"{number},Ida Holm,{day}" for number, day in enumerate(days)]
    answer, of = resolved(written("id,name,birthday", *rows, "x,Eva Lund,1981-04-07"))
    [told] = answer.unread
    assert (told.column, told.why, told.values, told.lines) == ("birthday", "nobody's birthday", 6, (2, 3, 4, 5, 6))
    assert len(set(of.values())) == 7


@pytest.mark.parametrize(
    "row", ["Ida Holm,ida@x.dk,", "Ida Holm,,1981-04-07", "ida holm,ida@x.dk,1981-04-07", ",a@x.dk,"]
)
def test_rows_that_are_equal_to_the_letter_are_one_person(written, row):
    _, people = resolved(written("id,name,email,birthday", f"a,{row}", f"b,{row}"))
    assert people["a"] == people["b"]
    _, people = resolved(written("id,name,email,birthday", f"a,{row}", f"b,{row}", "c,Bo Berg,,"))
    assert (people["a"] == people["b"], people["a"] == people["c"]) == (True, False)


@pytest.mark.parametrize("row", ["Ida Holm,", "Jensen,20123456", ","])
def test_a_name_alone_or_a_familys_with_its_phone_is_nobodys_own_even_to_the_letter(written, row):
    _, people = resolved(written("id,name,phone", f"a,{row}", f"b,{row}"))
    assert people["a"] != people["b"]


def pairs(of):
    groups: dict[str, list[str]] = {}
    for record, group in of.items():
        groups.setdefault(group, []).append(record)
    return {(one, other) for each in groups.values() for one in each for other in each if one < other}


def test_a_dirty_list_is_resolved_without_labels_and_without_settings(written):
    records = crowd(400)
    lines = ["Guest ID;Fornavn;Efternavn;E-mail;Telefon;Postnr;By;Fødselsdag;Card code"]
    truth = {}
    random = Random(2)
    code = {person: f"{random.randrange(10**7):07}" for person, _ in records}
    for number, (person, guest) in enumerate(records):
        day = guest.birthday
        born = f"{day.day:02}-{day.month:02}-{day.year}" if day else ""
        said = (
            guest.given_name or "",
            guest.family_name or "",
            guest.email or "",
            guest.phone or "",
            guest.postcode or "",
            guest.city or "",
        )
        lines.append(";".join([f"g{number}", *said, born, code[person]]))
        truth[f"g{number}"] = person
    answer, people = resolved(written(*lines))
    assert answer.people.id_header == "Guest ID"
    assert "Card code" in answer.compared
    assert set(people) == set(truth)
    right = pairs(people) & pairs(truth)
    assert len(right) >= 0.995 * len(pairs(people))
    assert len(right) >= 0.98 * len(pairs(truth))


def test_a_file_without_ids_has_its_rows_numbered(written):
    answer, people = resolved(written("name,phone", "Ida Holm,20123456", "Bo Berg,30123456"))
    assert answer.people.id_header is None
    assert people == {"1": "1", "2": "2"}


def test_ids_that_are_there_twice_are_told_with_their_lines(written):
    with pytest.raises(Invalid, match=r"more than once in the column id: lines 2, 4"):
        read_people(written("id,name", "a,Ida", "b,Bo", "a,Eva"))


def test_rows_without_an_id_are_told_with_their_lines(written):
    with pytest.raises(Invalid, match=r"without an id in the column id: line 3"):
        read_people(written("id,name", "a,Ida", ",Bo"))


def test_one_row_is_one_person(written):
    assert resolved(written("id,name", "a,Ida Holm"))[1] == {"a": "1"}


def test_a_header_alone_is_nobody(written):
    assert resolved(written("id,name"))[1] == {}


def test_an_empty_file_is_none(written):
    with pytest.raises(Invalid, match="empty"):
        read_people(written(""))


def test_a_phone_where_the_e_mail_should_be_is_a_phone(written):
    rows = ("a,Ida Holm,20123456,", "b,Ida Holm,,20123456", "c,Bo Berg,bo@x.dk,")
    _, people = resolved(written("id,name,email,phone", *rows))
    assert people["a"] == people["b"] != people["c"]


@pytest.mark.parametrize("name", ["", "X", "🎉", "محمد علي", "王伟", "?!"])
def test_any_name_can_be_compared(written, name):
    _, people = resolved(written("id,name,phone", f"a,{name},20123456", f"b,{name},20123456", "c,Bo Berg,30123456"))
    assert people["a"] != people["c"]


def test_ten_thousand_records_on_one_phone_are_not_one_person(written):
    guests = [guest for _, guest in crowd(500)]
    rows = [f"{number},{guest.name},+4570101010" for number, guest in enumerate(guests)]
    _, people = resolved(written("id,name,phone", *rows))
    assert len(set(people.values())) > 100


@pytest.mark.parametrize(
    ("text", "order", "digits"),
    [
        ("1981-04-07", "dmy", "19810407"),
        ("07.04.1981", "dmy", "19810407"),
        ("04/07/1981", "mdy", "19810407"),
        ("19810407", "dmy", "19810407"),
        ("1981-84-07", "dmy", "19818407"),
        ("19818407", "dmy", "19818407"),
        ("7.4.", "dmy", "0407"),
        ("soon", "dmy", None),
    ],
)
def test_a_birthday_is_digits_even_where_a_slip_made_it_no_date(text, order, digits):
    assert digits_of(text, Days(order)) == digits


def headed(written, *lines):
    people = read_people(written(*lines))
    return people.id_header, people.fields


def test_the_line_that_says_how_a_spreadsheet_is_cut_is_no_header(written):
    assert headed(written, "sep=;", "id;Name", "7;Ida Holm") == ("id", {"guest_name": "Name"})


@pytest.mark.parametrize(
    ("header", "own"),
    [("Kunden-Nr.;Vorname;Nachname", "Kunden-Nr."), ("Kundenr.;Fornavn;Efternavn", "Kundenr."),
     ("Código;Nombre;Apellidos", "Código"), ("voter_id;first_name;last_name", "voter_id")],
)  # fmt: skip
def test_a_customers_number_is_the_rows_id(written, header, own):
    assert headed(written, header, "7;Ida;Holm", "8;Bo;Berg")[0] == own


def test_a_middle_name_is_not_taken_for_the_whole(written):
    fields = headed(written, "id,first_name,middle_name,last_name", "7,Ida,Marie,Holm")[1]
    assert fields == {"guest_given_name": "first_name", "guest_family_name": "last_name"}


def test_dates_a_generation_apart_are_birthdays_whatever_their_heading(written):
    rows = [f"{at},{1940 + at}-03-{at % 28 + 1:02}" for at in range(1, 60)]
    assert headed(written, "c1,c2", *rows)[1] == {"birthday": "c2"}
    lately = [f"{at},2024-03-{at % 28 + 1:02}" for at in range(1, 60)]
    assert "birthday" not in headed(written, "c1,c2", *lately)[1]


FIRST_DAYS = ["c,Bo Berg,bo@x.dk,30123451", "d,Eva Lund,eva@x.dk,30123452", "e,Ib Krag,ib@x.dk,30123453", "f,Per Dam,,"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ida Holm,ida@x.dk,20123456", "Ida Holm,zq7@y.dk,31987654"),
        ("Tina Berg,tina@x.dk,20123456", "Nina Berg,nq@y.dk,20123456"),
        ("Tina Berg,berg@x.dk,20123456", "Nina Berg,berg@x.dk,20123456"),
        ("Jürgen Fahl,,20123456", "Jürgne Fahl,,20123456"),
        ("Hr. Jensen,,20123456", "Fru Jensen,,20123456"),
        ("Peter Jensen Sr,,20123456", "Peter Jensen Jr,,20123456"),
        ("Jensen,,20123456", "Jensen,,20123456"),
    ],
)
def test_where_a_list_is_too_short_to_learn_from_names_and_a_contact_join_no_two_people(written, one, other):
    _, people = resolved(written("id,name,email,phone", f"a,{one}", f"b,{other}", *FIRST_DAYS))
    assert len(set(people.values())) == 6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ida Holm,ida@x.dk,20123456", '"Holm, Ida",ida@x.dk,31987654'),
        ("Ida Holm,,20123456", "I. Holm,zq7@y.dk,20123456"),
        ("Jürgen Fahl,j@x.dk,20123456", "Jürgne Fahl,j@x.dk,20123456"),
    ],
)
def test_where_a_list_is_too_short_to_learn_from_one_person_is_still_found(written, one, other):
    _, people = resolved(written("id,name,email,phone", f"a,{one}", f"b,{other}", *FIRST_DAYS))
    assert people["a"] == people["b"]
    assert len(set(people.values())) == 5


@pytest.mark.parametrize(
    ("header", "one", "other"),
    [
        ("id,navn,e-mail,postnr,by", "Ida Holm,ida@x.dk,2100,København", "Ida Holm,ida@x.dk,2100,Kbh"),
        ("id,navn,fødselsdag,telefon,by", "Ida Holm,07-04-1981,20123456,København", "Ida Holm,07-04-1981,20123456,Kbh"),
        ("id;Name;E-Mail;Ort", "Jürgen Müller;jm@x.de;Köln", "Juergen Mueller;jm@x.de;Koeln"),
        ("id,nombre,correo electrónico,ciudad", "José Pérez,jp@x.es,Madrid", "Jose Perez,jp@x.es,Mad."),
        ("id,navn,e-mail", "Ida Holm,ida@x.dk", "Ida Holm,ida@x.dk"),
    ],
)
def test_what_both_of_two_rows_say_joins_them_though_all_rows_say_it(written, header, one, other):
    cut = ";" if ";" in header else ","
    answer, people = resolved(written(header, f"a{cut}{one}", f"b{cut}{other}"))
    assert people["a"] == people["b"]
    assert len(answer.compared) > 1


def test_what_all_rows_say_joins_no_two_names(written):
    rows = [f"{at},{name},desk@x.dk,2100" for at, name in enumerate(("Ida Holm", "Bo Berg", "Eva Lund", "Ib Krag"))]
    _, people = resolved(written("id,navn,e-mail,postnr", *rows))
    assert len(set(people.values())) == 4


def test_birthdays_that_are_a_spreadsheets_numbers_are_read(written):
    rows = ["Ida Holm,ida@x.dk,29318", "Ida Holm,ida@x.dk,1980-04-07", "Bo Berg,bo@x.dk,9133", "Eva Lund,,31502.0"]
    rows += [f"Guest {at},,{20000 + at}" for at in range(20)]
    lines = [f"{at},{row}" for at, row in enumerate(rows)]
    answer, people = resolved(written("id,name,email,birthday", *lines, "x,Ib Krag,ib@x.dk,1981"))
    [told] = answer.unread
    assert (told.why, told.lines) == ("no day", (26,))
    assert people["0"] == people["1"]
    assert "birthday" in answer.compared
    assert digits_of("29318", Days("dmy", are_serials=True)) == "19800407"
    assert digits_of("1", Days("dmy", are_serials=True)) == "19000101"


def test_a_spreadsheets_number_among_dates_is_told_with_what_helps(written):
    rows = ("a,Ida Holm,07-04-1980", "b,Bo Berg,29221", "c,Eva Lund,08-04-1981")
    [told] = resolved(written("id,name,birthday", *rows))[0].unread
    assert (told.why, told.lines) == ("a number", (3,))


@pytest.mark.parametrize(("seed", "lacking", "precision"), [(1, 0.0, 1.0), (2, 0.1, 0.995), (3, 0.25, 0.98)])
def test_relatives_who_share_all_but_a_name_a_mark_or_a_year_stay_apart(written, seed, lacking, precision):
    lines, truth = listed(seed, lacking)
    _, people = resolved(written(*lines))
    made, there = pairs(people), pairs(truth)
    assert len(made & there) >= 0.85 * len(there)
    assert len(made & there) >= precision * len(made)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tove Jensen,tj@x.dk,20123456,1964-05-12", "Tove Jensen,tj@x.dk,20123456,1993-05-12"),
        ("Maja Friis,f@x.dk,20123456,1990-05-04", "Kaja Friis,f@x.dk,20123456,1990-05-04"),
        ("Peter Munk,m@x.dk,20123456,", "Peter Munk Jr.,m@x.dk,20123456,"),
    ],
)
def test_relatives_stay_apart_in_a_short_list_too(written, one, other):
    _, people = resolved(written("id,name,email,phone,birthday", f"a,{one}", f"b,{other}", "c,Bo Berg,bo@x.dk,,"))
    assert len(set(people.values())) == 3
