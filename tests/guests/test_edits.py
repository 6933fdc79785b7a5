"""What staff say of a guest: it wins until a source says something else, and it can be taken back."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec
import pytest

from servery.errors import Invalid, NotFound
from servery.guests.edits import Edit, Entry, Said, checked, digest
from servery.guests.golden import Record, golden, told
from servery.guests.join import refresh
from servery.guests.listening import listened
from servery.guests.merge import merge, undo
from servery.guests.say import edit, enter, take_back_edit, take_back_entry
from servery.model.guest import Birthday, Known, SourceGuest
from servery.model.viewer import Viewer
from tests.guests.told import golden_of, guest_of, seen, tell

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOST = Viewer("person", 7, "Vera", "host")


def record(id_, days_ago=0, **facts):
    return Record(id_, f"g{id_}", NOON - timedelta(days=days_ago), SourceGuest(**facts))


def edited(field, value, records, days_ago=0):
    over = {str(one.id): digest(field, told(field, one)) for one in records}
    return Said(
        {field: Edit(field=field, value=value, at=NOON - timedelta(days=days_ago), author="person:7", over=over)}
    )


def test_an_edit_wins_though_the_record_is_written_again_with_the_same_words():
    before = [record(1, 9, name="Ida Holm", email="i@x.dk")]
    said = edited("name", "Ida Holm-Berg", before, days_ago=5)
    visited_since = [record(1, 1, name="Ida Holm", email="i@x.dk", city="Aarhus")]
    assert golden(visited_since, said).name == Known("Ida Holm-Berg", 0, "person:7", NOON - timedelta(days=5))


def test_the_guest_s_own_change_at_a_source_wins_over_an_earlier_edit():
    before = [record(1, 9, email="i@x.dk"), record(2, 8, email="old@x.dk")]
    said = edited("email", "desk@x.dk", before, days_ago=5)
    since = [record(1, 1, email="new@x.dk"), record(2, 0, email="old@x.dk")]
    assert golden(since, said).email == Known("new@x.dk", 1)


def test_a_record_that_only_came_later_is_no_change():
    said = edited("city", "Odense", [record(1, 9, city="Aarhus")], days_ago=5)
    old, new = record(2, 30, city="Vejle"), record(2, 1, city="Vejle")
    at = said.edits["city"].at
    for later in (old, new):
        assert golden([record(1, 9, city="Aarhus"), later], said).city == Known("Odense", 0, "person:7", at)
    changed = [record(1, 9, city="Aarhus"), record(2, 0, city="Ribe")]
    assert golden(changed, listened(said, [record(1, 9, city="Aarhus"), new])).city == Known("Ribe", 2)


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [("name", "ida holm", "IDA  Holm"), ("email", "I@x.dk", "i@X.dk"), ("phone", "20 12-34", "2012 34"),
     ("city", "aarhus", "Aarhus ")],
)  # fmt: skip
def test_a_word_that_is_only_written_otherwise_is_no_change(field, before, after):
    said = edited(field, "staff's", [record(1, 9, **{field: before})])
    assert getattr(golden([record(1, 0, **{field: after})], said), field).value == "staff's"


def test_what_a_record_said_once_after_an_edit_is_heard_for_good():
    before, since = record(1, 9, email="i@x.dk"), record(1, 2, email="new@x.dk")
    said = edited("email", "desk@x.dk", [before], days_ago=5)
    once = listened(listened(said, [since]), [record(1, 1)])
    assert golden([record(1, 0, email="i@x.dk")], once).email == Known("i@x.dk", 1)


def test_an_edit_whose_digests_are_of_old_still_holds():
    old = blake2b(msgspec.json.encode("Ida Holm"), digest_size=8).hexdigest()
    said = Said({"name": Edit(field="name", value="Ida B", at=NOON, author="person:7", over={"1": old})})
    name = golden([record(1, name="Ida Holm")], said).name
    assert name is not None
    assert name.value == "Ida B"


def test_nothing_can_be_said_to_be_known():
    said = edited("phone", None, [record(1, 9, phone="123")], days_ago=1)
    assert golden([record(1, 9, phone="123")], said).phone is None


def test_lists_are_added_to_and_an_entry_can_be_said_not_to_be_so():
    def entry(kind, text, **more):
        return Entry(id=1, kind=kind, text=text, at=NOON, author="person:7", name="Vera", **more)

    not_so = entry("tag", "regular", present=False, over_records=(1,))
    said = Said({}, [entry("allergy", "Nuts"), not_so, entry("note", "By the window")])
    made = golden([record(1, allergies=("nuts", "milk"), tags=("Regular", "press"))], said)
    assert [one.value for one in made.allergies] == ["milk", "nuts"]
    assert [one.value for one in made.tags] == ["press"]
    assert [(one.text, one.author, one.at) for one in made.notes] == [("By the window", "Vera", NOON)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("shoe size", "44"), ("email", "no address"), ("phone", "ask Bo"), ("birthday", "1900-01-01"),
     ("birthday", "2999-01-01"), ("birthday", "1980-02-30"), ("name", "x" * 201)],
)  # fmt: skip
def test_what_cannot_be_is_refused(field, value):
    with pytest.raises(Invalid):
        checked(field, value)


def test_a_value_is_kept_in_one_form():
    assert checked("name", "  Ida\n Holm ") == "Ida Holm"
    assert checked("birthday", "--02-29") == {"month": 2, "day": 29, "year": None}
    assert checked("email", "") is None
    assert checked("vip", "on") == "vip"


@pytest.mark.anyio
async def test_an_edit_goes_with_its_guest_through_a_merge_and_back(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Hollm", "j@x.dk"))
    one, two = await guest_of(db, "1"), await guest_of(db, "2")
    edit_id = await edit(db, HOST, two, {"name": "Ida Holm-Berg", "pronunciation": "EE-da"})
    entry = await enter(db, HOST, two, "allergy", "nuts")
    await refresh(db, [two], "da_DK")
    step = await merge(db, HOST, one, two)
    await edit(db, HOST, one, {"city": "Aarhus"}, step.id)
    await refresh(db, [one], "da_DK")
    whole = await golden_of(db, "1")
    assert (whole.name.value, whole.pronunciation.value, whole.city.value) == ("Ida Holm-Berg", "EE-da", "Aarhus")
    assert [known.value for known in whole.allergies] == ["nuts"]
    await undo(db, HOST, step.id)
    await refresh(db, [one, two], "da_DK")
    first, second = await golden_of(db, "1"), await golden_of(db, "2")
    assert (first.name.value, first.city, first.allergies) == ("Ida Holm", None, ())
    assert (second.name.value, second.allergies[0].value) == ("Ida Holm-Berg", "nuts")
    assert await take_back_edit(db, edit_id) == two
    await take_back_entry(db, entry)
    await refresh(db, [two], "da_DK")
    second = await golden_of(db, "2")
    assert (second.name.value, second.allergies) == ("Ida Hollm", ())
    with pytest.raises(NotFound):
        await take_back_edit(db, edit_id)


@pytest.mark.anyio
async def test_a_guest_s_birthday_can_be_said(db, systems):
    await tell(db, systems[0], seen("1", "Ida Holm", "i@x.dk"))
    one = await guest_of(db, "1")
    await edit(db, HOST, one, {"birthday": "1980-05-17", "vip": True})
    await refresh(db, [one], "da_DK")
    made = await golden_of(db, "1")
    assert (made.birthday, made.vip.value) == (Birthday(5, 17, 1980), "vip")


@pytest.mark.anyio
async def test_an_edit_holds_against_a_newer_poorer_record_until_the_guest_changes_their_word(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"))
    one = await guest_of(db, "1")
    await edit(db, HOST, one, {"name": "Ida Marie Holm-Jensen", "city": "Odense"})
    await refresh(db, [one], "da_DK")
    soon = int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1e6)
    await tell(db, book, seen("2", "I. Holm", "i@x.dk", revision=soon, city="Vejle"))
    assert await guest_of(db, "2") == one
    made = await golden_of(db, "1")
    assert (made.name.value, made.city.value) == ("Ida Marie Holm-Jensen", "Odense")
    await tell(db, book, seen("2", "I. Holm", "i@x.dk", revision=soon + 1, city="Ribe"))
    await tell(db, book, seen("2", "I. Holm", "i@x.dk", revision=soon + 2, city="Vejle"))
    made = await golden_of(db, "1")
    assert (made.name.value, made.city.value) == ("Ida Marie Holm-Jensen", "Vejle")


@pytest.mark.anyio
async def test_an_edit_holds_when_a_newer_guest_is_merged_into_its_own(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"))
    one = await guest_of(db, "1")
    await edit(db, HOST, one, {"phone": "+4522222222"})
    soon = int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1e6)
    await tell(db, book, seen("2", "Ida Berg", "j@x.dk", phone="+4533333333", revision=soon))
    two = await guest_of(db, "2")
    step = await merge(db, HOST, one, two)
    await refresh(db, [one], "da_DK")
    assert (await golden_of(db, "1")).phone.value == "+4522222222"
    await undo(db, HOST, step.id)
    await refresh(db, [one, two], "da_DK")
    assert [(await golden_of(db, which)).phone.value for which in "12"] == ["+4522222222", "+4533333333"]
