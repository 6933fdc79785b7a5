"""A run over all guests is no less careful than what is decided when a record arrives."""

import csv
import json
from itertools import permutations

import msgspec
import pytest

from servery.guests.matching.base import joins
from servery.guests.matching.blocking import keys_of
from servery.guests.matching.features import features_of
from servery.guests.matching.found import Copied
from servery.guests.matching.weights import shipped
from servery.model.guest import Birthday, SourceGuest

MAY, FIRST = Birthday(4, 5, 1981), Birthday(1, 1, 1980)
ADDRESS = {"postcode": "8000", "city": "Aarhus", "company": "Nord Marine"}


@pytest.fixture
def found(tmp_path):
    """Run over records, numbered from 1, each with the guest that it is in."""

    def run(*records):
        files = Copied(tmp_path / "records.csv", tmp_path / "never.csv")
        with files.records.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            for number, (guest_id, guest) in enumerate(records, start=1):
                made = features_of(guest)
                body = json.dumps(msgspec.to_builtins(made))
                rows.writerow([number, guest_id, " ".join(map(str, keys_of(made))), guest.name, body])
        files.never.write_text("")
        return joins(files, msgspec.structs.replace(shipped(), prior=0.5))

    return run


@pytest.fixture
def ran(found):
    """Run over guests of one record each, numbered from 1: who is joined, and who is asked about."""

    def run(*guests):
        told = found(*enumerate(guests, start=1))
        return told.guests, {(ask.one, ask.other) for ask in told.asks}

    return run


def one(name, email=None, phone=None, born=None, **facts):
    return SourceGuest(name=name, email=email, phone=phone, birthday=born, **facts)


def test_what_says_that_it_is_two_people_is_asked_and_not_joined(ran):
    guests = [
        # A slip that may make another name, with one contact in common.
        one("Jürgen Fahl", phone="+4520123451", **ADDRESS), one("Jürgne Fahl", phone="+4520123451", **ADDRESS),
        # A family name alone, with its phone.
        one("Quistgaard", phone="+4520123452", **ADDRESS), one("Quistgaard", phone="+4520123452", **ADDRESS),
        # One name and birthday, and another e-mail.
        one("Per Ravnsborg", "per@a.dk", born=MAY, **ADDRESS), one("Per Ravnsborg", "xq7@b.se", born=MAY, **ADDRESS),
        # A day that nobody knows.
        one("Ali Zandvoort", born=FIRST, **ADDRESS), one("Ali Zandvoort", born=FIRST, **ADDRESS),
        # Father and son.
        one("Ole Wittrup", "w@x.dk", "+4520123453", born=MAY), one("Ole Wittrup", "w@x.dk", "+4520123453", born=FIRST),
    ]  # fmt: skip
    joined, asked = ran(*guests)
    assert joined == []
    assert {(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)} <= asked


def test_what_tells_of_one_person_is_joined(ran):
    guests = [
        one("Jürgen Fahl", "j@x.dk", "+4520123451"), one("Jürgne Fahl", "j@x.dk", "+4520123451"),
        one("Ida Quistgaard", phone="+4520123452", **ADDRESS), one("I. Quistgaard", phone="+4520123452", **ADDRESS),
        one("Per Ravnsborg", born=MAY, **ADDRESS), one("Per Ravnsborg", born=MAY, **ADDRESS),
    ]  # fmt: skip
    assert ran(*guests)[0] == [(1, 2), (3, 4), (5, 6)]


HOUSE = {"email": "brandt@x.dk", "phone": "+4520123456"}


@pytest.mark.parametrize(
    "names",
    [
        ("Karin Brandt", "K. Brandt", "Karl Brandt"),
        ("Sam Lind", "Samuel Lind", "Samantha Lind"),
        ("Peter Quist", "Lone Quist", "Quist"),
        ("Ida Holm", "Bo Holm", None),
        ("Peter Munk (far)", "Peter Munk", "Peter Munk søn"),
    ],
)
def test_what_is_several_people_s_joins_nobody_who_is_not_named_whole(ran, names):
    for order in permutations(names):
        assert ran(*(one(name, **HOUSE, **ADDRESS) for name in order))[0] == []
    again = [one(name, **HOUSE, **ADDRESS) for name in (*names, names[0])]
    assert ran(*again)[0] == [(1, 4)]


def test_mother_and_daughter_are_not_joined_by_way_of_a_third(ran):
    born = [None, Birthday(1, 2, 1960), Birthday(5, 5, 1990)]
    for order in permutations(born):
        assert ran(*(one("Anna Vinther", **HOUSE, born=day, **ADDRESS) for day in order))[0] == []


def test_a_birthday_a_slip_apart_is_borne_by_both_contacts_alone(ran):
    slip = [Birthday(5, 17, 1980), Birthday(5, 18, 1980)]
    assert ran(*(one("Anna Vinther", **HOUSE, born=day, **ADDRESS) for day in slip))[0] == [(1, 2)]
    assert ran(*(one("Anna Vinther", "a@x.dk", born=day, **ADDRESS) for day in slip))[0] == []


def test_addresses_nearly_the_same_speak_against_a_birthday(ran):
    for emails in (("ole.hansen1@x.dk", "ole.hansen2@y.dk"), ("lone@x.dk", "lona@x.dk")):
        assert ran(*(one("Ole Ravnsborg", email, born=MAY, **ADDRESS) for email in emails))[0] == []


def test_two_who_share_nothing_telling_are_one_where_a_third_has_what_is_of_both(ran):
    guests = [
        one("Ida Quistgaard", "ida@x.dk", **ADDRESS),
        one("Ida Quistgaard", phone="+4520123452", **ADDRESS),
        one("Ida Quistgaard", "ida@x.dk", "+4520123452", **ADDRESS),
    ]
    assert ran(*guests)[0] == [(1, 2, 3)]


def test_those_who_are_joined_and_those_who_are_two_leave_room_to_ask_about_others(ran, monkeypatch):
    monkeypatch.setattr("servery.guests.matching.base._ASKED_AT_ONCE", 1)
    contacts = ("w@x.dk", "+4520123453")
    guests = [
        one("Ole Wittrup", *contacts, born=MAY, **ADDRESS), one("Ole Wittrup", *contacts, born=MAY, **ADDRESS),
        one("Ida Berg", "berg@x.dk", "+4520123454", **ADDRESS), one("Bo Berg", "berg@x.dk", "+4520123454", **ADDRESS),
        one("Per Ravnsborg", "per@a.dk", born=MAY, postcode="8000"),
        one("Per Ravnsborg", "xq7@b.se", born=MAY, postcode="8000"),
    ]  # fmt: skip
    assert ran(*guests) == ([(1, 2)], {(5, 6)})


def test_who_joined_by_part_of_a_name_before_the_contact_was_known_as_several_people_s_is_shown(found):
    guests = [
        (7, one("Karin Brandt", "brandt@x.dk")), (7, one("K. Brandt", "brandt@x.dk")),
        (7, one("Karin Brandt", "brandt@x.dk")), (8, one("Karl Brandt", "brandt@x.dk")),
        # What nobody else has holds it there, and so does an address of one person.
        (9, one("Ida Holm", "holm@x.dk", "+4520123456")), (9, one("I. Holm", "holm@x.dk", "+4520123456")),
        (10, one("Bo Holm", "holm@x.dk")),
        (11, one("Eva Juhl", "eva@x.dk")), (11, one("E. Juhl", "eva@x.dk")),
    ]  # fmt: skip
    assert found(*guests).parts == [(7, 2)]
    first = [(7, one("K. Brandt", "brandt@x.dk")), *guests[2:3], *guests[:1], guests[3]]
    assert found(*first).parts == [(7, 1)]
