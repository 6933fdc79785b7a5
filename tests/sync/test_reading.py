"""Reading a connection through a connector of plain functions, whose vendor is a list of records in memory."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Raw, structs

from servery.errors import NeedsPerson, Retry
from servery.inbox.quarantine import error_of
from servery.sync import state
from servery.sync.step import due_in, step
from servery.sync.timing import Timing
from servery.sync.understanding import without_nul
from tests.sync.vendors import BOOKINGS, DAY, PEOPLE, TABLES, Vendor, finish, pass_time, rows, states

pytestmark = pytest.mark.anyio


async def test_a_poll_overlaps_the_one_before_by_the_vendors_lateness(reader):
    vendor = Vendor(people=[{"id": "1", "name": "Ida"}])
    reading = reader(vendor, PEOPLE, history_days=0)
    await finish(reading)
    first = (await states(reading))["people"].polled_until
    assert first is not None
    await finish(reading)
    assert len(vendor.spans("people")) == 1, "nothing is due yet"
    await pass_time(reading, timedelta(seconds=61))
    await finish(reading)
    span = vendor.spans("people")[-1]
    assert span.axis == "modified"
    assert span.since == first - timedelta(seconds=61) - timedelta(hours=1)


async def test_a_poll_by_occurrence_looks_around_now_and_one_without_axis_asks_for_all(reader):
    vendor = Vendor()
    await finish(reader(vendor, BOOKINGS, TABLES))
    (span,) = vendor.spans("bookings")
    assert span.until - span.since == timedelta(hours=25)
    assert ("tables", None) in vendor.asked


async def test_every_page_is_read_and_counted(reader):
    reading = reader(Vendor(people=[{"id": str(n), "name": f"Ida {n}"} for n in range(5)]), PEOPLE, history_days=0)
    await finish(reading)
    assert (await states(reading))["people"].records == 5
    assert await rows(reading, "select count(*) from source_guest") == [(5,)]


async def test_the_past_is_read_newest_first_in_strides_without_gaps(reader):
    vendor = Vendor()
    reading = reader(vendor, PEOPLE)
    await finish(reading)
    poll, *backfill = vendor.spans("people")
    assert backfill[0].until == poll.until
    assert [one.until for one in backfill[1:]] == [one.since for one in backfill[:-1]]
    assert poll.until - backfill[-1].since == 20 * DAY
    done = (await states(reading))["people"]
    assert done.backfill_done_at is not None
    await pass_time(reading, timedelta(seconds=61))
    await finish(reading)
    assert len(vendor.spans("people")) == 2 + len(backfill), "the past is read once"


async def test_days_that_are_wanted_are_read_first_of_every_resource(reader):
    vendor = Vendor()
    wanted = (datetime.now(UTC) - 18 * DAY).date()
    more = structs.replace(PEOPLE, name="more")
    await finish(reader(vendor, PEOPLE, more), [wanted])
    order = [(name, span) for name, span in vendor.asked if span is not None][2:]
    holding = [place for place, (_, span) in enumerate(order) if span.since.date() <= wanted <= span.until.date()]
    assert holding == [0, 1]
    assert {order[0][0], order[1][0]} == {"people", "more"}


async def test_reading_goes_on_where_it_failed_and_keeps_the_pages_it_had(reader):
    vendor = Vendor(people=[{"id": str(n)} for n in range(4)])
    reading = reader(vendor, PEOPLE)
    vendor.fails = [None, None, None, Retry("Gone for a moment.", retry_after=1)]
    await step(reading, [])
    failed = (await states(reading))["people"]
    assert (failed.attempts, failed.spans_done) == (1, [])
    assert failed.error is not None
    assert failed.error["template"] == "Gone for a moment."
    assert failed.records == 4 + 2
    await pass_time(reading, timedelta(seconds=61))
    await finish(reading)
    again = (await states(reading))["people"]
    assert (again.attempts, again.error, again.next_try_at) == (0, None, None)
    assert again.backfill_done_at is not None
    assert vendor.spans("people")[1] == vendor.spans("people")[3], "the stretch that failed is read again"


async def test_a_failure_of_one_resource_does_not_hold_up_another(reader):
    vendor = Vendor(bookings=[{"id": "r1", "size": 2}])
    vendor.fails = [Retry("Gone for a moment.")]
    reading = reader(vendor, TABLES, BOOKINGS)
    await step(reading, [])
    assert await rows(reading, "select external_id from reservation") == [("r1",)]
    assert (await states(reading))["tables"].attempts == 1


async def test_a_vendor_that_asks_for_time_gets_it(reader):
    vendor = Vendor()
    vendor.fails = [Retry("Too many questions.", retry_after=300)]
    reading = reader(vendor, TABLES)
    wait = await step(reading, [])
    assert 295 < wait <= 300
    await step(reading, [])
    assert len(vendor.asked) == 1


async def test_waits_grow_with_each_failure_in_a_row(reader):
    vendor = Vendor()
    reading = reader(vendor, TABLES)
    waits = []
    for _ in range(4):
        vendor.fails = [Retry("Gone.", retry_after=0)]
        waits.append(await step(reading, []))
        await pass_time(reading, timedelta(hours=1))
    assert all(later > 2 * earlier for earlier, later in itertools.pairwise(waits))
    assert 3 < waits[0] < 7


async def test_what_only_a_person_can_mend_is_noted_with_its_setting_and_not_hammered(reader):
    vendor = Vendor()
    vendor.fails = [NeedsPerson("The token is refused.", field="token")]
    reading = reader(vendor, TABLES)
    assert await step(reading, []) > 3500
    failed = (await states(reading))["tables"]
    assert failed.error is not None
    assert failed.error["field"] == "token"
    async with reading.pool.connection() as db:
        await state.retry_now(db, reading.connection_id)
    await step(reading, [])
    assert len(vendor.asked) == 2
    assert (await states(reading))["tables"].error is None


async def test_asking_anew_makes_a_recent_poll_due_without_losing_its_place(reader):
    vendor = Vendor()
    reading = reader(vendor, TABLES)
    await finish(reading)
    before = (await states(reading))["tables"]
    async with reading.pool.connection() as db:
        await state.retry_now(db, reading.connection_id)
    again = (await states(reading))["tables"]
    assert due_in(TABLES, again, datetime.now(UTC), Timing()) <= 0
    assert (again.polled_until, again.last_ok_at) == (before.polled_until, before.last_ok_at)


async def test_what_is_wanted_while_the_past_is_read_is_still_wanted(reader):
    reading = reader(Vendor(), TABLES)
    await finish(reading)
    async with reading.pool.connection() as db:
        await state.retry_now(db, reading.connection_id)
        await state.read_stretch(db, reading.connection_id, "tables", [], finished=True, seconds=1)
    assert due_in(TABLES, (await states(reading))["tables"], datetime.now(UTC), Timing()) <= 0


async def test_a_record_that_cannot_be_understood_is_kept_as_it_came_and_the_rest_goes_on(reader):
    reading = reader(Vendor(people=[{"name": "Nobody"}, {"id": "1"}]), PEOPLE, history_days=0)
    await finish(reading)
    ((body, reason),) = await rows(reading, "select convert_from(body, 'UTF8'), reason from quarantine")
    assert (body, str(error_of(reason))) == ('{"name": "Nobody"}', "A record of people has no id.")
    assert await rows(reading, "select external_id from source_guest") == [("1",)]
    await pass_time(reading, timedelta(seconds=61))
    await finish(reading)
    assert await rows(reading, "select attempts from quarantine") == [(2,)], "seen twice, kept once"


async def test_what_is_read_is_kept_once_as_it_came_and_names_its_records(reader):
    reading = reader(Vendor(people=[{"id": "1", "name": "Ida"}]), PEOPLE, history_days=0)
    await finish(reading)
    await pass_time(reading, timedelta(seconds=61))
    await finish(reading)
    kept = "select via, kind, convert_from(body, 'UTF8'), outcome from inbox_event join inbox_outcome on event_id = id"
    assert await rows(reading, kept) == [("poll", "people", '{"id": "1", "name": "Ida"}', "applied")]
    assert await rows(reading, "select kind, external_id from inbox_record") == [("guest", "1")]


async def test_a_record_that_goes_well_at_a_later_read_leaves_quarantine_by_itself(reader, till):
    reading = reader(Vendor(bookings=[{"id": "r1", "size": 2, "location": "elsewhere"}]), BOOKINGS)
    await finish(reading)
    async with reading.pool.connection() as db:
        await db.execute("update venue_link set location = 'elsewhere' where location = 'nord'")
    await pass_time(reading, timedelta(seconds=61))
    await finish(reading)
    assert await rows(reading, "select external_id from reservation") == [("r1",)]
    assert await rows(reading, "select resolution, outcome from quarantine join inbox_outcome using (event_id)") == [
        ("replayed", "applied")
    ]


async def test_what_makes_the_connector_itself_stumble_is_put_aside_and_the_rest_goes_on(reader):
    reading = reader(Vendor(bookings=[{"id": "r1"}, {"id": "r2", "size": 2}]), BOOKINGS)
    await finish(reading)
    assert await rows(reading, "select external_id from reservation") == [("r2",)]
    ((reason,),) = await rows(reading, "select reason from quarantine")
    assert (reason["code"], reason["params"]) == ("fault", {"why": "KeyError"})


async def test_a_record_of_a_location_that_is_no_venue_is_kept(reader):
    vendor = Vendor(bookings=[{"id": "r1", "size": 2, "location": "elsewhere"}, {"id": "r2", "size": 2}])
    reading = reader(vendor, BOOKINGS)
    await finish(reading)
    assert await rows(reading, "select reason ->> 'code' from quarantine") == [("unplaced",)]
    assert await rows(reading, "select external_id from reservation") == [("r2",)]


async def test_a_record_that_no_table_can_hold_is_found_and_kept_while_its_page_goes_in(reader):
    sizes = [2, 3, 2**40, 4, 5]
    vendor = Vendor(bookings=[{"id": f"r{n}", "size": size} for n, size in enumerate(sizes)])
    vendor.page_size = 5
    reading = reader(vendor, BOOKINGS)
    await finish(reading)
    assert await rows(reading, "select external_id from reservation order by 1") == [("r0",), ("r1",), ("r3",), ("r4",)]
    ((reason, body),) = await rows(reading, "select reason ->> 'code', convert_from(body, 'UTF8') from quarantine")
    assert reason == "beyond-us"
    assert json.loads(body)["id"] == "r2"


async def test_a_nul_that_someone_typed_costs_nobody_their_record(reader):
    reading = reader(Vendor(people=[{"id": "1", "name": "I\0da \\u0000"}]), PEOPLE, history_days=0)
    await finish(reading)
    assert await rows(reading, "select body ->> 'name' from source_guest") == [("Ida \\u0000",)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'"a\u0000b"', rb'"ab"'),
        (rb'"\u0000\u0000"', rb'""'),
        (rb'"\\u0000"', rb'"\\u0000"'),
        (rb'"\\\u0000"', rb'"\\"'),
        (rb'"none"', rb'"none"'),
    ],
)
def test_only_a_nul_is_taken_out(written, read):
    assert bytes(without_nul(Raw(written))) == read
