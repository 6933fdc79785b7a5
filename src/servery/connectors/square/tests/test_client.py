"""Reading Square over a real socket: every page, and every way it goes wrong."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import msgspec
import pytest

from servery.connectors import registry
from servery.connectors.contract import Account, Asgi, Location, Session, Span, pages
from servery.connectors.square import client
from servery.connectors.square.simulator import simulator
from servery.connectors.square.tests import plays
from servery.errors import NeedsPerson, Refuse, Retry
from servery.model.changes import GuestSeen, MenuSeen
from servery.testing.served import free_port, served
from servery.testing.stage import Stage

SQUARE = registry.connector("square")
RESOURCES = {each.name: each for each in SQUARE.manifest.resources}
Headers = Sequence[tuple[bytes, bytes]]
Answering = Callable[..., str]
WEEK = Span("occurred", plays.DINNER - timedelta(days=7), plays.DINNER + timedelta(days=7))


def with_session(url: str, work: Callable[[Session], Any], patience: float = 60, **changed: str) -> Any:
    """The result of `work` on a session with the service at `url`."""

    async def run() -> Any:
        async with httpx.AsyncClient(timeout=patience) as http:
            return await work(Session({"access_token": plays.TOKEN, "base_url": url} | changed, http))

    return asyncio.run(run())


def read_all(url: str, name: str, span: Span | None) -> list[dict[str, Any]]:
    async def work(session: Session) -> list[dict[str, Any]]:
        account = await client.check(session)
        found = pages(SQUARE, session, RESOURCES[name], account, span)
        return [msgspec.json.decode(record) async for page in found for record in page.records]

    result: list[dict[str, Any]] = with_session(url, work)
    return result


def busy(checks: int) -> Stage:
    play = plays.stage()
    for number in range(checks):
        at = plays.DINNER + timedelta(seconds=number)
        play.checks.put(f"C{number:05}", plays.dinner(), at + timedelta(hours=2), at)
        play.guests.put(f"G{number:05}", plays.jensen(), at)
    return play


def _one_answer(status: int, body: bytes, headers: Headers, asked: list[bytes] | None) -> Asgi:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            message = await receive()
            if asked is not None:
                asked.append(message["body"])
            await send({"type": "http.response.start", "status": status, "headers": list(headers)})
            await send({"type": "http.response.body", "body": body})

    return app


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Starts servers that give one answer to all; gives their base URLs."""
    with ExitStack() as running:

        def start(status: int, body: bytes, headers: Headers = (), asked: list[bytes] | None = None) -> str:
            return running.enter_context(served(_one_answer(status, body, headers, asked)))

        yield start


def test_check_tells_the_account(base_url):
    place = Location(external_id="LKROEN0000001", name="Kroen", time_zone="Europe/Copenhagen", currency="DKK")
    assert with_session(base_url, client.check) == Account("Kroen", (place,), "QKWPUFF32B11N")


def test_everything_is_read_page_by_page_and_once():
    with served(simulator(busy(1203))) as url:
        orders = read_all(url, "orders", WEEK)
        payments = read_all(url, "payments", WEEK)
        customers = read_all(url, "customers", None)
    assert [each["id"] for each in orders] == [f"C{number:05}" for number in reversed(range(1203))], "newest first"
    assert len({each["id"] for each in payments}) == len(payments) == 2406
    assert len({each["id"] for each in customers}) == len(customers) == 1203


def test_a_poll_asks_for_what_changed_and_gives_the_oldest_change_first():
    play = busy(5)
    play.checks.put("C00001", plays.dinner(), plays.DINNER + timedelta(days=3))
    changed = Span("modified", plays.DINNER + timedelta(hours=2, seconds=3), plays.DINNER + timedelta(days=4))
    with served(simulator(play, now=lambda: plays.DINNER)) as url:
        assert [each["id"] for each in read_all(url, "orders", changed)] == ["C00003", "C00004", "C00001"]
        assert {each["order_id"] for each in read_all(url, "payments", changed)} == {"C00003", "C00004", "C00001"}
        changed = Span("modified", plays.DINNER + timedelta(seconds=4), plays.DINNER + timedelta(days=4))
        assert [each["id"] for each in read_all(url, "customers", changed)] == ["G00004"]


def test_drafts_are_not_even_asked_for(answering):
    asked: list[bytes] = []
    with_session(answering(200, b'{"orders":[]}', asked=asked), orders_of(account(1)))
    assert b"DRAFT" not in asked[0]


def test_the_catalogue_comes_as_one_record_and_reads_as_a_menu(base_url):
    [record] = read_all(base_url, "catalog", None)
    [menu] = SQUARE.translate("catalog", msgspec.Raw(msgspec.json.encode(record)))
    assert isinstance(menu, MenuSeen)
    by_name = {each.name: each for each in menu.menu.products}
    ribeye = by_name["Ribeye"]
    assert (ribeye.variants[0].price, ribeye.variants[0].ref, ribeye.kind) == (24500, "RIB", "dish")
    assert ribeye.allergens == ("milk", "soybeans", "nuts")
    assert by_name["Husets røde"].kind == "wine"
    assert not by_name["Husets røde"].variants[1].availability.available
    assert (menu.menu.modifier_groups[0].minimum, menu.menu.modifier_groups[0].maximum) == (1, 1)
    assert by_name["Aftenmenu"].variants[0].price == 39500


def test_a_guest_comes_back_as_the_stage_has_them(base_url):
    [record] = [each for each in read_all(base_url, "customers", None) if each["id"] == "CUSTJENSEN"]
    [change] = SQUARE.translate("customers", msgspec.Raw(msgspec.json.encode(record)))
    assert isinstance(change, GuestSeen)
    told = plays.jensen()
    assert msgspec.structs.replace(change.guest, created_at=None) == told


def account(locations: int) -> Account:
    return Account("Chain", tuple(Location(external_id=f"L{each}", name="x") for each in range(locations)))


def orders_of(account: Account) -> Callable[[Session], Any]:
    async def work(session: Session) -> list[Any]:
        return [page async for page in pages(SQUARE, session, RESOURCES["orders"], account, WEEK)]

    return work


def test_more_than_ten_locations_are_asked_for_in_groups(answering):
    asked: list[bytes] = []
    with_session(answering(200, b'{"orders":[]}', asked=asked), orders_of(account(23)))
    assert [len(msgspec.json.decode(each)["location_ids"]) for each in asked] == [10, 10, 3]


def test_one_location_may_be_chosen_and_an_unknown_one_is_named(base_url):
    assert with_session(base_url, client.check, location="LKROEN0000001").locations
    with pytest.raises(NeedsPerson) as told:
        with_session(base_url, client.check, location="LOTHER")
    assert told.value.field == "location"
    assert "LKROEN0000001 (Kroen)" in told.value.told()


@pytest.mark.parametrize("token", ["wrong-token", "", "two words", "tøken"])
def test_a_wrong_token_names_the_field_and_is_not_told(base_url, token):
    with pytest.raises(NeedsPerson) as told:
        with_session(base_url, client.check, access_token=token)
    assert told.value.field == "access_token"
    assert not token or token not in str(told.value)


def test_a_token_without_permissions_says_which_it_needs(answering):
    body = b'{"errors":[{"category":"AUTHENTICATION_ERROR","code":"INSUFFICIENT_SCOPES"}]}'
    with pytest.raises(NeedsPerson) as told:
        with_session(answering(403, body), client.check)
    assert told.value.field == "access_token"
    assert "ORDERS_READ" in told.value.told()


def in_a_minute() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)


@pytest.mark.parametrize(
    ("advice", "least", "most"),
    [("7", 7, 7), (in_a_minute, 30, 60), (None, 30, 30), ("soon", 30, 30), ("Thu, 01 Jan 2015 00:00:00 GMT", 0, 0)],
)
def test_a_pause_is_as_long_as_square_asks(answering, advice, least, most):
    text = advice() if callable(advice) else advice
    headers = [(b"retry-after", text.encode())] if text else []
    with pytest.raises(Retry) as told:
        with_session(answering(429, b'{"errors":[]}', headers=headers), client.check)
    assert least <= told.value.retry_after <= most


def test_a_server_that_is_down_is_named():
    with pytest.raises(Retry) as told:
        with_session(f"http://127.0.0.1:{free_port()}", client.check)
    assert "Square at 127.0.0.1 cannot be reached." in str(told.value)


def test_a_server_that_fails_is_asked_again_later(answering):
    with pytest.raises(Retry) as told:
        with_session(answering(503, b"<html>"), client.check)
    assert "out of order (it answered 503)" in str(told.value)


def test_a_server_that_says_nothing_is_not_waited_for():
    async def silent(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(3)

    with served(silent) as url, pytest.raises(Retry) as told:
        with_session(url, client.check, patience=0.5)
    assert "did not answer in time" in str(told.value)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>Welcome</html>"), (200, b"[1]"), (404, b"<html>"), (302, b"")]
)
def test_what_is_not_square_names_the_address(answering, status, body):
    with pytest.raises(NeedsPerson) as told:
        with_session(answering(status, body), client.check)
    assert told.value.field == "base_url"


@pytest.mark.parametrize("url", ["squareup.com", "ftp://x", "https://", "http://me:secret@127.0.0.1:1"])
def test_an_address_that_is_none_names_the_field(url):
    with pytest.raises(NeedsPerson) as told:
        with_session(url, client.check)
    assert told.value.field == "base_url"
    assert "secret" not in str(told.value)


def test_a_question_square_refuses_says_why(answering):
    body = b'{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"INVALID_CURSOR","field":"cursor"}]}'
    with pytest.raises(Refuse) as told:
        with_session(answering(400, body), client.check)
    assert told.value.told() == "Square refused the question: INVALID_CURSOR cursor."


def test_an_account_without_an_active_location_is_told(answering):
    body = b'{"locations":[{"id":"L","status":"INACTIVE"}],"merchant":{}}'
    with pytest.raises(NeedsPerson) as told:
        with_session(answering(200, body), client.check)
    assert told.value.field == "access_token"
