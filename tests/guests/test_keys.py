import pytest

from servery.guests.keys import Keys, email_key, keys, phone_key


@pytest.mark.parametrize(
    ("email", "key"),
    [
        (" Ida.Holm@Example.COM ", "ida.holm@example.com"),
        ("ida+rest@example.com", "ida+rest@example.com"),
        ("abc123@guest.booking.com", None),
        ("x9@mail.guest.booking.com", None),
        ("info@example.com", None),
        ("Reservations@example.com", None),
        ("informatics@example.com", "informatics@example.com"),
        ("ida@localhost", None),
        ("ida at example.com", None),
        ("a@b@example.com", None),
        ("a@x.com, b@x.com", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_is_a_key_unless_it_is_a_relays_a_desks_or_none(email, key):
    assert email_key(email) == key


@pytest.mark.parametrize(
    ("phone", "country", "key"),
    [
        ("20 12 34 56", "DK", "+4520123456"),
        ("+45 20123456", None, "+4520123456"),
        ("0045 20 12 34 56", "DK", "+4520123456"),
        ("(030) 901820", "DE", "+4930901820"),
        ("612 345 987", "ES", "+34612345987"),
        ("20 12 34 56", None, None),
        ("12", "DK", None),
        ("+45 99999999", None, None),
        ("00000000", "DK", None),
        ("call the hotel", "DK", None),
        ("", "DK", None),
        (None, "DK", None),
    ],
)
def test_a_number_is_a_key_in_e164_where_it_is_a_number_at_all(phone, country, key):
    assert phone_key(phone, country) == key


def test_the_keys_of_a_contact_are_both():
    assert keys("Ida@Example.com", "20123456", "DK") == Keys("ida@example.com", "+4520123456")
