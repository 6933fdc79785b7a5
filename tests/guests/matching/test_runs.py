"""Runs over all guests, against the database: what they join, what they leave, and taking them back."""

import pytest

from servery.errors import Invalid, NotFound
from servery.guests import log
from servery.guests.matching.runs import carry_out, learn, preview, undo
from servery.guests.merge import say_apart
from servery.guests.suggest import suggestion_count, suggestions
from servery.model.guest import Birthday
from servery.model.viewer import SYSTEM
from tests.guests.told import golden_of, guest_of, people, seen, tell

IDA = {"birthday": Birthday(4, 7, 1981), "postcode": "8000", "city": "Aarhus"}


async def no_rules(db):
    """Each record a guest of its own, as before anybody looked."""
    cursor = await db.execute("select id from source_guest order by id")
    for row in await cursor.fetchall():
        await db.execute(
            "with made as (insert into guest (name) values (null) returning id) "
            'update source_guest set guest_id = made.id, link = \'{"by": null, "author": "rules"}\' from made '
            "where source_guest.id = %s",
            [row["id"]],
        )
    await db.execute("delete from guest g where not exists (select from source_guest where guest_id = g.id)")


@pytest.fixture
async def two_idas(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "ida.holm@x.dk", "+4520123456", **IDA), seen("9", "Bo Berg", "b@x.dk"))
    await tell(db, book, seen("2", "Ida Holm", "ida.holm@x.dk", "+4520123456", **IDA))
    await tell(db, book, seen("3", "Bo Holm", "bo.holm@x.dk", "+4520123456", postcode="8000", city="Aarhus"))
    await no_rules(db)


@pytest.mark.anyio
async def test_a_run_joins_what_is_sure_and_is_taken_back_as_a_whole(db, two_idas):
    before = await people(db)
    found = await preview(db, lambda _: None)
    assert await people(db) == before
    assert found.joins == ((await guest_of(db, "1"), await guest_of(db, "2")),)
    run = await carry_out(db, found, SYSTEM, "da_DK")
    assert await people(db) == [["1", "2"], ["3"], ["9"]]
    back = await undo(db, SYSTEM, run.id, "da_DK")
    assert len(back.steps) == len(run.steps) == 1
    assert await people(db) == before
    with pytest.raises(Invalid, match="already"):
        await undo(db, SYSTEM, run.id, "da_DK")


@pytest.mark.anyio
async def test_a_run_never_joins_those_of_whom_somebody_said_no(db, two_idas):
    await say_apart(db, SYSTEM, await guest_of(db, "1"), await guest_of(db, "2"))
    assert (await preview(db, lambda _: None)).joins == ()


@pytest.mark.anyio
async def test_what_too_many_share_joins_nobody_in_a_run_either(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Quentin Ravnsborg", phone="+4520123456"))
    await tell(db, book, seen("2", "Quentin Ravnsborg", phone="+4520123456"))
    await no_rules(db)
    assert len((await preview(db, lambda _: None)).joins) == 1
    await db.execute("insert into crowded_contact values ('+4520123456')")
    assert (await preview(db, lambda _: None)).joins == ()


@pytest.mark.anyio
async def test_there_is_no_such_run(db, systems):
    with pytest.raises(NotFound):
        await undo(db, SYSTEM, 77, "da_DK")


@pytest.mark.anyio
async def test_nobody_is_a_base_too(db, systems):
    assert (await preview(db, lambda _: None)).records == 0


@pytest.mark.anyio
async def test_weights_are_learnt_as_versions_and_the_latest_counts(db, two_idas):
    assert [(await learn(db)).version, (await learn(db)).version] == [1, 2]
    assert (await preview(db, lambda _: None)).weights == 2


@pytest.mark.anyio
async def test_what_is_likely_and_not_sure_is_asked_after_a_run_and_not_twice(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "ida.holm@x.dk", postcode="8000", city="Aarhus"))
    await tell(db, book, seen("2", "Ida Holm", "ida@y.dk", postcode="8000", city="Aarhus"))
    await no_rules(db)
    await db.execute("delete from suggestion")
    found = await preview(db, lambda _: None)
    assert found.joins == ()
    assert len(found.asks) == 1
    assert (await suggestion_count(db)).counted == 0
    await carry_out(db, found, SYSTEM, "da_DK")
    await carry_out(db, await preview(db, lambda _: None), SYSTEM, "da_DK")
    (asked,) = await suggestions(db, 10)
    assert {asked.guest_id, asked.other_id} == {await guest_of(db, "1"), await guest_of(db, "2")}
    assert asked.reasons


@pytest.mark.anyio
async def test_nobody_is_asked_about_those_of_whom_somebody_said_no(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "ida.holm@x.dk", postcode="8000", city="Aarhus"))
    await tell(db, book, seen("2", "Ida Holm", "ida@y.dk", postcode="8000", city="Aarhus"))
    await no_rules(db)
    await say_apart(db, SYSTEM, await guest_of(db, "1"), await guest_of(db, "2"))
    assert (await preview(db, lambda _: None)).asks == ()


@pytest.mark.anyio
async def test_a_record_that_rules_put_with_another_and_that_is_not_like_it_is_shown_and_not_parted(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "desk@x.dk", "+4520123456", **IDA))
    await tell(db, book, seen("2", "Bo Berg", "bo@y.dk", "+4520123456", birthday=Birthday(1, 2, 1950), postcode="2100"))
    await no_rules(db)
    first, second = await guest_of(db, "1"), await guest_of(db, "2")
    await db.execute("update source_guest set guest_id = %s where guest_id = %s", [first, second])
    await db.execute("delete from guest where id = %s", [second])
    cursor = await db.execute("select id from source_guest where external_id = '2'")
    (record,) = [row["id"] for row in await cursor.fetchall()]
    found = await preview(db, lambda _: None)
    assert found.parts == ((first, record),)
    await carry_out(db, found, SYSTEM, "da_DK")
    assert await people(db) == [["1", "2"]]
    await db.execute('update source_guest set link = \'{"by": null, "author": "user:1"}\' where id = %s', [record])
    assert (await preview(db, lambda _: None)).parts == ()


@pytest.mark.anyio
async def test_a_run_goes_by_the_weights_of_the_preview_that_somebody_saw(db, two_idas):
    await learn(db)
    assert (await preview(db, lambda _: None, version=0)).weights == 0
    with pytest.raises(NotFound, match="version 9"):
        await preview(db, lambda _: None, version=9)


@pytest.mark.anyio
async def test_weights_hold_no_value_that_few_records_say(db, systems):
    till, _ = systems
    crowd_of = [seen(str(at), f"Ida Holm{at % 7}", f"ida{at % 40}@x.dk", postcode="8000") for at in range(60)]
    await tell(db, till, *crowd_of)
    held = (await learn(db)).frequencies
    assert "8000" in held["postcode"]
    assert held.get("email", {}) == {}
    assert held["family"] == {}


@pytest.mark.anyio
async def test_three_who_are_one_are_joined_by_steps_that_are_taken_back_one_by_one(db, systems):
    till, _ = systems
    for external_id in ("1", "2", "3"):
        await tell(db, till, seen(external_id, "Ida Holm", "ida.holm@x.dk", "+4520123456", **IDA))
    await no_rules(db)
    before = [await guest_of(db, external_id) for external_id in ("1", "2", "3")]
    run = await carry_out(db, await preview(db, lambda _: None), SYSTEM, "da_DK")
    assert await people(db) == [["1", "2", "3"]]
    first, last = [await log.step(db, step) for step in run.steps]
    assert (first.guest_id, first.other_id, first.kept) == (before[0], before[1], first.kept[:1])
    assert (last.other_id, len(last.kept), len(last.moved)) == (before[2], 2, 1)
    assert set(run.moved) == {*first.moved, *last.moved}
    assert [await log.living(db, guest) for guest in before] == [before[0]] * 3
    assert (await golden_of(db, "1")).name.value == "Ida Holm"
    await undo(db, SYSTEM, run.id, "da_DK")
    assert await people(db) == [["1"], ["2"], ["3"]]
    assert [await guest_of(db, external_id) for external_id in ("1", "2", "3")] == before
