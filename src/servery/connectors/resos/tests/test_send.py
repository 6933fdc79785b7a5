"""What is left on a booking in resOS: one remark for a visit, once, and never read as a word of theirs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from servery.connectors import registry
from servery.connectors.contract import Sent, Session, Span, Target, pages
from servery.connectors.resos import client, send
from servery.connectors.resos.simulator import simulator
from servery.errors import Refuse
from servery.model.changes import ReservationSeen
from servery.model.commands import Figures, GuestCard, Item, VisitReport
from servery.testing.served import served

REPORT = VisitReport(
    visit_id=3,
    reservation="B1",
    business_date=date(2025, 3, 14),
    currency="DKK",
    spend=56000,
    tips=2500,
    covers=2,
    items=(Item("Ribeye", "2"), Item("House red", "1")),
    checks=("0042",),
    guest=GuestCard(guest_id=1, figures=Figures(visits=4, currency="DKK", spend=200000, average_check=50000)),
)
LINE = (
    "Servery: 560.00 DKK; tips 25.00 DKK; 2 covers; 2 Ribeye, 1 House red; check 0042; "
    "visit 4 of this guest, checks of 500.00 DKK on average"
)
TARGET = Target(our_id="6f0c2f6e-0000-4000-8000-000000000003", version=1)


@pytest.fixture
def at_resos(stage, book) -> Callable[[Callable[[Session], Awaitable[Any]]], Any]:
    book("B1", notes="Dog under the table")

    def run(work: Callable[[Session], Awaitable[Any]]) -> Any:
        """Do some work in the language of the day."""

        async def within(url: str) -> Any:
            async with httpx.AsyncClient(timeout=60) as http:
                settings = {"api_key": "sandbox-key", "base_url": f"{url}/v1", "language": getattr(run, "language", "")}
                return await work(Session(settings, http))

        with served(app) as url:
            return asyncio.run(within(url))

    app = simulator(stage)
    return run


def sent(run: Any, report: Any = REPORT) -> Sent:
    async def work(session: Session) -> Sent:
        return await send.send(session, await client.check(session), report, TARGET)

    result: Sent = run(work)
    return result


def remarks(run: Any) -> list[str]:
    async def work(session: Session) -> list[str]:
        found = await client.booking(session, "B1")
        return [one.restaurant_note or "" for one in found.restaurant_notes or () if not isinstance(one, str)]

    result: list[str] = run(work)
    return result


def test_the_visit_is_one_line_on_its_booking_however_often_it_is_sent(at_resos):
    for _ in range(3):
        assert sent(at_resos) == Sent(external_id="B1", written={"visit_notes": LINE})
    assert remarks(at_resos) == ["Dog under the table", LINE]


def test_a_correction_is_one_more_and_going_back_another(at_resos):
    sent(at_resos)
    sent(at_resos, replace(REPORT, spend=50000))
    sent(at_resos)
    assert [one.split(";")[0] for one in remarks(at_resos)[1:]] == [
        "Servery: 560.00 DKK", "Servery: 500.00 DKK", "Servery: 560.00 DKK",
    ]  # fmt: skip


def test_a_visit_that_was_another_partys_is_taken_back_once(at_resos):
    nothing = VisitReport(visit_id=3, reservation="B1", business_date=date(2025, 3, 14), currency="DKK")
    assert sent(at_resos, nothing).written == {}
    assert remarks(at_resos) == ["Dog under the table"]
    sent(at_resos)
    sent(at_resos, nothing)
    sent(at_resos, nothing)
    assert remarks(at_resos)[2:] == ["Servery: the check was taken back from this booking"]


def test_a_danish_host_reads_danish(at_resos):
    at_resos.language = "da"
    sent(at_resos)
    assert remarks(at_resos)[1:] == [
        "Servery: 560.00 DKK; drikkepenge 25.00 DKK; 2 kuverter; 2 Ribeye, 1 House red; bon 0042; "
        "gæstens besøg nr. 4, bonner på 500.00 DKK i snit"
    ]


@pytest.mark.parametrize("language", ["da", "de", "es"])
def test_what_was_said_in_another_language_is_not_said_again(at_resos, language):
    nothing = VisitReport(visit_id=3, reservation="B1", business_date=date(2025, 3, 14), currency="DKK")
    sent(at_resos)
    at_resos.language = language
    sent(at_resos)
    assert remarks(at_resos)[1:] == [LINE]
    sent(at_resos, nothing)
    at_resos.language = ""
    sent(at_resos, nothing)
    assert len(remarks(at_resos)) == 3


@pytest.mark.parametrize("language", ["", "da", "de", "es"])
def test_our_remark_is_not_read_as_theirs(at_resos, language):
    at_resos.language = language
    sent(at_resos)

    async def read(session: Session) -> list[Any]:
        resos = registry.connector("resos")
        [bookings] = [one for one in resos.manifest.resources if one.name == "bookings"]
        account = await client.check(session)
        span = Span("occurred", datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC))
        found = pages(resos, session, bookings, account, span)
        return [change async for page in found for one in page.records for change in resos.translate("bookings", one)]

    [seen] = [one for one in at_resos(read) if isinstance(one, ReservationSeen)]
    assert seen.reservation.notes == "Dog under the table"


def test_what_is_not_there_or_not_a_visit_is_refused(at_resos):
    with pytest.raises(Refuse, match="no more"):
        sent(at_resos, replace(REPORT, reservation="GONE"))
    with pytest.raises(Refuse, match="nothing else"):
        sent(at_resos, GuestCard(guest_id=1))


def test_look_up_tells_whether_the_line_is_there(at_resos):
    async def looked_up(session: Session) -> Sent | None:
        return await send.look_up(session, await client.check(session), REPORT, TARGET)

    assert at_resos(looked_up) is None
    sent(at_resos)
    assert at_resos(looked_up) == Sent(external_id="B1", written={"visit_notes": LINE})
