"""What is posted, against a receiver that checks it, and everything a receiver may answer."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from msgspec import structs

from servery.connectors.contract import Account, Asgi, Location, Session, Target
from servery.connectors.registry import connector
from servery.connectors.standard_webhooks import signed
from servery.connectors.webhook.client import destination, key_of
from servery.connectors.webhook.send import payload, send
from servery.connectors.webhook.simulator import SECRET, Receiver
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry
from servery.model.commands import GuestCard, MergeTold, PartyCard, VisitReport
from servery.testing.served import free_port, served

WEBHOOK = connector("webhook")
ACCOUNT = Account("The Pass", (Location(external_id="restaurant", name="The Pass"),))
GUEST = GuestCard(guest_id=7, name="Åse Ødegård", email="aase@example.dk")
OTHER = "whsec_" + base64.b64encode(b"another secret, of enough bytes").decode()
OUR_ID = "7f1f5d64-93c0-4f0e-9a4e-3d6f4f0f8f6d"
NOW = datetime(2026, 3, 6, 20, tzinfo=UTC)
MERGE = MergeTold(step_id=1, guest_id=7, other_id=9, merged=True, at=NOW, by="staff", records=2)


def posted(server: str, version: int = 1, changed: dict[str, str] | None = None, patience: float = 60) -> Any:
    settings = {"url": f"{server}/hooks", "sending_secret": SECRET, "inside": "127.0.0.1"} | (changed or {})

    async def work() -> Any:
        async with httpx.AsyncClient(timeout=patience) as http:
            target = Target(our_id=OUR_ID, version=version)
            return await send(Session(settings, http), ACCOUNT, GUEST, target)

    return asyncio.run(work())


def answering(status: int, **headers: str) -> Asgi:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": pairs})
            await send({"type": "http.response.body", "body": b""})

    return app


def failure(app: Asgi, patience: float = 60) -> Any:
    with served(app) as url, pytest.raises((Retry, LookUpFirst, NeedsPerson, Refuse)) as told:
        posted(url, patience=patience)
    return told.value


def test_the_other_side_has_the_latest_state_once():
    receiver = Receiver()
    with served(receiver) as url:
        for version in (1, 1, 2):
            assert posted(url, version).external_id == OUR_ID
    assert receiver.repeats == 1
    assert receiver.states[OUR_ID]["name"] == "Åse Ødegård"
    assert receiver.states[OUR_ID]["state"] == 2


def test_while_the_secret_is_changed_both_sides_may_have_either():
    for theirs in (SECRET, OTHER):
        with served(Receiver(theirs)) as url:
            assert posted(url, changed={"sending_secret": f"{SECRET} {OTHER}"}).external_id


def test_the_official_library_accepts_what_we_sign_and_refuses_what_was_changed():
    library = pytest.importorskip("standardwebhooks")
    body = payload(GUEST, Target(our_id=OUR_ID, version=3))
    headers = signed(f"{OUR_ID}.3", body, [key_of(SECRET, "secret"), key_of(OTHER, "secret")])
    for secret in (SECRET, OTHER):
        assert library.Webhook(secret).verify(body, headers)["type"] == "guest.updated"
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(SECRET).verify(body.replace(b"Ode", b"Ude") + b" ", headers)


def test_the_example_of_the_specification():
    # The vector of the specification's own libraries.
    secret, message = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed(message, b'{"test": 2432232314}', [key_of(secret, "secret")], at)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (GUEST, "guest.updated"),
        (PartyCard(reservation_id=1, location="x", status="booked", starts_at=NOW), "party.updated"),
        (VisitReport(visit_id=1, reservation="b", business_date=NOW.date(), currency="DKK"), "visit.closed"),
        (MERGE, "guest.merged"),
        (structs.replace(MERGE, merged=False), "guest.unmerged"),
    ],
)
def test_each_kind_has_its_name_and_the_format_its_version(command: Any, event: str):
    told = json.loads(payload(command, Target(our_id=OUR_ID, version=4)))
    assert (told["type"], told["version"], told["data"]["id"], told["data"]["state"]) == (event, "1", OUR_ID, 4)
    assert datetime.fromisoformat(told["timestamp"]).tzinfo


@pytest.mark.parametrize(
    ("status", "kind", "field"),
    [
        (410, NeedsPerson, "url"),
        (401, NeedsPerson, "sending_secret"),
        (302, NeedsPerson, "url"),
        (308, NeedsPerson, "url"),
        (422, Refuse, None),
        (500, LookUpFirst, None),
        (503, LookUpFirst, None),
    ],
)
def test_what_the_other_side_answers(status: int, kind: type[Exception], field: str | None):
    error = failure(answering(status, location="http://127.0.0.1:1/"))
    assert isinstance(error, kind)
    assert getattr(error, "field", None) == field


@pytest.mark.parametrize(
    ("advice", "least", "most"),
    [
        ("7", 7, 7),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True), 30, 60),
        ("soon", 30, 30),
        ("9" * 400, 30, 30),
        ("999999", 86_400, 86_400),
    ],
    ids=["seconds", "date", "words", "too long", "for days"],
)
def test_the_wait_that_is_asked_for_is_kept(advice: str | Callable[[], str], least: float, most: float):
    error = failure(answering(429, retry_after=advice if isinstance(advice, str) else advice()))
    assert isinstance(error, Retry)
    assert least <= error.retry_after <= most
    assert error.asked == (advice not in ("soon", "9" * 400))


def test_nobody_there_is_certainly_not_done_and_no_answer_is_unknown():
    async def silent(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(4)

    with pytest.raises(Retry):
        posted(f"http://127.0.0.1:{free_port()}")
    assert isinstance(failure(silent, patience=0.5), LookUpFirst)


def test_without_an_address_nothing_is_sent():
    assert posted("http://127.0.0.1:1", changed={"url": ""}).external_id is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "10.1.2.3", "192.168.1.1", "172.16.0.9", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "[fe80::1]", "[fc00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
        "224.0.0.1", "2130706433", "0x7f.1", "127.1",
    ],
)  # fmt: skip
def test_an_inside_address_is_refused_however_it_is_written(host: str):
    with pytest.raises((NeedsPerson, Retry, httpx.InvalidURL)) as told:
        led(f"https://{host}/")
    if isinstance(told.value, NeedsPerson):
        assert told.value.field == "url"
        assert "inside this network" in str(told.value)


def test_a_name_that_leads_inside_is_refused_and_one_that_is_allowed_is_not(monkeypatch: pytest.MonkeyPatch):
    _leads_to(monkeypatch, "93.184.216.34", "10.0.0.7")
    with pytest.raises(NeedsPerson, match="inside this network"):
        led("https://till.example")
    assert led("https://till.example", "nas Till.example") == "93.184.216.34"


def led(url: str, inside: str = "") -> str:
    """The address that deliveries to this one connect to."""

    async def work() -> str:
        async with httpx.AsyncClient() as http:
            return (await destination(Session({"url": url, "inside": inside}, http)))[1]

    return asyncio.run(work())


def test_nothing_goes_over_the_internet_in_the_open(monkeypatch: pytest.MonkeyPatch):
    _leads_to(monkeypatch, "93.184.216.34")
    for inside in ("", "till.example"):
        with pytest.raises(NeedsPerson, match="open to everybody") as told:
            led("http://till.example", inside)
        assert told.value.field == "url"
    assert led("https://till.example") == "93.184.216.34"
    _leads_to(monkeypatch, "10.0.0.7")
    assert led("http://till.example", "till.example") == "10.0.0.7"


def test_the_address_that_was_looked_at_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch):
    receiver = Receiver()
    with served(receiver) as url:
        port = url.rpartition(":")[2]
        # A name that nobody else knows: had the client asked again, it would have found nothing.
        asked = _leads_to(monkeypatch, "127.0.0.1")
        assert posted(f"http://till.example:{port}", changed={"inside": "till.example"}).external_id
    assert asked.count("till.example") == 1
    assert receiver.states


def _leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name lead to these addresses, as a name server would; gives the names asked for."""
    import socket

    asked: list[str] = []
    real = socket.getaddrinfo

    def lead(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        if str(host).endswith(".example"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lead)
    return asked


def test_what_was_entered_is_looked_through():
    async def work(**changed: str) -> Any:
        settings = {
            "restaurant": "The Pass", "time_zone": "Europe/Copenhagen", "currency": "DKK", "secret": SECRET,
        } | changed  # fmt: skip
        async with httpx.AsyncClient() as http:
            return await WEBHOOK.check(Session(settings, http))

    assert asyncio.run(work()).locations[0].currency == "DKK"
    for field, value in [
        ("time_zone", "Mars"), ("currency", "XQX"), ("secret", "whsec_c2hvcnQ="), ("secret", ""),
        ("mapping", "[[record]]\nkind = 5"), ("url", "https://192.168.0.4"),
    ]:  # fmt: skip
        changed = {field: value} | ({"sending_secret": SECRET} if field == "url" else {})
        with pytest.raises(NeedsPerson) as told:
            asyncio.run(work(**changed))
        assert told.value.field == field
    with pytest.raises(NeedsPerson) as told:
        asyncio.run(work(url="https://example.com"))
    assert told.value.field == "sending_secret"
