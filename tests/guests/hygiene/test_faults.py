"""What is wrong with a guest by their own fields: whatever people type."""

from datetime import date

import pytest

from servery.guests.hygiene.faults import Person, faults
from servery.model.guest import Birthday

TODAY = date(2026, 11, 22)
GOOD = {"name": "Ida Holm", "email": "ida@example.com", "phone": "+4520123456"}


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, []),
        ({"name": None}, ["name_missing"]),
        ({"name": "  "}, ["name_missing"]),
        ({"name": "J"}, ["name_short"]),
        ({"name": "J."}, ["name_short"]),
        ({"name": "🎉"}, ["name_short"]),
        ({"name": "123"}, ["name_short"]),
        ({"name": "王"}, []),
        ({"name": "דוד כהן"}, []),
        ({"name": "محمد"}, []),
        ({"name": "Test"}, ["name_nobody"]),
        ({"name": "TEST TEST"}, ["name_nobody"]),
        ({"name": "Walk-in"}, ["name_nobody"]),
        ({"name": "Gæst"}, ["name_nobody"]),
        ({"name": "Bord 12"}, ["name_nobody"]),
        ({"name": "xxxx"}, ["name_nobody"]),
        ({"name": "Aaa"}, ["name_nobody"]),
        ({"name": "Max Mustermann"}, ["name_nobody"]),
        ({"name": "Testa Rossi"}, []),
        ({"name": "Bo"}, []),
        ({"phone": "call the hotel"}, ["phone_unreadable"]),
        ({"phone": "20 12 34 56"}, ["phone_unreadable"]),
        ({"email": "+45 20 12 34 56"}, ["email_is_phone"]),
        ({"email": "anna@gmial.com"}, ["email_slip"]),
        ({"email": "anna@voila.fr"}, ["email_dead"]),
        ({"email": None, "phone": None}, ["no_contact"]),
        ({"birthday": Birthday(11, 23, 2026)}, ["birthday_odd"]),
        ({"birthday": Birthday(1, 1, 1900)}, ["birthday_odd"]),
        ({"birthday": Birthday(2, 30, 1980)}, ["birthday_odd"]),
        ({"birthday": Birthday(2, 29)}, []),
        ({"birthday": Birthday(1, 1, 1930)}, []),
        ({"name": None, "email": None, "phone": None}, ["no_contact"]),
    ],
)
def test_what_is_wrong_with_a_guest(facts, found):
    assert faults(Person(**(GOOD | facts)), TODAY) == found
