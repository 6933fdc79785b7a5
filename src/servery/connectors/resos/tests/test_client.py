import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from servery.connectors.contract import Account, Asgi, Connector, Page, Resource, Session, Span
from servery.connectors.registry import connector
from servery.connectors.resos.simulator import API_KEY, simulator
from servery.errors import NeedsPerson, Retry, ServeryError
from servery.testing.served import free_port, served
from servery.testing.stage import Stage

RESOS: Connector = connector("resos")
BOOKINGS: Resource = next(each for each in RESOS.manifest.resources if each.name == "bookings")
SPAN = Span("occurred", datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))

Put = Callable[..., str]


async def in_session(base_url: str, act: Callable[[Session], Awaitable[Any]], **settings: str) -> Any:
    async with httpx.AsyncClient(timeout=60) as http:
        return await act(Session({"api_key": API_KEY, "base_url": base_url} | settings, http))


def connected(app: Asgi, act: Callable[[Session], Awaitable[Any]], path: str = "/v1", **settings: str) -> Any:
    with served(app) as url:
        return asyncio.run(in_session(url + path, act, **settings))


def refused(app: Asgi, path: str = "/v1", **settings: str) -> ServeryError:
    with pytest.raises(ServeryError) as raised:
        connected(app, RESOS.check, path, **settings)
    return raised.value


def answering(status: int, body: bytes, kind: str = "application/json", **headers: str) -> Asgi:
    """A server that gives everybody the same answer."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            told = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
            pairs = [(name.encode(), value.encode()) for name, value in told.items()]
            await send({"type": "http.response.start", "status": status, "headers": pairs})
            await send({"type": "http.response.body", "body": body})

    return app


def ids(page: Page) -> list[str]:
    return [msgspec.json.decode(record)["booking"]["_id"] for record in page.records]


async def read_all(
    session: Session, span: Span | None = SPAN, between: Callable[[], object] = lambda: None
) -> list[Page]:
    account = await RESOS.check(session)
    pages: list[Page] = []
    token: str | None = None
    while not pages or token:
        pages.append(await RESOS.read(session, BOOKINGS, account, span, token))
        token = pages[-1].next
        between()
    return pages


def all_ids(pages: list[Page]) -> set[str]:
    return {external_id for page in pages for external_id in ids(page)}


def fill(book: Put, count: int) -> set[str]:
    starts = datetime(2025, 3, 14, 17, tzinfo=UTC)
    return {
        book(f"b{n:03}", starts - timedelta(hours=n), created_at=starts - timedelta(days=90, minutes=-n))
        for n in range(count)
    }


def test_check_names_the_restaurant_and_never_guesses(stage: Stage):
    account: Account = connected(simulator(stage), RESOS.check)
    (place,) = account.locations
    assert (place.external_id, place.name) == (stage.location_id, "resOS")
    assert (place.time_zone, place.currency) == (None, None)


def test_check_takes_what_the_owner_tells(stage: Stage):
    account: Account = connected(
        simulator(stage), RESOS.check, restaurant="Kystens Perle", time_zone="Europe/Copenhagen"
    )
    (place,) = account.locations
    assert (account.name, place.name, place.time_zone) == ("Kystens Perle", "Kystens Perle", "Europe/Copenhagen")


def test_check_does_without_an_id_where_resos_gives_none():
    account: Account = connected(answering(200, b"[]"), RESOS.check)
    assert account.locations[0].external_id == "restaurant"


def test_an_unknown_time_zone_is_told_beside_its_field(stage: Stage):
    error = refused(simulator(stage), time_zone="Europe/Kopenhagen")
    assert isinstance(error, NeedsPerson)
    assert error.field == "time_zone"


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_told_beside_its_field(status: int):
    error = refused(answering(status, b'"no"'), api_key="s3cret-key")
    assert isinstance(error, NeedsPerson)
    assert error.field == "api_key"
    assert "s3cret" not in str(error)


def test_the_simulator_refuses_another_key(stage: Stage):
    error = refused(simulator(stage, api_key="the right one"), api_key="another")
    assert isinstance(error, NeedsPerson)
    assert error.field == "api_key"


@pytest.mark.parametrize("path", ["", "/", "/v2"])
def test_a_page_instead_of_the_api_is_told_beside_the_address(stage: Stage, path: str):
    error = refused(simulator(stage), path)
    assert isinstance(error, NeedsPerson)
    assert error.field == "base_url"
    assert str(error).startswith("There is no resOS API at 127.0.0.1. The address ends in /v1")


@pytest.mark.parametrize("address", ["resos", "ftp://example.com", "https://example.com:port", "http://"])
def test_an_address_that_is_none_is_told_beside_its_field(address: str):
    with pytest.raises(NeedsPerson) as raised:
        asyncio.run(in_session(address, RESOS.check))
    assert raised.value.field == "base_url"


def test_a_slash_at_the_end_of_the_address_does_no_harm(stage: Stage):
    connected(simulator(stage), RESOS.check, "/v1/")


def test_the_wait_resos_asks_for_is_in_milliseconds():
    error = refused(answering(429, b'"slow down"', retry_after="1500"))
    assert isinstance(error, Retry)
    assert error.retry_after == 1.5
    assert str(error) == "resOS at 127.0.0.1 asks us to wait; /tables is asked for again in 1.5 seconds."


@pytest.mark.parametrize("header", [{}, {"retry_after": "soon"}, {"retry_after": "-1"}])
def test_without_a_wait_a_sensible_one_is_taken(header: dict[str, str]):
    error = refused(answering(429, b'"slow down"', **header))
    assert isinstance(error, Retry)
    assert error.retry_after == 30


def test_the_limit_holds_until_the_wait_is_over(stage: Stage):
    async def until_refused(session: Session) -> float:
        with pytest.raises(Retry) as raised:
            for _ in range(10):
                await RESOS.check(session)
        assert 0 < raised.value.retry_after <= 1
        await asyncio.sleep(raised.value.retry_after + 0.05)
        await RESOS.check(session)
        return raised.value.retry_after

    connected(simulator(stage, requests_per_second=4), until_refused)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_fault_of_theirs_is_tried_again(status: int):
    error = refused(answering(status, b"<h1>Bad gateway</h1>", "text/html"))
    assert isinstance(error, Retry)
    assert f"(HTTP {status}); /tables is asked for again in 30 seconds" in str(error)


def test_another_refusal_needs_a_person():
    error = refused(answering(402, b'"pay first"'))
    assert isinstance(error, NeedsPerson)
    assert "(HTTP 402)" in str(error)


def test_a_server_that_is_down():
    with pytest.raises(Retry, match=r"cannot be reached at 127\.0\.0\.1; /tables is asked for again in 30 seconds"):
        asyncio.run(in_session(f"http://127.0.0.1:{free_port()}/v1", RESOS.check))


def test_a_server_that_does_not_answer_in_time():
    async def ask_impatiently(url: str) -> None:
        async with httpx.AsyncClient(timeout=0.1) as http:
            await RESOS.check(Session({"api_key": API_KEY, "base_url": url}, http))

    # A socket that listens and never accepts takes the connection, and stays silent.
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Retry, match="did not answer in time"):
        asyncio.run(ask_impatiently(f"http://127.0.0.1:{silent.getsockname()[1]}/v1"))


@pytest.mark.parametrize("body", [b'{"bookings": []}', b"[{", b""])
def test_an_answer_that_is_no_list_is_asked_for_again(body: bytes):
    error = refused(answering(200, body))
    assert isinstance(error, Retry)
    assert "answered /tables with no list" in str(error)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 190, 250])
def test_every_booking_is_read(stage: Stage, book: Put, count: int):
    there = fill(book, count)
    assert all_ids(connected(simulator(stage), read_all)) == there


def test_none_is_lost_to_bookings_made_while_reading(stage: Stage, book: Put):
    there = fill(book, 250)
    made: list[str] = []

    def make_one() -> None:
        # For a day before all others, so that by its own time it would stand on a page already read.
        made.append(
            book(f"new{len(made)}", datetime(2025, 1, 2, tzinfo=UTC), created_at=datetime(2025, 3, 20, tzinfo=UTC))
        )

    pages = connected(simulator(stage), lambda session: read_all(session, between=make_one))
    made.pop()  # after the last page
    assert len(made) == 2
    assert all_ids(pages) == there | set(made)


def test_none_is_lost_to_bookings_deleted_while_reading(stage: Stage, book: Put):
    there = fill(book, 250)
    doomed = iter(sorted(there))

    def delete_some() -> None:
        for _ in range(10):
            stage.reservations.delete(next(doomed), datetime(2025, 3, 20, tzinfo=UTC))

    pages = connected(simulator(stage), lambda session: read_all(session, between=delete_some))
    staying = {staged.external_id for staged in stage.reservations if not staged.deleted}
    assert len(staying) < 250
    assert staying <= all_ids(pages)


def test_only_the_span_is_read(stage: Stage, book: Put):
    fill(book, 120)
    since = datetime(2025, 3, 14, 7, tzinfo=UTC)
    span = Span("occurred", since, since + timedelta(hours=4, minutes=30))
    pages = connected(simulator(stage), lambda session: read_all(session, span))
    assert all_ids(pages) == {"b010", "b009", "b008", "b007", "b006"}


def test_without_a_span_all_is_read(stage: Stage, book: Put):
    there = fill(book, 5)
    assert all_ids(connected(simulator(stage), lambda session: read_all(session, None))) == there


def test_tables_come_as_one_record(stage: Stage):
    tables = next(each for each in RESOS.manifest.resources if each.name == "tables")

    async def read(session: Session) -> Page:
        return await RESOS.read(session, tables, await RESOS.check(session), None, None)

    page: Page = connected(simulator(stage), read)
    (record,) = page.records
    (seen,) = RESOS.translate("tables", record)
    assert [table.name for table in getattr(seen, "tables", ())] == ["1", "7A", "Bar"]
    assert page.next is None


def test_a_year_pages_quickly(stage: Stage, book: Put):
    fill(book, 12_000)
    everything = Span("occurred", datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    began = time.perf_counter()
    pages = connected(simulator(stage, requests_per_second=10_000), lambda session: read_all(session, everything))
    assert len(all_ids(pages)) == 12_000
    assert time.perf_counter() - began < 60
