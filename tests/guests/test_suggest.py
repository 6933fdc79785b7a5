"""Which pairs a person is asked of, and how many: against the database."""

import pytest
from psycopg.types.json import Jsonb

from servery.errors import NotFound
from servery.guests.apart import are_apart
from servery.guests.likeness import Like
from servery.guests.matching.score import Reason, Scored
from servery.guests.merge import merge, say_apart, undo
from servery.guests.suggest import Open, put_off, suggest, suggestion, suggestion_count, suggestions
from servery.model.viewer import Viewer
from tests.guests.told import guest_of, seen, tell

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 7, "Vera", "host")
NAMES = (Reason("given", "same", 5.0), Reason("family", "same", 9.0))
PHONE = Reason("phone", "same", 14.0)


@pytest.fixture
async def records(db, systems):
    """Ten people of whom nothing is asked yet; the ids of their records."""
    letters = "ABCDEFGHIJ"
    await tell(db, systems[0], *(seen(one, f"Guest{one} Name{one}", f"{one}@{one}.example") for one in letters))
    cursor = await db.execute("select id from source_guest order by id")
    return [row["id"] for row in await cursor.fetchall()]


async def asked(db, *pairs):
    """Ask of pairs of records, each with its probability."""
    for one, other, probability in pairs:
        await db.execute(
            "insert into suggestion (one_id, other_id, probability, reasons) values (%s, %s, %s, %s)",
            [one, other, probability, Jsonb([])],
        )


async def pairs(db, **asked):
    return [(one.record_id, one.other_record_id) for one in await suggestions(db, 100, **asked)]


@pytest.mark.parametrize(
    ("probability", "reasons", "wanted"),
    [
        (0.95, (*NAMES, PHONE), 1),
        (0.95, NAMES, 0),
        (0.95, (*NAMES, Reason("email", "alike", 6.0)), 0),
        (0.95, (*NAMES, Reason("email", "slip", 9.0)), 1),
        (0.95, (*NAMES, Reason("phone", "other", -2.0)), 0),
        (0.89, (*NAMES, PHONE), 0),
    ],
)
async def test_only_what_a_person_can_decide_is_asked(db, records, probability, reasons, wanted):
    await suggest(db, {records[0]: [Like(records[1], Scored(probability, reasons))]}, again=())
    assert (await suggestion_count(db)).counted == wanted


async def test_of_one_guest_only_the_likeliest_few_are_open_and_the_next_follow(db, records):
    first, *others = records
    await asked(db, *((first, other, 0.91 + at / 100) for at, other in enumerate(others[:6])))
    likeliest = list(reversed(others[:6]))
    assert await pairs(db) == [(first, one) for one in likeliest[:3]]
    cursor = await db.execute(
        "select guest_id from source_guest where id = any(%s) order by id", [[first, likeliest[0]]]
    )
    await say_apart(db, HOST, *[row["guest_id"] for row in await cursor.fetchall()])
    assert await pairs(db) == [(first, one) for one in likeliest[1:4]]
    assert (await suggestion_count(db)).counted == 3


async def test_more_than_99_are_not_counted(db, systems):
    await tell(db, systems[0], *(seen(str(one), f"Guest{one} Name{one}", f"{one}@x.example") for one in range(202)))
    cursor = await db.execute("select id from source_guest order by id")
    ids = [row["id"] for row in await cursor.fetchall()]
    await asked(db, *((ids[at], ids[at + 1], 0.95) for at in range(0, 198, 2)))
    assert await suggestion_count(db) == Open(99, more=False)
    await asked(db, (ids[198], ids[199], 0.95))
    assert await suggestion_count(db) == Open(99, more=True)
    await asked(db, (ids[200], ids[201], 0.95))
    assert await suggestion_count(db) == Open(99, more=True)
    assert len(await suggestions(db, 200)) == 101


async def test_pages_follow_one_another_without_gap(db, records):
    await asked(db, *((records[at], records[at + 1], 0.95) for at in range(0, 10, 2)))
    whole = await suggestions(db, 100)
    assert [one.record_id for one in whole] == records[::2]
    [first, second] = await suggestions(db, 2)
    assert [one.id for one in await suggestions(db, 2, second.id)] == [one.id for one in whole[2:4]]
    assert await suggestions(db, 2, whole[-1].id) == []
    assert first.told == 0.95


async def test_what_is_put_off_is_asked_later_also_when_the_record_comes_again(db, records):
    one, other, third = records[:3]
    likes = {one: [Like(other, Scored(0.95, (*NAMES, PHONE)))]}
    await suggest(db, likes, again=())
    [found] = await suggestions(db, 10)
    await put_off(db, found.id, 30)
    assert (await suggestion_count(db)).counted == 0
    with pytest.raises(NotFound):
        await suggestion(db, found.id)
    likes = {one: [Like(other, Scored(0.96, (*NAMES, PHONE))), Like(third, Scored(0.93, (*NAMES, PHONE)))]}
    await suggest(db, likes, again=[one])
    assert await pairs(db) == [(one, third)]
    await put_off(db, found.id, 0)
    assert await pairs(db) == [(one, other), (one, third)]
    with pytest.raises(NotFound):
        await put_off(db, 0, 30)


async def test_nothing_is_told_as_certain(db, records):
    await asked(db, (records[0], records[1], 0.99999999))
    [found] = await suggestions(db, 10)
    assert found.told == 0.99


async def test_a_pair_said_apart_is_not_asked_again_by_whom_one_of_them_absorbed(db, systems, records):
    one, other, third = [await guest_of(db, letter) for letter in "ABC"]
    await asked(db, (records[1], records[2], 0.95))
    await say_apart(db, HOST, one, other)
    assert await pairs(db) == [(records[1], records[2])]
    done = await merge(db, HOST, one, third)
    assert await pairs(db) == []
    await undo(db, HOST, done.id)
    assert await pairs(db) == [(records[1], records[2])]
    assert await are_apart(db, one, other)
