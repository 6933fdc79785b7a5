from datetime import UTC, datetime, timedelta

from servery.guests.golden import Record, golden
from servery.model.guest import Birthday, Golden, Known, Note, SourceGuest

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(id_, days_ago=0, phone=None, **facts):
    return Record(id_, f"g{id_}", NOON - timedelta(days=days_ago), SourceGuest(**facts), phone)


def test_the_latest_contact_wins_wherever_it_stands_in_the_row():
    old, new = (
        record(1, 400, email="old@x.dk", phone="+451", city="Aarhus"),
        record(2, 3, email="new@x.dk", phone="+452"),
    )
    for records in ([old, new], [new, old]):
        made = golden(records)
        assert (made.email, made.phone, made.city) == (Known("new@x.dk", 2), Known("+452", 2), Known("Aarhus", 1))


def test_a_phone_that_is_no_number_is_shown_as_written():
    assert golden([record(1)]).phone is None
    assert golden([Record(1, "g1", NOON, SourceGuest(phone="ask Bo"))]).phone == Known("ask Bo", 1)


def test_the_fullest_name_wins_then_the_most_used_spelling_then_the_latest():
    assert golden([record(1, 9, name="Ida Marie Holm"), record(2, 1, name="I. Holm")]).name == Known(
        "Ida Marie Holm", 1
    )
    spelt = [record(1, 9, name="Ida Holm"), record(2, 5, name="Ida Holm"), record(3, 1, name="Ida Hoolm")]
    assert golden(spelt).name == Known("Ida Holm", 2)
    assert golden([record(1, 9, name="Ida Holm"), record(2, 1, name="Ida Berg")]).name == Known("Ida Berg", 2)


def test_a_birthday_with_its_year_is_worth_more():
    given = [record(1, 9, birthday=Birthday(3, 4, 1980)), record(2, 1, birthday=Birthday(3, 4))]
    assert golden(given).birthday == Birthday(3, 4, 1980)


def test_what_was_said_last_of_a_vip_holds():
    assert golden([record(1, 9, vip=True), record(2, 1)]).vip == Known("vip", 1)
    assert golden([record(1, 9, vip=True), record(2, 1, vip=False)]).vip is None
    assert golden([record(1, 9, vip=False), record(2, 1, vip=True)]).vip == Known("vip", 2)


def test_remarks_are_all_kept_each_once():
    made = golden(
        [
            record(1, 9, allergies=("Nuts", "milk"), tags=("regular",), notes=(Note("Likes the window"),)),
            record(2, 1, allergies=("nuts ",), preferences=("vegan",), notes=(Note("likes the window", "Bo"),)),
        ]
    )
    assert made.allergies == (Known("milk", 1), Known("nuts", 2))
    assert (made.preferences, made.tags) == ((Known("vegan", 2),), (Known("regular", 1),))
    assert made.notes == (Note("likes the window", "Bo"),)


def test_a_guest_is_one_time_only_as_long_as_every_record_is():
    assert golden([record(1, one_time=True)]).one_time
    assert not golden([record(1, one_time=True), record(2)]).one_time


def test_records_that_say_nothing_make_an_empty_guest():
    assert golden([record(1)]) == Golden()


def test_a_system_that_the_owner_silenced_on_a_field_says_nothing_of_it():
    book = record(1, 9, name="Ida Holm", email="own@x.dk", allergies=("nuts",))
    till = Record(
        2, "g2", NOON, SourceGuest(name="Ida Marie Holm", email="till@x.dk", allergies=("fish",), tags=("regular",)),
        "+452", frozenset({"name", "contact", "allergies"}),
    )  # fmt: skip
    made = golden([book, till])
    assert (made.name, made.email, made.phone) == (Known("Ida Holm", 1), Known("own@x.dk", 1), None)
    assert made.allergies == (Known("nuts", 1),)
    assert made.tags == (Known("regular", 2),)
