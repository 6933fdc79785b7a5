"""Work over all guests: one at a time, what a look found kept by numbers alone, and what becomes of it."""

import pytest
from msgspec import structs

from servery.errors import Invalid, NotFound, Refuse
from servery.guests import log
from servery.guests.matching import kept, work
from servery.guests.matching.found import Why
from servery.guests.matching.runs import Preview, Run, carry_out, preview
from servery.model.viewer import SYSTEM, Viewer
from tests.guests.matching.test_runs import IDA, no_rules
from tests.guests.told import guest_of, people, seen, tell

pytestmark = pytest.mark.anyio
VERA = Viewer("person", 7, "Vera", "host")


@pytest.fixture
async def idas(db, systems):
    """Ida twice and her like once; the numbers of the two who are one."""
    till, book = systems
    await tell(db, till, seen("1", "Ida Holm", "ida.holm@x.dk", "+4520123456", **IDA))
    await tell(db, book, seen("2", "Ida Holm", "ida.holm@x.dk", "+4520123456", **IDA))
    await tell(db, book, seen("3", "Ida Holm", "ida@y.dk", postcode="8000", city="Aarhus"))
    await no_rules(db)
    await db.execute("delete from suggestion")
    return await guest_of(db, "1"), await guest_of(db, "2")


async def looked(db):
    """A look that somebody asked for and that is done."""
    assert await work.look(db, VERA)
    one = await work.take(db)
    assert one and await work.looked(db, one.id, await preview(db, lambda _: None))
    return await work.work(db, one.id)


async def test_one_thing_is_at_work_at_a_time(db, idas):
    first = await work.look(db, VERA)
    assert first and first.under_way and first.viewer == structs.replace(VERA, name="")
    assert [await work.look(db, VERA), await work.learn(db, VERA)] == [None, None]
    taken = await work.take(db)
    assert taken and (taken.id, taken.state, taken.tries) == (first.id, "works", 1)
    assert await work.look(db, VERA) is None
    await work.leave(db, first.id)
    assert await work.look(db, VERA)


async def test_what_broke_off_is_begun_again(db, idas):
    asked = await work.look(db, VERA)
    await work.take(db)
    again = await work.take(db)
    assert asked and again and (again.id, again.tries) == (asked.id, 2)


async def test_what_a_look_found_is_kept_the_least_sure_first_and_comes_back_as_it_was(db, idas):
    await work.look(db, VERA)
    one = await work.take(db)
    told = Preview(
        9, 0, ((1, 2), (3, 4, 5)), (), ((3, 8),), 77,
        why={2: Why(12, 11, 30.0), 4: Why(13, 14, 40.0), 5: Why(14, 15, 8.5)},
    )  # fmt: skip
    assert one and await work.looked(db, one.id, told)
    kept_so = await kept.joins(db, one.id)
    assert [(join.place, join.guest_ids) for join in kept_so] == [(1, (3, 4, 5)), (2, (1, 2))]
    assert [join.guest_ids for join in await kept.joins(db, one.id, 1, after=1)] == [(1, 2)]
    assert await work.found_by(db, await work.work(db, one.id)) == told


async def test_a_look_is_told_in_words_and_joined_as_it_was_seen(db, idas):
    look = await looked(db)
    assert (look.found.guests, look.found.people, look.found.asks, look.found.records) == (1, 1, 1, 3)
    [join] = await kept.told(db, await kept.joins(db, look.id), await weights(db, look))
    assert join.guest_ids == idas
    assert (join.because[0].guest_id, join.because[0].probability) == (idas[1], 0.99)
    assert ("email", "same") in {(reason.comparison, reason.level) for reason in join.because[0].reasons}
    asked = await work.join(db, VERA, look.id)
    one = await work.take(db)
    assert asked and one and one.id == asked.id
    run = await carry_out(db, await work.found_by(db, look), VERA, "da_DK")
    await work.joined(db, one, run)
    assert await people(db) == [["1", "2"], ["3"]]
    assert [(await work.work(db, one.id)).found.guests, (await work.work(db, look.id)).state] == [1, "used"]
    assert [await kept.joins(db, look.id), await kept.asks(db, look.id), await kept.parts(db, look.id)] == [[], [], []]
    [step] = [await log.step(db, number) for number in run.steps]
    assert step.run == run.id and step.score and step.score.probability > 0.99
    with pytest.raises(Invalid, match="not offered any more"):
        await work.join(db, VERA, look.id)
    with pytest.raises(Refuse, match="done already"):
        await work.joined(db, one, Run(run.id, (), ()))


async def taken(db):
    one = await work.take(db)
    assert one
    return one


async def weights(db, look):
    from servery.guests.matching.runs import weights_of

    return await weights_of(db, look.weights)


async def test_what_is_left_old_or_looked_at_anew_is_forgotten(db, idas):
    first = await looked(db)
    await work.leave(db, first.id)
    assert (await work.work(db, first.id)).state == "left"
    assert await kept.joins(db, first.id) == []
    with pytest.raises(Invalid):
        await work.leave(db, first.id)
    second = await looked(db)
    assert await work.leave_old(db) == 0
    await db.execute("update guest_work set ended_at = now() - interval '25 hours' where id = %s", [second.id])
    assert await work.leave_old(db) == 1
    assert await work.offered(db) is None
    third, fourth = await looked(db), await looked(db)
    assert [(await work.work(db, third.id)).state, await kept.joins(db, third.id)] == ["left", []]
    offered = await work.offered(db)
    assert offered and offered.id == fourth.id


async def test_what_was_left_while_it_was_looked_is_not_kept(db, idas):
    await work.look(db, VERA)
    asked = await taken(db)
    found = await preview(db, lambda _: None)
    await work.leave(db, asked.id)
    assert not await work.looked(db, asked.id, found)
    assert await kept.joins(db, asked.id) == []


async def test_a_guest_of_whom_a_system_said_something_since_the_look_is_left_alone(db, idas):
    look = await looked(db)
    await db.execute("update source_guest set seen_at = now() + interval '1 minute' where external_id = '2'")
    run = await carry_out(db, await work.found_by(db, look), VERA, "da_DK")
    assert run.steps == ()
    assert await people(db) == [["1"], ["2"], ["3"]]


async def test_whom_to_ask_about_may_be_gone_by_then(db, idas):
    found = await preview(db, lambda _: None)
    assert len(found.asks) == 1
    await db.execute("delete from source_guest where external_id = '3'")
    await carry_out(db, found, SYSTEM, "da_DK")
    assert await guest_of(db, "1") == await guest_of(db, "2")
    cursor = await db.execute("select count(*) as n from suggestion")
    assert (await cursor.fetchone())["n"] == 0


async def test_what_is_not_there_cannot_be_asked_for(db, idas):
    with pytest.raises(NotFound, match="version 9"):
        await work.look(db, VERA, 9)
    for asked in (work.work(db, 99), work.join(db, VERA, 99), work.leave(db, 99), work.undo(db, VERA, 99)):
        with pytest.raises(NotFound):
            await asked
    assert await work.take(db) is None
