"""Square's events: signed as Square's own package checks them, shaped as Square describes them, and what they say."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import msgspec
import pytest
from msgspec import Raw
from square.utils.webhooks_helper import verify_signature

from servery.connectors import registry
from servery.connectors.contract import Heard
from servery.connectors.square.simulator import deliver, events, merge, signed, simulator
from servery.connectors.square.tests import plays
from servery.connectors.square.webhooks import hear
from servery.errors import Quarantine
from servery.model.changes import Change, GuestSeen, PaymentSeen, Removed
from servery.model.order import Refund
from servery.testing.served import served

SQUARE = registry.connector("square")
URL = "https://example.dk/hooks/3"
SCHEMAS = {
    "customer.created": "CustomerCreatedEvent",
    "customer.updated": "CustomerUpdatedEvent",
    "customer.deleted": "CustomerDeletedEvent",
    "order.created": "OrderCreatedEvent",
    "order.updated": "OrderUpdatedEvent",
    "payment.created": "PaymentCreatedEvent",
    "payment.updated": "PaymentUpdatedEvent",
    "refund.created": "RefundCreatedEvent",
}


def said(heard: Heard) -> list[Change]:
    return [change for resource, record in heard.records for change in SQUARE.translate(resource, record)]


def body(kind: str, **held: object) -> Raw:
    event = {"type": kind, "event_id": "e", "created_at": "2026-03-06T18:30:00Z", "data": {"id": "X1", "object": held}}
    return Raw(msgspec.json.encode(event))


def test_squares_own_package_accepts_the_signature():
    for _, sent in events(plays.full_stage()):
        signature = signed(sent, "key", URL)["x-square-hmacsha256-signature"]
        assert verify_signature(
            request_body=sent.decode(), signature_header=signature, signature_key="key", notification_url=URL
        )
        assert not verify_signature(
            request_body=sent.decode() + " ", signature_header=signature, signature_key="key", notification_url=URL
        )


def test_the_events_are_as_square_describes_them(as_square):
    play = plays.full_stage()
    play.checks.put("CHKPAID", plays.dinner(refunds=(Refund(100),)), plays.DINNER + timedelta(days=1))
    sent = [*events(play), *merge(play, ["CUSTJENSEN", "CUSTINSTANT"], "CUSTNEW", plays.DINNER)]
    assert set(SCHEMAS) <= {kind for kind, _ in sent} | {"customer.updated"}
    for kind, event in sent:
        as_square(SCHEMAS[kind], json.loads(event))


def test_an_order_is_only_named_and_a_payment_and_a_customer_come_whole():
    heard = [hear(kind, Raw(event)) for kind, event in events(plays.full_stage())]
    assert ("orders", "CHKPAID") in {wanted for one in heard for wanted in one.wanted}
    told = [change for one in heard for change in said(one)]
    assert "CUSTJENSEN" in {one.external_id for one in told if isinstance(one, GuestSeen)}
    paid = {one.check_id for one in told if isinstance(one, PaymentSeen)}
    assert "CHKPAID" in paid
    lanes = {one.lane for one in heard}
    assert {"order:CHKPAID", "customer:CUSTJENSEN"} <= lanes


def test_a_merge_takes_the_old_customers_into_the_new_one_whichever_event_comes_first():
    play = plays.full_stage()
    sent = merge(play, ["CUSTJENSEN", "CUSTINSTANT"], "CUSTNEW", plays.DINNER)
    assert [kind for kind, _ in sent] == ["customer.created", "customer.deleted", "customer.deleted"]
    for kind, event in sent:
        ended = [change for change in said(hear(kind, Raw(event))) if isinstance(change, Removed)]
        assert {(one.external_id, one.merged_into) for one in ended} == {
            ("CUSTJENSEN", "CUSTNEW"),
            ("CUSTINSTANT", "CUSTNEW"),
        }


def test_a_deleted_customer_is_removed_as_of_their_last_state():
    play = plays.full_stage()
    play.guests.delete("CUSTJENSEN", plays.DINNER)
    [event] = [event for kind, event in events(play) if kind == "customer.deleted" and b"CUSTJENSEN" in event]
    [ended] = said(hear("customer.deleted", Raw(event)))
    assert isinstance(ended, Removed)
    assert (ended.external_id, ended.merged_into) == ("CUSTJENSEN", None)
    # A state that comes back later counts; one from before does not.
    assert ended.revision == 1_772_821_800_000_000


def test_what_tells_nothing_we_keep_says_nothing():
    for kind in ("customer.custom_attribute.owned.updated", "order.custom_attribute.owned.updated", "labor.x"):
        assert hear(kind, body(kind)) == Heard(lane=f"event:{kind}")
    assert hear("catalog.version.updated", body("catalog.version.updated")).news == ("catalog",)


@pytest.mark.parametrize(
    "broken", [b"{", b"[]", b'{"type": 3, "data": {}}', body("payment.updated"), body("order.updated")]
)
def test_an_event_that_holds_nothing_is_kept_aside(broken):
    with pytest.raises(Quarantine):
        hear("payment.updated", Raw(broken))


@pytest.fixture
def sink() -> Iterator[tuple[str, list[bytes]]]:
    heard: list[bytes] = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            heard.append((await receive())["body"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    with served(app) as url:
        yield url, heard


def test_events_are_delivered_to_a_notification_url(sink):
    url, heard = sink
    sent = list(events(plays.full_stage()))

    async def posted() -> list[int]:
        async with httpx.AsyncClient() as http:
            return await deliver(http, url, "key", sent)

    assert asyncio.run(posted()) == [200] * len(sent)
    assert heard == [event for _, event in sent]


def test_the_owner_consents_and_the_token_given_opens_the_account(as_square):
    application = {"client_id": "sandbox-sq0idb-simulated", "client_secret": "sandbox-sq0csb-simulated"}
    with served(simulator(plays.stage())) as url, httpx.Client(base_url=url) as http:
        asked = {"client_id": application["client_id"], "redirect_uri": "http://us/back", "state": "s"}
        sent_back = httpx.URL(http.get("/oauth2/authorize", params=asked).headers["location"])
        assert sent_back.params["state"] == "s"
        question = application | {"grant_type": "authorization_code", "code": sent_back.params["code"]}
        given = http.post("/oauth2/token", json=question)
        as_square("ObtainTokenResponse", given.json())
        assert http.post("/oauth2/token", json=question).status_code == 400
        again = http.post(
            "/oauth2/token",
            json=application | {"grant_type": "refresh_token", "refresh_token": given.json()["refresh_token"]},
        )
        for token in (given.json()["access_token"], again.json()["access_token"]):
            opened = http.get("/v2/locations", headers={"Authorization": f"Bearer {token}"})
            assert opened.status_code == 200
        wrong = http.post("/oauth2/token", json=question | {"client_secret": "other"})
        assert wrong.status_code == 401
