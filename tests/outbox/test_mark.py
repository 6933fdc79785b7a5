"""One row for each object, marked as often as it changes."""

from typing import Any

import pytest

from servery.outbox import echoes, hold_all, mark, parties, status
from servery.outbox.hold import hold, release, send_now
from servery.outbox.mark import installation_id, our_id
from servery.storage.pool import Connection

pytestmark = pytest.mark.anyio


async def rows(db: Connection, columns: str = "subject_id, version, state") -> list[tuple[Any, ...]]:
    cursor = await db.execute(f"select {columns} from outbox_target order by id")
    return [tuple(row.values()) for row in await cursor.fetchall()]


async def test_what_is_marked_again_is_the_same_row_in_its_next_version(db: Connection) -> None:
    await mark(db, 1, "guest", [7, 9])
    await mark(db, 1, "guest", [9, 9])
    await mark(db, 1, "party", [7])
    assert await rows(db, "kind, subject_id, version, state") == [
        ("guest", 7, 1, "due"), ("guest", 9, 2, "due"), ("party", 7, 1, "due")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [("rests", "due"), ("refused", "due"), ("held", "held"), ("ambiguous", "ambiguous"), ("due", "due")],
)
async def test_what_a_mark_does_to_each_state(db: Connection, before: str, after: str) -> None:
    await mark(db, 1, "guest", [7])
    tried = 1 if before == "ambiguous" else None
    await db.execute("update outbox_target set state = %s, attempts = 4, tried_version = %s", [before, tried])
    await mark(db, 1, "guest", [7])
    tries = 0 if before in ("rests", "refused") else 4
    assert await rows(db, "version, state, attempts") == [(2, after, tries)]


async def test_what_was_refused_with_an_unknown_end_is_looked_up_when_marked(db: Connection) -> None:
    await mark(db, 1, "guest", [7])
    await db.execute("update outbox_target set state = 'refused', tried_version = 1")
    await mark(db, 1, "guest", [7])
    assert await rows(db) == [(7, 2, "ambiguous")]


async def test_our_id_stays_when_the_row_is_made_again(db: Connection) -> None:
    await mark(db, 1, "guest", [7])
    first = await rows(db, "our_id")
    await db.execute("delete from outbox_target")
    await mark(db, 1, "guest", [7])
    assert await rows(db, "our_id") == first == [(our_id(await installation_id(db), 1, "guest", 7),)]
    assert our_id(await installation_id(db), 1, "party", 7) != first[0][0]


async def test_everything_can_be_held_and_released(db: Connection) -> None:
    await mark(db, 1, "guest", [1, 2, 3])
    await db.execute("update outbox_target set state = 'rests' where subject_id = 3")
    await db.execute("update outbox_target set external_id = 'x' where subject_id = 2")
    assert await hold_all(db) == 2
    await mark(db, 1, "guest", [1])
    assert await rows(db, "subject_id, state, tried_version") == [(1, "held", 1), (2, "held", None), (3, "rests", None)]
    assert await release(db) == 2
    # What was never acknowledged may have gone out after the backup.
    assert await rows(db, "subject_id, state") == [(1, "ambiguous"), (2, "due"), (3, "rests")]


async def test_one_can_be_held_released_and_sent_now(db: Connection) -> None:
    await mark(db, 1, "guest", [1])
    ((target,),) = await rows(db, "id")
    await hold(db, target)
    assert await rows(db) == [(1, 1, "held")]
    await release(db, target)
    await db.execute("update outbox_target set state = 'refused', next_try_at = now() + interval '1 day'")
    await send_now(db, target)
    assert await rows(db, "state, next_try_at <= clock_timestamp()") == [("due", True)]


async def test_echoes_and_parties_are_found_by_their_id_there(db: Connection) -> None:
    await mark(db, 1, "party", [5, 6])
    await mark(db, 1, "guest", [5])
    await db.execute(
        "update outbox_target set external_id = 'o' || subject_id, written = '{\"party_size\": 4}' "
        "where kind = 'party' and subject_id = 5"
    )
    assert await echoes(db, 1, "party", ["o5", "o6"]) == {"o5": {"party_size": 4}}
    assert await echoes(db, 1, "guest", ["o5"]) == {}
    assert await parties(db, 1, ["o5", "nonsense"]) == {"o5": 5}
    assert await parties(db, 2, ["o5"]) == {}


async def test_status_counts_what_waits(db: Connection) -> None:
    assert await status(db) == []
    await mark(db, 1, "guest", [1, 2, 3, 4])
    for subject, state in ((2, "ambiguous"), (3, "refused"), (4, "held")):
        await db.execute("update outbox_target set state = %s where subject_id = %s", [state, subject])
    (one,) = await status(db)
    assert (one.waiting, one.ambiguous, one.refused, one.held) == (2, 1, 1, 1)
    assert one.oldest is not None
    assert one.error_share is None
