"""Events from the inbox into the house: one at a time for each object, none lost, none in the way of the others."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import psycopg
import pytest

from servery.app import taking
from servery.app.arrive import arrive
from servery.errors import NeedsPerson, Retry
from servery.inbox import claim
from servery.inbox.quarantine import error_of, groups
from servery.storage.pool import open_pool
from servery.sync.pace import Pace, Rhythm, keep_rhythm
from tests.app.inbox import House, check, house

pytestmark = pytest.mark.anyio


@pytest.fixture
async def till(database: str) -> AsyncIterator[House]:
    async with open_pool(database) as pool, house(pool) as till:
        yield till


def stumbling(monkeypatch: pytest.MonkeyPatch, *poison: str) -> list[str]:
    """Make the house stumble over these checks with a fault of its own; returns what is still poison."""
    left = list(poison)

    async def arrives(db, connection_id, places, changes, erased=None):
        applied = await arrive(db, connection_id, places, changes)
        if any(one.external_id in left for one in changes):
            raise ZeroDivisionError
        return applied

    monkeypatch.setattr(taking, "arrive", arrives)
    return left


async def checks(till: House) -> list[str]:
    return [one for (one,) in await till.rows("select external_id from checks where not removed order by 1")]


async def test_events_are_applied_with_their_outcome_and_leave_the_list_of_work(till):
    await till.arrives(check("c1"), {"lane": "x"}, check("c1"))
    assert await till.take() == 3
    assert await checks(till) == ["c1"]
    assert await till.rows("select outcome, lane from inbox_outcome order by event_id") == [
        ("applied", "check:c1"), ("unchanged", "x"), ("unchanged", "check:c1"),
    ]  # fmt: skip
    assert await till.rows("select count(*) from inbox_work") == [(0,)]
    assert await till.rows("select kind, external_id, count(*) from inbox_record group by 1, 2") == [("check", "c1", 2)]
    assert await till.take() == 0


async def test_a_check_is_in_its_visit_once_its_event_is_taken_in(till):
    booked = {"lane": "b", "records": [["reservation", {"id": "r1", "tables": ["7"]}]]}
    await till.arrives(booked, check("c1", table="7", closed=True, total=45_000))
    await till.take()
    assert await till.rows("select covers, spend from visit where gone_at is null") == [(2, 45_000)]


async def test_what_is_only_named_is_fetched_once_and_kept_as_it_came(till):
    till.answers["checks"] = [{"id": "c1", "revision": 3}, {"id": "c2"}]
    await till.arrives(
        {"lane": "c1", "wanted": [["checks", "c1"]]},
        {"lane": "c1", "wanted": [["checks", "c1"]]},
        {"lane": "c2", "wanted": [["checks", "c2"]]},
        {"lane": "gone", "wanted": [["checks", "gone"]]},
    )
    await till.take()
    assert till.asked == [("checks", ("c1", "c2", "gone"))]
    assert await checks(till) == ["c1", "c2"]
    kept = "select convert_from(body, 'UTF8')::json ->> 'id' from inbox_event where via = 'poll' order by 1"
    assert await till.rows(kept) == [("c1",), ("c2",)]
    assert await till.rows("select outcome from inbox_outcome o join inbox_event e on e.id = o.event_id "
                           "where e.via = 'webhook' order by event_id") == [
        ("applied",), ("unchanged",), ("applied",), ("unchanged",)]  # fmt: skip


@pytest.mark.parametrize("failure", [Retry("The system is away."), NeedsPerson("The key is refused.", field="key")])
async def test_while_a_system_is_away_its_events_wait_however_long_and_others_go_on(till, failure):
    till.answers["checks"] = [{"id": "c1"}]
    await till.arrives({"lane": "c1", "wanted": [["checks", "c1"]]}, check("c2"))
    for _ in range(claim.TRIES + 2):
        till.fails = [failure]
        await till.take()
        await till.pass_time()
    assert await checks(till) == ["c2"]
    assert await till.rows("select attempts, error ->> 'code' from inbox_work") == [(0, failure.code)]
    await till.take()
    assert await checks(till) == ["c1", "c2"]


async def test_each_event_of_a_set_says_what_it_did_itself(till):
    await till.arrives(check("same"))
    await till.take()
    guest = {"lane": "g", "records": [["guest", {"id": "g1", "name": "Ida"}]]}
    gone = {"lane": "g2", "records": [["check", {"id": "same", "revision": 3, "removed": True}]]}
    await till.arrives(
        check("same"), check("new"), check("new"), check("new", 2, total=20_000), check("new", 3, total=20_000),
        check("same", location="syd"), guest, guest, gone, gone,
    )  # fmt: skip
    await till.take()
    assert [one for (one,) in await till.rows("select outcome from inbox_outcome order by event_id")] == [
        "applied",
        "unchanged", "applied", "unchanged", "applied", "unchanged", "applied", "applied", "unchanged",
        "applied", "unchanged",
    ]  # fmt: skip


async def test_news_has_the_resource_polled_at_once(till):
    async with till.pool.connection() as db:
        await db.execute(
            "insert into sync_state (connection_id, resource, polled_until, last_ok_at) "
            "values (%s, 'checks', now() - interval '1 minute', now()), (%s, 'people', now(), now())",
            [till.id, till.id],
        )  # fmt: skip
    await till.arrives({"lane": "x", "news": ["checks"]})
    await till.take()
    assert await till.rows("select resource from sync_state where next_try_at <= now()") == [("checks",)]


async def batches(till: House, *times: datetime, pace: Pace = "batch") -> None:
    """Let the connection be read at these times of the day."""
    local = [one.astimezone(ZoneInfo("Europe/Copenhagen")) for one in times]
    rhythm = Rhythm(pace=pace, batch_at=tuple(one.hour * 60 + one.minute for one in local))
    async with till.pool.connection() as db:
        await keep_rhythm(db, till.id, rhythm)


NAMED = {"lane": "c1", "wanted": [["checks", "c1"]]}


async def test_a_till_read_at_set_times_is_not_asked_before_whatever_its_events_name(till):
    till.answers["checks"] = [{"id": "c1"}]
    now = datetime.now(UTC)
    await batches(till, now + timedelta(hours=2), now - timedelta(hours=2))
    async with till.pool.connection() as db:
        await db.execute(
            "insert into sync_state (connection_id, resource, polled_until, last_ok_at) "
            "values (%s, 'checks', now() - interval '1 minute', now())", [till.id],
        )  # fmt: skip
    (named, *_) = await till.arrives(NAMED, check("c2"), {"lane": "c1", "news": ["checks"]})
    await till.take_all()
    assert (till.asked, await checks(till)) == ([], ["c2"]), "what came whole needs no asking"
    assert await till.rows("select count(*) from sync_state where next_try_at is not null") == [(0,)]
    waits = "select event_id, attempts, error, (next_try_at - now()) > interval '1 hour' from inbox_work"
    assert await till.rows(waits) == [(named, 0, None, True)]
    await till.arrives(check("c1", label="newer"))
    await till.take_all()
    assert await checks(till) == ["c1", "c2"], "what came whole does not wait behind what is asked for later"
    await till.pass_time(timedelta(hours=3))
    await till.take_all()
    assert (till.asked, await till.rows("select count(*) from inbox_work")) == ([("checks", ("c1",))], [(0,)])


@pytest.mark.parametrize("pace", ["live", "hybrid"])
async def test_in_any_other_pace_it_is_asked_at_once(till, pace):
    till.answers["checks"] = [{"id": "c1"}]
    await batches(till, datetime.now(UTC) + timedelta(hours=2), pace=pace)
    await till.arrives(NAMED)
    await till.take_all()
    assert await checks(till) == ["c1"]


async def test_what_a_set_time_has_passed_over_is_asked_for_at_once(till):
    """The worker was down when the time came."""
    till.answers["checks"] = [{"id": "c1"}]
    await batches(till, datetime.now(UTC) - timedelta(minutes=10))
    await till.arrives(NAMED)
    await till.pass_time(timedelta(minutes=20))
    await till.take_all()
    assert await checks(till) == ["c1"]


async def test_somebody_who_does_not_want_to_wait_for_the_set_time_need_not(till):
    till.answers["checks"] = [{"id": "c1"}]
    await batches(till, datetime.now(UTC) + timedelta(hours=2))
    await till.arrives(NAMED)
    await till.take_all()
    async with till.pool.connection() as db:
        await claim.try_now(db, till.id)
    await till.take_all()
    assert await checks(till) == ["c1"]


async def test_a_fault_stops_its_own_lane_only_and_the_lane_goes_on_in_order_when_it_is_mended(till, monkeypatch):
    poison = stumbling(monkeypatch, "bad")
    first, *_ = await till.arrives(check("bad"), check("good"), check("bad", 2))
    await till.take_all()
    assert await checks(till) == ["good"]
    await till.arrives(check("bad", 3), check("good", 2), check("better"))
    await till.take_all()
    assert await checks(till) == ["better", "good"]
    waiting = await till.rows("select event_id, attempts from inbox_work where lane = 'check:bad' order by 1")
    assert waiting[0] == (first, 1)
    assert [attempts for _, attempts in waiting[1:]] == [0, 0], "those behind it have not failed themselves"
    poison.clear()
    await till.pass_time()
    await till.take_all()
    assert await till.rows("select revision from checks where external_id = 'bad'") == [(3,)]
    assert await till.rows("select count(*) from inbox_work") == [(0,)]


async def test_without_lanes_later_events_of_the_object_would_overtake(till, monkeypatch):
    """What the guard is for, shown with it off."""
    stumbling(monkeypatch, "bad")

    async def none_blocked(*_: object) -> dict[str, claim.Blocked]:
        return {}

    await till.arrives(check("bad"))
    await till.take()
    monkeypatch.setattr(claim, "blocked_lanes", none_blocked)
    monkeypatch.setattr(taking, "arrive", arrive)
    await till.arrives(check("bad", 2))
    await till.take()
    assert await till.rows("select revision from checks") == [(2,)], "the second came in before the first"


async def test_poison_rests_in_quarantine_after_eight_tries_and_its_lane_goes_on(till, monkeypatch):
    poison = stumbling(monkeypatch, "bad")
    await till.arrives(check("bad"), check("good"))
    for _ in range(claim.TRIES - 1):
        await till.take()
        assert await till.rows("select count(*) from quarantine") == [(0,)]
        await till.pass_time()
    await till.take()
    assert await till.rows("select attempts, stage, lane, reason ->> 'code' from quarantine") == [
        (claim.TRIES, "apply", "check:bad", "fault")
    ]
    assert await till.rows("select count(*) from inbox_work") == [(0,)]
    poison.clear()
    await till.arrives(check("bad", 2))
    await till.take()
    assert await checks(till) == ["bad", "good"]


async def test_what_no_table_holds_is_found_among_many_and_put_aside_at_once(till):
    events = [check(f"c{n}", covers=2**40 if n == 13 else 2) for n in range(40)]
    await till.arrives(*events, check(Random(1).randbytes(5_000).hex()))
    await till.take()
    assert len(await checks(till)) == 39
    assert (
        await till.rows("select stage, reason ->> 'code', attempts from quarantine") == [("apply", "beyond-us", 1)] * 2
    )
    assert sorted(one for (one,) in await till.rows("select outcome from inbox_outcome"))[-2:] == ["quarantined"] * 2


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        (b"{", "read"), (b"\xff\xfe", "read"), (b"[" * 10_000, "read"), (b'{"kind": "x"}', "read"), (b"7", "read"),
        (json.dumps({"lane": "x", "records": [["check", {}]]}).encode(), "translate"),
        (json.dumps(check("c", covers="many", at="noon")).encode(), "translate"),
        (json.dumps(check("c", location="elsewhere")).encode(), "translate"),
    ],
)  # fmt: skip
async def test_what_cannot_be_understood_is_put_aside_and_the_rest_goes_on(till, body, stage):
    await till.arrives(check("c1"), body, check("c2"))
    await till.take()
    assert await checks(till) == ["c1", "c2"]
    ((where, kept, reason),) = await till.rows("select stage, body, reason from quarantine")
    assert (where, bytes(kept)) == (stage, body)
    assert str(error_of(reason))


async def test_what_is_told_of_a_location_that_nobody_chose_is_left_out(till):
    await till.arrives(check("c1", location="closed"), check("c2"))
    source = taking.Source(till.id, till.connector, till.fetch, bytes, frozenset({"nord", "closed"}))
    async with till.pool.connection() as db:
        await db.set_autocommit(True)
        await taking.take(db, source)
        await db.set_autocommit(False)
    assert await checks(till) == ["c2"]
    assert await till.rows("select outcome from inbox_outcome order by event_id") == [("unchanged",), ("applied",)]


async def test_an_outage_of_the_database_undoes_the_whole_set_and_it_is_taken_in_later(till, monkeypatch):
    async def down(*_: object) -> None:
        raise psycopg.OperationalError("the server is away")

    await till.arrives(check("c1"))
    monkeypatch.setattr(taking, "arrive", down)
    with pytest.raises(psycopg.OperationalError):
        await till.take()
    assert await till.rows("select attempts from inbox_work") == [(0,)], "nobody's fault"
    monkeypatch.setattr(taking, "arrive", arrive)
    await till.take()
    assert await checks(till) == ["c1"]


async def test_a_connections_events_are_taken_in_by_one_process_at_a_time(till):
    await till.arrives(check("c1"))
    async with till.pool.connection() as other:
        await other.set_autocommit(True)
        async with claim.claiming(other, till.id) as mine:
            assert mine
            assert await till.take() == -1
        await other.set_autocommit(False)
    assert await till.take() == 1


async def test_a_paused_connection_keeps_its_events_until_it_is_resumed(till):
    await till.arrives(check("c1"))
    async with till.pool.connection() as db:
        assert await claim.connections_with_work(db) == [till.id]
        await db.execute("update connection set paused = true")
        assert await claim.connections_with_work(db) == []


async def test_what_is_claimed_at_once_fits_in_memory(till):
    await till.arrives(*(check(f"c{n}", label="x" * 1_000) for n in range(10)))
    async with till.pool.connection() as db:
        some = await claim.due(db, till.id, most_bytes=3_000)
        assert 2 <= len(some) <= 4
        assert len(await claim.due(db, till.id, most_bytes=1)) == 1, "one that is larger by itself comes alone"


async def test_voids_deletions_merges_and_reopened_checks_are_followed(till):
    await till.arrives(
        check("c1", 1, table="7", status="closed", closed=True, total=20_000), check("c2", 1, table="8"),
        check("c3", 1, table="9", status="closed", closed=True),
    )  # fmt: skip
    await till.take()
    await till.arrives(
        check("c1", 2, table="7", status="open", total=25_000),
        check("c2", 2, merged_into="c1"),
        check("c3", 2, table="9", status="void"),
    )
    await till.take()
    assert await till.rows("select external_id, merged_into from checks where removed") == [("c2", "c1")]
    assert await till.rows("select spend, ends_at from visit where gone_at is null") == [(25_000, None)]
    await till.arrives(check("c2", 3, removed=True))
    await till.take()
    assert await till.rows("select external_id, merged_into from checks where removed") == [("c2", None)]


async def test_customers_merged_at_the_source_are_one_guest_with_all_their_visits(till):
    def person(external_id, name, revision=1, **more):
        return {"lane": f"guest:{external_id}",
                "records": [["guest", {"id": external_id, "name": name, "revision": revision, **more}]]}  # fmt: skip

    await till.arrives(
        person("g1", "Ida Holm", email="ida@example.com"), person("g2", "I. Holm"),
        check("c1", guest="g1", table="1", closed=True), check("c2", guest="g2", table="9", closed=True),
    )  # fmt: skip
    await till.take()
    assert await till.rows("select count(*) from guest where merged_into is null") == [(2,)]
    await till.arrives(person("g2", None, 2, merged_into="g1"))
    await till.take()
    ((guest_id,),) = await till.rows("select id from guest where merged_into is null")
    assert await till.rows("select name from guest where merged_into is null") == [("Ida Holm",)]
    visited = "select count(*) from visit v join source_guest s on s.id = v.source_guest_id where guest_id = "
    assert await till.rows(f"{visited}{guest_id} and v.gone_at is null") == [(2,)]


async def test_groups_tell_what_waits_by_reason_the_most_first(till):
    bad = {"lane": "x", "records": [["check", {}]]}
    await till.arrives(bad, bad, b"{")
    await till.take()
    async with till.pool.connection() as db:
        found = await groups(db)
    assert [(one.stage, one.events) for one in found] == [("translate", 2), ("read", 1)]


async def test_what_waits_for_a_later_day_is_left_alone(till):
    await till.arrives(check("c1"))
    await till.pass_time(-timedelta(hours=1))
    assert await till.take() == 0


async def test_what_somebody_mended_is_tried_at_once(till):
    await till.arrives(check("c1"))
    await till.pass_time(-timedelta(hours=1))
    async with till.pool.connection() as db:
        await claim.try_now(db, till.id)
    assert await till.take() == 1
