from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.language.notation import notation
from servery.language.words import LANGUAGES

AT = datetime(2025, 11, 21, 18, 30, tzinfo=UTC)


def plain(text):
    """Unbreakable blanks as blanks."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_clock_and_money_are_the_venues_whoever_reads(language):
    danish = notation(language, "Europe/Copenhagen")
    assert danish.clock(AT) == "19.30"
    assert plain(danish.money(125000, "DKK")) == "1.250,00 kr."
    assert danish.number(1234.56) == "1.234,6"


@pytest.mark.parametrize(
    ("zone", "clock", "money"),
    [
        ("Europe/Madrid", "19:30", "1.250,00 €"),
        ("Europe/Berlin", "19:30", "1.250,00 €"),
        ("Europe/London", "18:30", "€1,250.00"),
        ("America/New_York", "1:30 PM", "€1,250.00"),
        ("America/Argentina/Buenos_Aires", "3:30 PM", "EUR 1.250,00"),
    ],
)
def test_each_country_its_own(zone, clock, money):
    english = notation("en", zone)
    assert (plain(english.clock(AT)).upper(), plain(english.money(125000, "EUR"))) == (clock, money)


def test_currencies_keep_their_decimals():
    danish = notation("en", "Europe/Copenhagen")
    assert plain(danish.money(1500, "JPY")) == "1.500 JP¥"
    assert plain(danish.money(-12500, "KWD")) == "-12,500 KWD"


@pytest.mark.parametrize(
    ("language", "long", "short"),
    [
        ("en", "Friday, 21 November", "Fri, 21 Nov"),
        ("da", "fredag 21. november", "fre. 21. nov."),
        ("de", "Freitag, 21. November", "Fr., 21. Nov."),
        ("es", "viernes, 21 de noviembre", "vie, 21 nov"),
    ],
)
def test_days_are_named_by_the_reader(language, long, short):
    danish = notation(language, "Europe/Copenhagen")
    assert (danish.day(AT.date(), "long"), danish.day(AT.date())) == (long, short)


def test_local_day_is_the_venues():
    assert notation("en", "Asia/Tokyo").local_day(AT) == date(2025, 11, 22)


def test_hours_of_the_strip():
    assert notation("en", "Europe/Copenhagen").hour(1500) == "1"
    assert plain(notation("en", "America/New_York").hour(1140)) == "7 PM"


def test_zone_without_a_country_takes_the_readers_notation():
    assert notation("de", "UTC").number(1234.5) == "1.234,5"
    assert notation("en", "UTC").number(1234.5) == "1,234.5"


def test_time_that_passed_and_time_to_come():
    danish = notation("da", "Europe/Copenhagen")
    assert danish.ago(AT - timedelta(minutes=3), AT) == "for 3 minutter siden"
    assert danish.ago(AT + timedelta(minutes=4), AT) == "om 4 minutter"


def test_leap_birthday_has_a_day():
    assert notation("en", "Europe/London").month_day(2, 29) == "29 Feb"


@given(minor=st.integers(-(10**12), 10**12), currency=st.sampled_from(["DKK", "JPY", "KWD", "EUR"]))
def test_money_shows_every_minor_unit(minor, currency):
    shown = notation("en", "Europe/Copenhagen").money(minor, currency)
    assert int("".join(letter for letter in shown if letter in "-0123456789")) == minor
