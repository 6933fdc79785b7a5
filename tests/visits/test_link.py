import pytest

from servery.errors import Forbidden, Invalid, NotFound
from servery.model.guest import SourceGuest
from servery.model.viewer import RIGHTS, SYSTEM, Viewer
from servery.visits.form import form_visits
from servery.visits.link import decided, link, unlink
from tests.visits.evening import Evening, booking, check, evening

pytestmark = pytest.mark.anyio

IDA, BO = SourceGuest(name="Ida Jensen"), SourceGuest(name="Bo Jensen")


@pytest.fixture
async def tonight(db) -> Evening:
    return await evening(db)


async def two_jensens(tonight: Evening) -> None:
    """A check that may be either of two bookings'."""
    await tonight.tell(
        booking("r1", guest=IDA), booking("r2", 5, guest=BO, tables=("8",)), check("c1", 3, table=None, label="Jensen")
    )
    assert await tonight.members() == [([], ["c1"])]


async def decide(tonight: Evening, check_named: str, booking_named: str | None) -> None:
    chosen = await booking_id(tonight, booking_named) if booking_named else None
    await form_visits(tonight.db, [await link(tonight.db, await check_id(tonight, check_named), chosen)])


async def undo(tonight: Evening, check_named: str) -> None:
    await form_visits(tonight.db, [await unlink(tonight.db, await check_id(tonight, check_named))])


async def check_id(tonight: Evening, name: str) -> int:
    return int(await tonight.one(f"select id from checks where external_id = '{name}'"))


async def booking_id(tonight: Evening, name: str) -> int:
    return int(await tonight.one(f"select id from reservation where external_id = '{name}'"))


async def still_asked(tonight: Evening) -> int:
    return int(await tonight.one("select count(*) from checks where candidates is not null"))


async def test_a_person_says_whose_a_check_is_and_no_later_reading_changes_it(tonight):
    await two_jensens(tonight)
    await decide(tonight, "c1", "r2")
    assert await tonight.members() == [(["r2"], ["c1"])]
    await tonight.tell(check("c1", 3, revision=2, amount=900, table="7", label="Ida"))
    await tonight.tell(booking("r1", revision=2, guest=IDA, status="seated"))
    assert await tonight.members() == [(["r1"], []), (["r2"], ["c1"])]
    assert await tonight.one("select match - 'told_at' from checks") == {
        "by": "staff",
        "score": 1.0,
        "reasons": [{"code": "staff", "weight": 0.0}],
        "reservation_id": await booking_id(tonight, "r2"),
    }


async def test_a_person_says_it_is_nobodys_and_it_is_not_asked_again(tonight):
    await two_jensens(tonight)
    assert await still_asked(tonight) == 1
    await decide(tonight, "c1", None)
    await tonight.tell(check("c1", 3, revision=2, table="7", label="Ida Jensen"))
    assert await tonight.members() == [([], ["c1"])]
    assert await still_asked(tonight) == 0


async def test_undone_the_rules_decide_as_before(tonight):
    await two_jensens(tonight)
    await decide(tonight, "c1", "r1")
    assert await still_asked(tonight) == 0
    await undo(tonight, "c1")
    assert await tonight.members() == [([], ["c1"])]
    assert await still_asked(tonight) == 1
    assert await tonight.one("select match from checks") is None


async def test_a_check_taken_off_its_booking_becomes_a_walk_in_and_comes_back_undone(tonight):
    await tonight.tell(booking("r1", status="seated"), check("c1"))
    await decide(tonight, "c1", None)
    assert await tonight.members() == [([], ["c1"]), (["r1"], [])]
    await undo(tonight, "c1")
    assert await tonight.members() == [(["r1"], ["c1"])]
    assert await tonight.one("select match ->> 'by' from checks") == "rules"


async def test_split_checks_go_with_the_one_that_was_decided_about_and_are_let_go_with_it(tonight):
    await two_jensens(tonight)
    await tonight.tell(check("c2", 80, closed_at=None, table=None, split_from="c1"))
    await decide(tonight, "c1", "r1")
    assert await tonight.members() == [(["r1"], ["c1", "c2"])]
    await decide(tonight, "c1", "r2")
    assert await tonight.members() == [(["r2"], ["c1", "c2"])]
    await undo(tonight, "c1")
    assert await tonight.members() == [([], ["c1", "c2"])]
    assert await tonight.one("select count(*) from checks where match is not null") == 0


async def test_one_of_two_split_checks_taken_off_stays_alone_and_leaves_the_other(tonight):
    await tonight.tell(booking("r1"), check("c1"), check("c2", 80, table=None, split_from="c1"))
    assert await tonight.members() == [(["r1"], ["c1", "c2"])]
    await decide(tonight, "c2", None)
    assert await tonight.members() == [([], ["c2"]), (["r1"], ["c1"])]


async def test_two_split_checks_that_were_decided_about_apart_stay_apart(tonight):
    await two_jensens(tonight)
    await tonight.tell(check("c2", 80, table=None, split_from="c1"))
    await decide(tonight, "c1", "r1")
    await decide(tonight, "c2", "r2")
    assert await tonight.members() == [(["r1"], ["c1"]), (["r2"], ["c2"])]
    await undo(tonight, "c2")
    assert await tonight.members() == [(["r1"], ["c1", "c2"])]


async def test_what_is_not_there_or_of_another_day_is_refused(tonight):
    await tonight.tell(booking("r1"), booking("r2", 24 * 60), check("c1"), check("c2", 7, table="9", status="void"))
    c1, elsewhere = await check_id(tonight, "c1"), await booking_id(tonight, "r2")
    with pytest.raises(NotFound, match="There is no check 999"):
        await link(tonight.db, 999, None)
    with pytest.raises(NotFound, match="There is no check"):
        await unlink(tonight.db, await check_id(tonight, "c2"))
    with pytest.raises(NotFound, match="There is no booking 999"):
        await link(tonight.db, c1, 999)
    with pytest.raises(Invalid, match="of another day or venue"):
        await link(tonight.db, c1, elsewhere)
    assert await tonight.members() == [(["r1"], ["c1"])]


async def test_what_was_decided_is_listed_the_latest_first_and_siblings_are_not(tonight):
    await two_jensens(tonight)
    await tonight.tell(check("c2", 80, table=None, split_from="c1"), check("c3", 7, table="9"))
    ids = [await check_id(tonight, name) for name in ("c1", "c2", "c3")]
    await decide(tonight, "c1", "r2")
    await decide(tonight, "c3", None)
    found = await decided(tonight.db, SYSTEM, ids)
    assert [(one.id, one.name, one.total) for one in found] == [(ids[2], None, 100), (ids[0], "Bo Jensen", 100)]
    host = Viewer("person", 1, "Rosa", "host")
    assert {one.total for one in await decided(tonight.db, host, ids)} == {None}
    await undo(tonight, "c1")
    assert [one.id for one in await decided(tonight.db, SYSTEM, ids)] == [ids[2]]


async def test_who_sees_no_guests_sees_no_decisions(tonight, monkeypatch):
    monkeypatch.setitem(RIGHTS, "server", frozenset())
    with pytest.raises(Forbidden):
        await decided(tonight.db, Viewer("person", 1, "Rosa", "server"), [1])
