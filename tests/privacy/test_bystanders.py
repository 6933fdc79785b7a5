"""An erasure takes nobody else along: neither a booking by the same phone, nor an order of some guest's number."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from servery.app.erasing import erase_guest
from servery.errors import Quarantine
from servery.inbox import quarantine
from servery.inbox.quarantine import Aside, reason_of
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.viewer import SYSTEM
from servery.privacy import requests
from servery.privacy.keyed import open_key
from servery.privacy.person import everything_of
from servery.privacy.suppress import speaking
from servery.privacy.unread import Clues, tells_of, waiting_of
from tests.privacy.planted import Planted

pytestmark = pytest.mark.anyio
IDA = SourceGuest(name="Ida Holm", email="ida@x.example", phone="+4520123456")
ORDER = {"order": "A1", "customer": "Bo Berg", "amount": 1023400, "number": 10234}
HUSBAND = {"booking": "B2", "name": "Peter Holm", "phone": "+4520123456", "at": "tonight 19:00"}
HERS = {"booking": "B3", "first": "Ida", "last": "Holm", "phone": "+4520123456"}


async def waits(planted: Planted, connection_id: int, body: object) -> int:
    """An event that waits to be read; its id."""
    raw = msgspec.json.encode(body)
    async with planted.pool.connection() as db:
        await db.execute("select make_day(current_date)")
        cursor = await db.execute(
            "with e as (insert into inbox_event (day, connection_id, connector, via, kind, key, body) "
            "values (current_date, %s, 'square', 'webhook', '', %s, %s) returning id, day) "
            "insert into inbox_work (event_id, day, connection_id, next_try_at) "
            "select id, day, %s, now() + interval '1 hour' from e returning event_id",
            [connection_id, raw.hex()[:60], raw, connection_id],
        )
        row = await cursor.fetchone()
        assert row
        return int(row["event_id"])


async def kept(planted: Planted) -> set[int]:
    """The events that wait still, with their bytes."""
    async with planted.pool.connection() as db:
        cursor = await db.execute(
            "select e.id from inbox_event e join inbox_work w on w.event_id = e.id where octet_length(e.body) > 0"
        )
        return {row["id"] for row in await cursor.fetchall()}


async def ida(planted: Planted) -> int:
    await planted.arrives(planted.book, GuestSeen("10234", 1, IDA))
    guest = await planted.guest_of(planted.book, "10234")
    assert guest
    return guest


async def test_what_waits_of_others_waits_on(planted: Planted) -> None:
    guest = await ida(planted)
    order, husband = await waits(planted, planted.till, ORDER), await waits(planted, planted.till, HUSBAND)
    hers = await waits(planted, planted.till, HERS)
    assert await kept(planted) == {order, husband, hers}
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert await kept(planted) == {order, husband}


async def test_what_is_understood_goes_only_where_it_speaks_of_nobody_else(planted: Planted) -> None:
    guest = await ida(planted)
    ids = [await waits(planted, planted.book, {"page": page, "of": IDA.email}) for page in range(3)]
    hers, bos = GuestSeen("10234", 2, IDA), GuestSeen("9", 2, SourceGuest(name="Bo Berg", phone=IDA.phone))
    says = [[hers], [hers, bos], [bos]]

    def hear(connection_id: int, via: str, kind: str, body: bytes) -> list[GuestSeen]:
        return says[msgspec.json.decode(body)["page"]]

    async with planted.pool.connection() as db:
        found = await waiting_of(db, open_key(planted.home), await everything_of(db, guest), hear)
    assert {event_id for event_id, _ in found} == {ids[0]}


async def test_what_lies_aside_of_others_stays_for_a_person(planted: Planted) -> None:
    guest = await ida(planted)
    bodies = [ORDER, HUSBAND, HERS]
    ids = [await waits(planted, planted.till, one) for one in bodies]
    odd = reason_of(Quarantine("Odd."))
    async with planted.pool.connection() as db:
        cursor = await db.execute("select current_date as day")
        row = await cursor.fetchone()
        assert row
        await quarantine.put_aside(
            db,
            [
                Aside(event_id=one, day=row["day"], body=msgspec.json.encode(body), stage="translate", reason=odd)
                for one, body in zip(ids, bodies, strict=True)
            ],
        )
    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert erased.counts["aside"] == 1
    async with planted.pool.connection() as db:
        cursor = await db.execute("select event_id from quarantine where resolved_at is null order by event_id")
        assert [row["event_id"] for row in await cursor.fetchall()] == ids[:2]


async def test_what_comes_later_and_nobody_understands(planted: Planted) -> None:
    await erase_guest(planted.pool, planted.home, SYSTEM, await ida(planted))
    hers_by_number = {"number": 10234, "phone": "+4520123456"}
    told: list[tuple[list[GuestSeen], bytes]] = [
        ([], msgspec.json.encode(one)) for one in (ORDER, HUSBAND, HERS, hers_by_number)
    ]
    async with planted.pool.connection() as db:
        assert await speaking(db, open_key(planted.home), planted.book, told) == {2, 3}


async def test_who_asked_goes_also_without_a_number(planted: Planted) -> None:
    guest = await ida(planted)
    asked = ["Ida Holm, +45 20123456", "ida@x.example", "+45 20 12 34 56", "Peter Holm, +4520123456", "Ida Lund"]
    async with planted.pool.connection() as db:
        today = datetime.now(UTC).date() - timedelta(days=1)
        ids = [(await requests.open_request(db, SYSTEM, "access", today, asked_by=one)).id for one in asked]
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    async with planted.pool.connection() as db:
        assert [(await requests.request(db, one)).asked_by for one in ids] == [None, None, None, *asked[3:]]


@pytest.mark.parametrize(
    ("body", "tells"),
    [
        (b"name=Ida Holm&phone=+45 20 12 34 56", True),
        (b"<guest id='10234'><mail>IDA@x.example</mail></guest>", True),
        (b'{"given":"Ida","family":"Holm","ref":10234}', True),
        (b"10234;1023400;Bo Berg", False),
        (b"Peter Holm;20123456", False),
        (b'{"a":"Ida Lund","b":1,"c":"Bo Holm","phone":"20123456"}', False),
        (b'{"total":1023400,"name":"Ida Holm"}', False),
        (b"", False),
    ],
)
def test_two_clues_of_three(body: bytes, tells: bool) -> None:
    clues = Clues(
        ids=frozenset({"10234"}),
        emails=frozenset({"ida@x.example"}),
        phones=frozenset({"20123456"}),
        names=frozenset({frozenset({"ida", "holm"})}),
    )
    assert tells_of(body, clues) is tells
