"""Each business date is compared with its source once it is over: what differs is told and mended."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct, structs
from psycopg.types.json import Jsonb

from servery.app.arrive import arrive
from servery.connectors.contract import Account, Connector, Manifest, Page, Resource, Session, Span
from servery.errors import Retry
from servery.model.changes import Change, CheckSeen, ReservationSeen
from servery.model.order import Check, Line
from servery.model.reservation import Reservation
from servery.storage.pool import Pool
from servery.sync import compare, state
from servery.sync.compare import Compared, Record
from servery.sync.reading import Reader
from servery.sync.reconcile import due, reconcile
from servery.sync.spans import stretches
from servery.sync.state import State
from servery.sync.step import step

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHECKS = Resource(
    name="checks", poll_seconds=15, poll_by="modified", backfill_by="occurred", lateness=60, reconciled="check"
)
BOOKINGS = Resource(
    name="bookings", poll_seconds=30, poll_by="occurred", backfill_by="occurred", lateness=60, ahead=86_400,
    reconciled="reservation",
)  # fmt: skip
ALL_READ = State(connection_id=0, resource="")
"""A resource whose past nobody has planned to read."""


class Sale(Struct):
    id: str
    at: datetime
    amount: int = 100
    revision: int = 1
    location: str = "nord"
    notes: str | None = None


class Source:
    """What the source holds now."""

    def __init__(self, *sales: Sale) -> None:
        self.sales = {sale.id: sale for sale in sales}
        self.fails: Exception | None = None
        self.short_by = 0

    def connector(self, resource: Resource, fetches: bool) -> Connector:
        manifest = Manifest(
            name="fake", title="Fake", kind="pos", quality="bronze", evidence="inferred", resources=(resource,)
        )
        return Connector(manifest, self.check, self.read, translate, fetch=self.fetch if fetches else None)

    async def check(self, session: Session) -> Account:
        raise NotImplementedError

    async def read(
        self, session: Session, resource: Resource, account: Account, span: Span | None, token: str | None
    ) -> Page:
        assert span is not None
        if self.fails:
            raise self.fails
        if span.axis == "modified":
            return Page(())
        found = [one for one in self.sales.values() if span.since <= one.at < span.until]
        return Page([Raw(msgspec.json.encode(one)) for one in found[: len(found) - self.short_by]])

    async def fetch(self, session: Session, resource: Resource, account: Account, ids: Sequence[str]) -> Page:
        return Page([Raw(msgspec.json.encode(self.sales[each])) for each in ids if each in self.sales])


def translate(resource: str, record: Raw) -> Sequence[Change]:
    one = msgspec.json.decode(record, type=Sale)
    if resource == "bookings":
        booked = Reservation(status="booked", starts_at=one.at, party_size=one.amount, notes=one.notes)
        return [ReservationSeen(one.id, one.revision, one.location, booked)]
    lines = (Line(name="Dish", amount=one.amount),)
    return [CheckSeen(one.id, one.revision, one.location, Check(currency="DKK", opened_at=one.at, lines=lines))]


@pytest.fixture
def reader(pool: Pool, till: int):
    async def nothing(*_: object) -> None:
        """Keeping what came is tested where it is done."""

    def of(source: Source, resource: Resource = CHECKS, fetches: bool = False) -> Reader:
        return Reader(
            pool=pool, connection_id=till, connector=source.connector(resource, fetches),
            session=Session({}, httpx.AsyncClient()), account=Account("Fake", ()), history_days=0, arrive=arrive,
            keep=nothing,
        )  # fmt: skip

    return of


async def standing(reader: Reader, table: str = "checks") -> dict[str, int]:
    column = "total" if table == "checks" else "party_size"
    async with reader.pool.connection() as db:
        cursor = await db.execute(f"select external_id, {column} as amount from {table} where not removed")
        return {row["external_id"]: row["amount"] for row in await cursor.fetchall()}


async def test_what_is_missing_or_old_is_mended_and_told(reader, two_venues):
    source = Source(Sale("a", NOON), Sale("b", NOON))
    reading = reader(source)
    await reconcile(reading, CHECKS, DAY)
    source.sales |= {"b": Sale("b", NOON, 150, 2), "c": Sale("c", NOON, 70)}
    found = await reconcile(reading, CHECKS, DAY)
    assert found[0] == Compared(
        venue_id=two_venues[0], theirs=3, their_total=320, ours=2, our_total=200, missing=1, stale=1, gone=()
    )
    assert await standing(reading) == {"a": 100, "b": 150, "c": 70}
    assert [one.missing + one.stale for one in await reconcile(reading, CHECKS, DAY)] == [0, 0]
    async with reading.pool.connection() as db:
        kept = await compare.reconciliations(db, reading.connection_id)
    nord = next(one for one in kept if one.venue_id == two_venues[0])
    assert (nord.theirs, nord.ours, nord.their_total, nord.our_total, nord.mended) == (3, 3, 320, 320, 4)


async def test_what_we_wrote_there_ourselves_is_no_difference(reader):
    """What we write gives a record a newer revision at its source, which tells us what we hold already."""
    source = Source(Sale("a", NOON), Sale("b", NOON))
    reading = reader(source, BOOKINGS)
    await reconcile(reading, BOOKINGS, DAY)
    async with reading.pool.connection() as db:
        await db.execute(
            "insert into outbox_target (connection_id, kind, subject_id, our_id, external_id, state, written) "
            "values (%s, 'visit', 1, gen_random_uuid(), 'a', 'rests', %s)",
            [reading.connection_id, Jsonb({"visit_notes": "Spent 100 kr."})],
        )
    source.sales |= {
        "a": Sale("a", NOON, revision=2, notes="Spent 100 kr."),
        "b": Sale("b", NOON, revision=2, notes="Spent 100 kr."),
    }
    found = await reconcile(reading, BOOKINGS, DAY)
    assert [(one.missing, one.stale) for one in found] == [(0, 1), (0, 0)], "b alone has it from somebody else"


async def test_what_the_source_deleted_is_hidden_at_once_where_it_can_be_asked(reader):
    source = Source(Sale("a", NOON), Sale("b", NOON))
    reading = reader(source, fetches=True)
    await reconcile(reading, CHECKS, DAY)
    del source.sales["b"]
    await reconcile(reading, CHECKS, DAY)
    assert await standing(reading) == {"a": 100}


async def test_a_list_that_came_short_hides_nothing_where_it_can_be_asked(reader):
    source = Source(Sale("a", NOON), Sale("b", NOON))
    reading = reader(source, fetches=True)
    await reconcile(reading, CHECKS, DAY)
    source.short_by = 1
    for _ in range(3):
        await reconcile(reading, CHECKS, DAY)
    assert await standing(reading) == {"a": 100, "b": 100}


async def test_elsewhere_it_must_be_gone_twice(reader):
    source = Source(Sale("a", NOON), Sale("b", NOON))
    reading = reader(source, BOOKINGS)
    await reconcile(reading, BOOKINGS, DAY)
    source.short_by = 1
    await reconcile(reading, BOOKINGS, DAY)
    assert await standing(reading, "reservation") == {"a": 100, "b": 100}
    source.short_by = 0
    await reconcile(reading, BOOKINGS, DAY)
    del source.sales["b"]
    await reconcile(reading, BOOKINGS, DAY)
    assert await standing(reading, "reservation") == {"a": 100, "b": 100}
    await reconcile(reading, BOOKINGS, DAY)
    assert await standing(reading, "reservation") == {"a": 100}


async def test_what_comes_back_is_shown_again(reader):
    source = Source(Sale("a", NOON))
    reading = reader(source, fetches=True)
    await reconcile(reading, CHECKS, DAY)
    kept = source.sales.pop("a")
    await reconcile(reading, CHECKS, DAY)
    assert await standing(reading) == {}
    source.sales["a"] = Sale("a", kept.at, kept.amount, kept.revision + 1)
    await reconcile(reading, CHECKS, DAY)
    assert await standing(reading) == {"a": 100}


async def test_a_sale_that_moved_to_another_day_is_there(reader):
    source = Source(Sale("a", NOON))
    reading = reader(source, fetches=True)
    await reconcile(reading, CHECKS, DAY)
    source.sales["a"] = Sale("a", NOON + timedelta(days=1), 100, 2)
    await reconcile(reading, CHECKS, DAY)
    assert await standing(reading) == {"a": 100}


async def test_a_source_that_fails_changes_nothing(reader):
    source = Source(Sale("a", NOON))
    reading = reader(source)
    await reconcile(reading, CHECKS, DAY)
    source.fails = Retry("Away.")
    with pytest.raises(Retry):
        await reconcile(reading, CHECKS, DAY)
    assert await standing(reading) == {"a": 100}


async def test_after_hours_away_the_first_step_finds_everything(reader):
    """Each past date that nobody compared is compared, the newest first, until all are."""
    now = datetime.now(UTC)
    sales = [Sale(f"{hours}", now - timedelta(hours=hours)) for hours in range(30, 150, 6)]
    reading, connected = reader(Source(*sales)), now - timedelta(days=30)
    async with reading.pool.connection() as db:
        await state.begin(db, reading.connection_id, "checks")
        await state.plan_backfill(db, reading.connection_id, "checks", connected, connected)
    for _ in range(30):
        if await step(reading, []):
            break
    assert len(await standing(reading)) == len(sales)


async def test_a_date_is_compared_an_hour_a_day_and_three_days_after_its_end(reader, two_venues):
    reading = reader(Source())
    ended = datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert await due(reading, CHECKS, ALL_READ, ended + timedelta(minutes=59)) != DAY
    for after in compare.AFTER:
        now = ended + after + timedelta(minutes=1)
        async with reading.pool.connection() as db:
            await db.execute("update reconciliation set at = %s where business_date > %s", [now, DAY])
        found = set()
        while (day := await due(reading, CHECKS, ALL_READ, now)) is not None:
            found.add(day)
            await reconcile(reading, CHECKS, day)
            async with reading.pool.connection() as db:
                await db.execute("update reconciliation set at = %s where business_date = %s", [now, day])
        assert DAY in found


async def test_a_date_whose_past_is_still_to_be_read_misses_nothing(reader):
    now = datetime.now(UTC)
    since = now - timedelta(days=20)
    reading = reader(Source(Sale("a", now - timedelta(days=2))))
    planned = stretches(since, now)
    unread = structs.replace(ALL_READ, backfill_since=since, backfill_until=now)
    unheld = await due(reading, CHECKS, unread, now)
    assert unheld is None or unheld >= now.date()
    assert await due(reading, CHECKS, structs.replace(unread, spans_done=planned), now) is not None
    partly = structs.replace(unread, spans_done=planned[:1])
    newest = await due(reading, CHECKS, partly, now)
    assert newest is not None
    assert newest > planned[0].since.date()
    # Older than what the owner wanted read: it never will be.
    just_now = structs.replace(ALL_READ, backfill_since=now, backfill_until=now)
    begun = await due(reading, CHECKS, just_now, now)
    assert begun is None or begun >= now.date()


async def test_coming_days_of_bookings_are_compared_too(reader):
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=3)).replace(hour=12)
    source = Source(Sale("a", tomorrow), Sale("b", tomorrow))
    reading = reader(source, BOOKINGS, fetches=True)
    day = await due(reading, BOOKINGS, ALL_READ, now)
    assert day is not None and day > now.date()
    await reconcile(reading, BOOKINGS, tomorrow.date())
    del source.sales["b"]
    await reconcile(reading, BOOKINGS, tomorrow.date())
    assert await standing(reading, "reservation") == {"a": 100}
    assert await due(reader(source), CHECKS, ALL_READ, now) != day


RECORDS = st.lists(
    st.builds(
        Record, st.sampled_from([1, 2]), st.sampled_from("abcdef"), st.integers(1, 3), st.integers(0, 9), st.booleans()
    ),
    unique_by=lambda one: (one.venue_id, one.external_id),
)


@given(RECORDS, RECORDS)
def test_the_comparison_adds_up(theirs: list[Record], ours: list[Record]):
    for one in compare.compare(theirs, ours, {1, 2}):
        assert one.theirs - one.missing == one.ours - len(one.gone)
        assert one.stale <= one.theirs - one.missing
