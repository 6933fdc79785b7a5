import pytest

from servery.errors import NotFound
from servery.guests.join import refresh
from servery.guests.say import edit
from servery.model.guest import Birthday, Note, SourceGuest
from servery.model.viewer import SYSTEM, Role
from servery.profile.provenance import provenance
from servery.profile.story import stories
from tests.profile.house import House, ago, viewer

pytestmark = pytest.mark.anyio


async def test_each_fact_names_the_record_that_says_it(house: House):
    guest = await house.guest(name="Anna Holm", email="anna@example.com", allergies=("Nuts",), birthday=Birthday(2, 29))
    await house.guest(
        "t1", till=True, name="Anna H", email="anna@example.com", phone="20 12 34 56", loyalty_id="L1",
        marketing="denied", notes=(Note("Likes the corner", "Bo", ago(3)),),
    )  # fmt: skip
    number = await house.booking(ago(10), guest_said=SourceGuest(allergies=("nuts", "Eggs")))
    told = await provenance(house.db, SYSTEM, guest)
    facts = {(one.kind, one.fact.value, one.fact.connection, one.fact.external_id) for one in told.facts}
    assert facts == {
        ("name", "Anna Holm", "Book", "g1"),
        ("email", "anna@example.com", "Till", "t1"),
        ("phone", "+4520123456", "Till", "t1"),
        ("birthday", "--02-29", "Book", "g1"),
        ("allergies", "Nuts", "Book", "g1"),
        ("allergies", "Eggs", "Book", number),
        ("loyalty_id", "L1", "Till", "t1"),
        ("marketing", "denied", "Till", "t1"),
        ("notes", "Likes the corner", "Till", "t1"),
    }
    assert next(one.fact.at for one in told.facts if one.kind == "notes") == ago(3)


async def test_a_value_stands_once_with_all_records_that_say_it(house: House):
    born, phone = Birthday(3, 3, 1970), "+4520123456"
    guest = await house.guest(name="Anna Holm", phone="20 12 34 56", birthday=born, tags=("Regular",))
    for number in ("t1", "t2"):
        await house.guest(number, till=True, name="anna  holm", phone=phone, birthday=born, tags=("regular",))
    facts = (await provenance(house.db, SYSTEM, guest)).facts
    told = {one.kind: [f.external_id for f in (one.fact, *one.also)] for one in facts}
    assert len(facts) == len(told)
    every = ["g1", "t1", "t2"]
    assert {kind: sorted(ids) for kind, ids in told.items()} == {
        "name": every, "phone": every, "birthday": every, "tags": every,
    }  # fmt: skip


async def test_a_role_sees_of_a_record_what_it_may_see_of_the_guest(house: House):
    guest = await house.guest(name="Anna", email="anna@example.com", phone="20 12 34 56", birthday=Birthday(3, 3))
    seen: dict[Role, tuple[str | None, str | None]] = {
        "server": (None, None),
        "host": ("anna@example.com", "20 12 34 56"),
    }
    for role, contact in seen.items():
        (record,) = (await provenance(house.db, viewer(role), guest)).records
        assert (record.name, record.birthday) == ("Anna", Birthday(3, 3))
        assert (record.email, record.phone) == contact


async def test_each_record_says_why_it_belongs(house: House):
    guest = await house.guest(name="Anna", email="anna@example.com")
    await house.guest("t1", till=True, name="Anna", email="anna@example.com")
    await house.removed(house.till, "guest", "t1")
    first, second = (await provenance(house.db, SYSTEM, guest)).records
    assert (first.connection, first.external_id, first.by, first.removed) == ("Book", "g1", None, False)
    assert (second.connection, second.by, second.author, second.removed) == ("Till", "email", "rules", True)


async def test_a_role_sees_the_sources_of_what_it_sees(house: House):
    guest = await house.guest(name="Anna", email="anna@example.com", allergies=("Nuts",), loyalty_id="L1")
    await house.booking(ago(10), guest_said=SourceGuest(allergies=("Eggs",)))
    kinds = {
        role: {one.kind for one in (await provenance(house.db, viewer(role), guest)).facts}
        for role in ("server", "marketer")
    }
    assert kinds == {"server": {"name", "allergies"}, "marketer": {"name", "email", "loyalty_id"}}


async def test_a_birthday_that_staff_wrote_names_them_until_the_guest_says_another(house: House):
    guest = await house.guest(name="Anna", birthday=Birthday(2, 29))
    await edit(house.db, viewer("host"), guest, {"birthday": "1980-02-28"})
    await refresh(house.db, [guest], "da_DK")
    told = await provenance(house.db, SYSTEM, guest)
    assert [(one.fact.value, one.fact.external_id, one.why) for one in told.facts if one.kind == "birthday"] == [
        ("1980-02-28", "", "staff")
    ]
    assert (await stories(house.db, SYSTEM, [guest]))[guest].birthday == Birthday(2, 28, 1980)
    await house.guest(name="Anna", birthday=Birthday(3, 1))
    told = await provenance(house.db, SYSTEM, guest)
    assert [(one.fact.value, one.fact.external_id) for one in told.facts if one.kind == "birthday"] == [
        ("--03-01", "g1")
    ]


async def test_a_guest_that_never_was(house: House):
    with pytest.raises(NotFound):
        await provenance(house.db, SYSTEM, 7)
