import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from servery.connectors.resos.translate import translate
from servery.errors import Quarantine
from servery.model.changes import Change, GuestSeen, Removed, ReservationSeen, TablesSeen, revision_at
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.model.venue import Table

BOOKING = {
    "_id": "NxPq7",
    "restaurantId": "JLAs2",
    "date": "2025-03-14",
    "time": "19:30",
    "dateTime": "2025-03-14T18:30:00.000Z",
    "people": 4,
    "status": "approved",
    "duration": 120,
    "guest": {"name": "Jens Østergaard Sørensen", "email": "jens@example.dk", "phone": "+4520304050"},
}


def translated(time_zone: str | None = None, /, **fields: object) -> tuple[Change, ...]:
    booking = {name: value for name, value in (BOOKING | fields).items() if value is not ...}
    record = {"location": "restaurant", "timeZone": time_zone, "booking": booking}
    return tuple(translate("bookings", Raw(json.dumps(record).encode())))


def reservation(time_zone: str | None = None, /, **fields: object) -> Reservation:
    (seen,) = (change for change in translated(time_zone, **fields) if isinstance(change, ReservationSeen))
    return seen.reservation


def guest_seen(**fields: object) -> GuestSeen:
    (seen,) = (change for change in translated(**fields) if isinstance(change, GuestSeen))
    return seen


def test_a_plain_booking():
    guest = SourceGuest(name="Jens Østergaard Sørensen", email="jens@example.dk", phone="+4520304050")
    assert translated() == (
        GuestSeen("booking:NxPq7", 2, guest),
        ReservationSeen(
            "NxPq7",
            2,
            "restaurant",
            Reservation(
                status="booked",
                starts_at=datetime(2025, 3, 14, 18, 30, tzinfo=UTC),
                party_size=4,
                duration=120,
                guest_id="booking:NxPq7",
                guest=guest,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("request", "requested"),
        ("waitlist", "waitlist"),
        ("approved", "booked"),
        ("confirmed", "confirmed"),
        ("arrived", "arrived"),
        ("seated", "seated"),
        ("left", "finished"),
        ("no_show", "no_show"),
        ("no-show", "no_show"),
        ("canceled", "cancelled"),
        ("cancelled", "cancelled"),
        ("declined", "declined"),
    ],
)
def test_every_status(word: str, status: str):
    assert reservation(status=word).status == status


def test_a_status_left_out_is_a_request():
    assert reservation(status=...).status == "requested"


def test_an_unknown_status_is_kept_aside_and_named():
    with pytest.raises(Quarantine, match="NxPq7 a status we do not know: teleported"):
        translated(status="teleported")


@pytest.mark.parametrize("gone", [{"status": "deleted"}, {"deletedAt": "2025-03-02T10:00:00.000Z"}])
def test_a_deleted_booking_is_removed(gone: dict[str, object]):
    (change,) = translated(**gone)
    assert isinstance(change, Removed)
    assert (change.external_id, change.kind) == ("NxPq7", "reservation")


def test_the_restaurants_clock_serves_where_no_instant_is_given():
    given = reservation("Europe/Copenhagen", dateTime=..., date="2025-07-14", time="19:30")
    assert given.starts_at == datetime(2025, 7, 14, 17, 30, tzinfo=UTC)


def test_without_instant_and_clock_a_person_is_asked():
    with pytest.raises(Quarantine, match="that clock is not known") as raised:
        translated(dateTime=...)
    assert "time zone" in (raised.value.mend or "")


def test_a_time_that_the_clock_skipped_is_kept_aside():
    with pytest.raises(Quarantine, match="the clock went forward"):
        translated("Europe/Copenhagen", dateTime=..., date="2025-03-30", time="02:30")


def test_no_readable_booking_is_kept_aside_without_what_it_said():
    with pytest.raises(Quarantine, match=r"not what resOS calls bookings.*people") as raised:
        translated(people="Jens at +4520304050")
    assert "Jens" not in str(raised.value)


def test_tables_with_their_area():
    tables = [{"_id": "t1", "name": "7A", "area": {"_id": "a1", "name": "Garden"}}, {"_id": "t2", "name": "8"}]
    given = reservation(tables=tables)
    assert (given.tables, given.area) == (("7A", "8"), "Garden")


def test_ids_of_tables_are_not_their_names():
    assert reservation(tables=["bXcfQ8rJmNQG9mH9P"]).tables == ()


@pytest.mark.parametrize(
    ("source", "channel", "walk_in"),
    [
        ("walkin", "walk-in", True),
        ("website", "website", False),
        ("phone", "phone", False),
        ("eatie", "eatie", False),
        ("other", None, False),
        (None, None, False),
    ],
)
def test_channel(source: str | None, channel: str | None, walk_in: bool):
    given = reservation(source=source)
    assert (given.channel, given.walk_in) == (channel, walk_in)


def test_what_the_guest_asks_and_what_staff_note():
    given = reservation(
        comment="A quiet table, please",
        comments=[
            {"role": "guest", "comment": "A quiet table, please", "createdAt": "2025-03-01T10:00:00Z"},
            {"role": "system", "comment": "Booking approved"},
            "And a high chair",
        ],
        note="Regular",
        restaurantNotes=[{"restaurantNote": "Pays by invoice", "role": "restaurant"}],
    )
    assert given.requests == "A quiet table, please\nAnd a high chair"
    assert given.notes == "Regular\nPays by invoice"


@pytest.mark.parametrize("label", ["Occasion?", "Anledning", "Anlass", "Ocasión", "What are you celebrating?"])
def test_occasion_in_each_language(label: str):
    asked = {"_id": "f1", "name": "field 1", "label": label, "value": "Guldbryllup"}
    assert reservation(customFields=[asked]).occasion == "Guldbryllup"


@pytest.mark.parametrize("label", ["Allergies", "Allergier", "Allergien oder Unverträglichkeiten", "Alergias"])
def test_allergies_in_each_language(label: str):
    ticked = [{"_id": "1", "name": "Nuts", "value": True}, {"_id": "2", "name": "Milk", "value": False}]
    seen = guest_seen(customFields=[{"_id": "f1", "name": label, "value": ticked}])
    assert seen.guest.allergies == ("Nuts",)


@pytest.mark.parametrize(
    ("answer", "allergies"),
    [
        ({"value": "Shellfish, also traces"}, ("Shellfish, also traces",)),
        ({"value": "xKq2", "multipleChoiceValueName": "Gluten"}, ("Gluten",)),
        ({"value": True}, ("Allergies",)),
        ({"value": "Ja"}, ("Allergies",)),
        ({"value": False}, ()),
        ({"value": "Nein"}, ()),
        ({"value": "xKq2", "multipleChoiceValueName": "None"}, ()),
        ({"value": None}, ()),
        ({}, ()),
    ],
)
def test_the_forms_an_answer_takes(answer: dict[str, object], allergies: tuple[str, ...]):
    assert guest_seen(customFields=[{"_id": "f1", "name": "Allergies:"} | answer]).guest.allergies == allergies


def test_a_diet_is_a_preference():
    seen = guest_seen(customFields=[{"name": " Dietary Requirements", "value": "Vegan"}])
    assert (seen.guest.preferences, seen.guest.allergies) == (("Vegan",), ())


@pytest.mark.parametrize("held", [{"customer": "c9"}, {"customer": {"_id": "c9", "name": "Jens"}}])
def test_the_guests_own_id_joins_their_bookings(held: dict[str, object]):
    assert guest_seen(**held).external_id == guest_seen(_id="another", **held).external_id == "c9"
    assert reservation(**held).guest_id == "c9"


def test_two_bookings_that_share_a_phone_stay_two_guests():
    anna = guest_seen(_id="b1", guest={"name": "Anna", "phone": "+4520304050"})
    bo = guest_seen(_id="b2", guest={"name": "Bo", "phone": "+4520304050"})
    assert anna.external_id != bo.external_id
    assert anna.guest.phone == bo.guest.phone


def test_a_name_alone_is_nobody_to_remember_but_stays_on_the_booking():
    (change,) = translated(guest={"name": "Walk-in", "email": "", "phone": ""}, source="walkin")
    assert isinstance(change, ReservationSeen)
    assert change.reservation.guest == SourceGuest(name="Walk-in")
    assert change.reservation.guest_id is None


def test_a_booking_without_a_guest():
    (change,) = translated(guest=None)
    assert isinstance(change, ReservationSeen)
    assert change.reservation.guest is None


def test_the_latest_time_shown_is_the_revision():
    (_, seen) = translated(
        createdAt="2025-03-01T10:00:00.000Z",
        activityAt="2025-03-02T10:00:00.000Z",
        restaurantNotes=[{"restaurantNote": "Regular", "createdAt": "2025-03-03T10:00:00.000Z"}],
    )
    assert seen.revision // 1000 == revision_at(datetime(2025, 3, 3, 10, tzinfo=UTC)) // 1000


def test_of_two_states_at_one_time_the_one_further_on_is_the_later():
    made = {"createdAt": "2025-03-01T10:00:00.000Z"}
    words = ("request", "waitlist", "approved", "arrived", "seated", "left")
    revisions = [translated(status=word, **made)[-1].revision for word in words]
    assert revisions == sorted(set(revisions))


def test_times_where_they_are_given():
    given = reservation(
        createdAt="2025-03-01T10:00:00", seatedAt="2025-03-14T18:40:00Z", leftAt="2025-03-14T21:00:00+01:00"
    )
    assert given.created_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert given.seated_at == datetime(2025, 3, 14, 18, 40, tzinfo=UTC)
    assert given.left_at == datetime(2025, 3, 14, 20, tzinfo=UTC)


def test_a_time_at_the_end_of_the_calendar_is_kept_aside():
    with pytest.raises(Quarantine):
        translated(dateTime="0001-01-01T00:00:00+14:00")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["_id", "name", "value"]), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [*BOOKING, "customer", "tables", "comments", "restaurantNotes", "customFields", "createdAt", "source"]
)


@given(st.dictionaries(FIELDS, JSON, max_size=4))
def test_whatever_resos_sends_is_understood_or_kept_aside(fields: dict[str, object]):
    try:
        assert translated(**fields)
    except Quarantine as error:
        assert error.told()


def test_tables():
    record = {
        "location": "restaurant",
        "tables": [
            {"_id": "t1", "name": "7A", "seatsMin": 1, "seatsMax": 4, "area": {"_id": "a", "name": "Garden"}},
            {"_id": "t2", "name": "8"},
        ],
    }
    tables = (Table("7A", 4, "Garden", "t1"), Table("8", external_id="t2"))
    assert translate("tables", Raw(json.dumps(record).encode())) == (TablesSeen("restaurant", 0, "restaurant", tables),)
