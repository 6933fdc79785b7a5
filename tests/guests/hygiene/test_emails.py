"""Addresses: their form, domains that reach nobody, and slips that are told and never mended silently."""

import pytest

from servery.guests.hygiene.emails import fault, reaches, suggestion


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("anna@example.com", None),
        (" Anna.Holm+table@Example.CO.UK ", None),
        ("jürgen@müller.de", None),
        ("o'neill@example.ie", None),
        ("+45 20 12 34 56", "email_is_phone"),
        ("20123456", "email_is_phone"),
        ("anna at example.com", "email_malformed"),
        ("anna@example", "email_malformed"),
        ("anna@@example.com", "email_malformed"),
        ("anna@example..com", "email_malformed"),
        (".anna@example.com", "email_malformed"),
        ("anna@-example.com", "email_malformed"),
        ("anna@example.c", "email_malformed"),
        ("a@x.com, b@x.com", "email_malformed"),
        ("🎉", "email_malformed"),
        ("דוד", "email_malformed"),
        (f"{'a' * 65}@example.com", "email_malformed"),
        ("x9@guest.booking.com", "email_relay"),
        ("q7@privaterelay.appleid.com", "email_relay"),
        ("anna@mailinator.com", "email_one_time"),
        ("anna@sub.mailinator.com", "email_one_time"),
        ("anna@voila.fr", "email_dead"),
        ("anna@gmial.com", "email_slip"),
    ],
)
def test_what_is_wrong_with_an_address(address, wrong):
    assert fault(address) == wrong
    assert reaches(address) == (wrong is None)


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("anna@gmial.com", "anna@gmail.com"),
        ("anna@gmail.con", "anna@gmail.com"),
        ("anna@gmail.dk", "anna@gmail.com"),
        ("anna@gmal.com", "anna@gmail.com"),
        ("Anna.H@hotmial.com", "Anna.H@hotmail.com"),
        ("anna@hotnail.dk", "anna@hotmail.dk"),
        ("anna@outlok.com", "anna@outlook.com"),
        ("anna@yahooo.co.uk", "anna@yahoo.co.uk"),
        ("anna@iclod.com", "anna@icloud.com"),
        # Real ones that look like slips, and ones too short or too far to guess.
        ("anna@mail.com", None),
        ("anna@ymail.com", None),
        ("anna@gmx.at", None),
        ("anna@hotmail.dk", None),
        ("anna@me.com", None),
        ("anna@gmailbrewery.com", None),
        ("anna@example.con", None),
        ("anna@voila.fr", None),
        ("anna", None),
    ],
)
def test_a_slip_in_a_big_services_domain_is_told(address, meant):
    assert suggestion(address) == meant


def test_nothing_is_an_address_to_write_to():
    assert not reaches(None)
