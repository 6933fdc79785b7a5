"""Runs over all guests, and what happened between finding out and doing, or between doing and taking back."""

import pytest

from servery.guests.apart import are_apart
from servery.guests.log import latest
from servery.guests.matching import runs
from servery.guests.merge import merge, say_apart, undo
from servery.model.viewer import Viewer
from tests.guests.told import guest_of, people, seen, tell

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")


async def four(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Holm", "i@x.dk"), seen("2", "Ida Holm", "j@x.dk"))
    await tell(db, till, seen("3", "Bo Berg", "b@x.dk"), seen("4", "Bo Berg", "c@x.dk"))
    one, two, three, four = [await guest_of(db, number) for number in "1234"]
    return runs.Preview(4, 0, ((one, two), (three, four)), after=await latest(db))


async def test_what_is_gone_stops_nothing_else_of_a_run_from_being_taken_back(db, systems):
    done = await runs.carry_out(db, await four(db, systems), HOST, "da_DK")
    assert await people(db) == [["1", "2"], ["3", "4"]]
    await db.execute("delete from source_guest where external_id = '4'")
    back = await runs.undo(db, HOST, done.id, "da_DK")
    assert (len(back.steps), len(back.left)) == (1, 1)
    assert await people(db) == [["1"], ["2"], ["3"]]


async def test_a_run_is_taken_back_although_guests_of_it_were_erased(db, systems):
    wanted = await four(db, systems)
    done = await runs.carry_out(db, wanted, HOST, "da_DK")
    await db.execute("delete from source_guest where external_id in ('3', '4')")
    await db.execute("delete from guest where id = any(%s)", [list(wanted.joins[1])])
    back = await runs.undo(db, HOST, done.id, "da_DK")
    assert (len(back.steps), len(back.left)) == (1, 1)
    assert await people(db) == [["1"], ["2"]]


async def test_not_the_same_said_after_a_run_was_previewed_holds_against_it(db, systems):
    wanted = await four(db, systems)
    await say_apart(db, HOST, *wanted.joins[0])
    await runs.carry_out(db, wanted, HOST, "da_DK")
    assert await people(db) == [["1"], ["2"], ["3", "4"]]
    assert await are_apart(db, *wanted.joins[0])


async def test_guests_that_somebody_merged_and_parted_or_renamed_meanwhile_are_left_alone(db, systems):
    wanted = await four(db, systems)
    await undo(db, HOST, (await merge(db, HOST, *wanted.joins[0])).id)
    await tell(db, systems[0], seen("4", "Anna Lund", "c@x.dk", revision=2))
    await runs.carry_out(db, wanted, HOST, "da_DK")
    assert await people(db) == [["1"], ["2"], ["3"], ["4"]]


async def test_a_slip_that_may_make_another_name_is_not_joined_by_way_of_a_third(db, systems):
    till, _ = systems
    await tell(
        db, till, seen("1", "Jürgen Fahl", "i@x.dk"), seen("2", "Jürgne Fahl", "j@x.dk"), seen("3", None, "k@x.dk")
    )
    one, two, nameless = [await guest_of(db, number) for number in "123"]
    await runs.carry_out(db, runs.Preview(3, 0, ((one, two, nameless),), after=await latest(db)), HOST, "da_DK")
    assert await people(db) == [["1"], ["2"], ["3"]]
