"""Who may say what: proofs of webhooks on their very bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from square.utils.webhooks_helper import verify_signature

from servery.connectors.contract import Webhook
from servery.errors import Forbidden, NeedsPerson
from servery.inbox.verify import Request, secrets_in, verify

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'{"event_id": "e-1", "type": "order.updated", "data": {"id": "O1", "total": 1250}}'
URL = "https://servery.example.com/hooks/7"
SECRET = "s3cret-of-the-vendor"

SQUARE = Webhook(
    secret="key", signs="{url}{body}", encoding="base64", header="x-square-hmacsha256-signature", id_path="event_id"
)
HUBRISE = Webhook(secret="key", header="x-hubrise-hmac-sha256")
TOAST = Webhook(
    secret="key", signs="{body}{timestamp}", encoding="base64", header="toast-signature", timestamp_header="toast-time"
)
STANDARD = Webhook(
    secret="key",
    signs="{id}.{timestamp}.{body}",
    encoding="base64",
    key="base64",
    header="webhook-signature",
    prefix="v1,",
    id_header="webhook-id",
    timestamp_header="webhook-timestamp",
)
LEGACY = Webhook(secret="key", algorithm="sha1", header="x-hub-signature", prefix="sha1=")
LONG = Webhook(
    secret="key", algorithm="sha512", header="x-signature", signs="v0:{timestamp}:{body}", timestamp_header="t"
)
HEADER = Webhook(secret="key", by="header", header="x-api-key")
BASIC = Webhook(secret="key", by="basic")
BEARER = Webhook(secret="key", by="bearer")
QUERY = Webhook(secret="key", by="query", header="token")

HASHED = {"square": SQUARE, "hubrise": HUBRISE, "toast": TOAST, "standard": STANDARD, "sha1": LEGACY, "sha512": LONG}
FIXED = {"header": HEADER, "basic": BASIC, "bearer": BEARER, "query": QUERY}
EVERY = HASHED | FIXED


def secret_of(webhook: Webhook, secret: str = SECRET) -> str:
    return "whsec_" + base64.b64encode(secret.encode()).decode() if webhook.key == "base64" else secret


def signature(webhook: Webhook, body: bytes, stamp: str = STAMP, secret: str = SECRET) -> bytes:
    """As the sender makes it, written out for each and not by the template."""
    signed = {
        "{url}{body}": URL.encode() + body,
        "{body}": body,
        "{body}{timestamp}": body + stamp.encode(),
        "{id}.{timestamp}.{body}": b"msg_1." + stamp.encode() + b"." + body,
        "v0:{timestamp}:{body}": b"v0:" + stamp.encode() + b":" + body,
    }[webhook.signs]
    made = hmac.new(secret.encode(), signed, getattr(hashlib, webhook.algorithm))
    return made.hexdigest().encode() if webhook.encoding == "hex" else base64.b64encode(made.digest())


def sent(webhook: Webhook, body: bytes = BODY, stamp: str = STAMP, secret: str = SECRET) -> Request:
    """A request as the vendor sends it."""
    headers = {b"content-type": b"application/json"}
    if webhook.timestamp_header:
        headers[webhook.timestamp_header.encode()] = stamp.encode()
    if webhook.id_header:
        headers[webhook.id_header.encode()] = b"msg_1"
    query = b""
    match webhook.by:
        case "hmac":
            made = signature(webhook, body, stamp, secret)
            headers[webhook.header.encode()] = webhook.prefix.encode() + made
        case "header":
            headers[b"x-api-key"] = secret.encode()
        case "basic":
            headers[b"authorization"] = b"Basic " + base64.b64encode(secret.encode())
        case "bearer":
            headers[b"authorization"] = b"Bearer " + secret.encode()
        case "query":
            query = b"token=" + secret.encode()
    return Request(URL, query, headers, body)


def accepted(webhook: Webhook, request: Request, *secrets: str, now: datetime = NOW) -> bool:
    try:
        verify(webhook, secrets or [secret_of(webhook)], request, now)
    except Forbidden:
        return False
    return True


def changed(request: Request, **headers: bytes | None) -> Request:
    given = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    kept = {**request.headers, **{name: value for name, value in given.items() if value is not None}}
    return structs.replace(request, headers={k: v for k, v in kept.items() if k not in given or given[k] is not None})


every = pytest.mark.parametrize("webhook", EVERY.values(), ids=EVERY)
hashed = pytest.mark.parametrize("webhook", HASHED.values(), ids=HASHED)
timed = pytest.mark.parametrize("webhook", [TOAST, STANDARD, LONG], ids=["toast", "standard", "sha512"])


@every
def test_the_vendor_is_believed(webhook: Webhook):
    assert accepted(webhook, sent(webhook))


@hashed
def test_no_flipped_bit_of_the_body_is_accepted(webhook: Webhook):
    request = sent(webhook)
    for bit in range(8 * len(BODY)):
        flipped = bytearray(BODY)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not accepted(webhook, structs.replace(request, body=bytes(flipped)))


@every
def test_no_flipped_bit_of_the_proof_is_accepted(webhook: Webhook):
    request = sent(webhook)
    header = webhook.header.encode()
    proof = request.query if webhook.by == "query" else request.headers[header]
    for bit in range(8 * len(proof)):
        flipped = bytearray(proof)
        flipped[bit // 8] ^= 1 << bit % 8
        if webhook.by == "query":
            assert not accepted(webhook, structs.replace(request, query=bytes(flipped)))
        else:
            assert not accepted(webhook, structs.replace(request, headers={**request.headers, header: bytes(flipped)}))


@timed
def test_no_flipped_bit_of_what_is_signed_beside_the_body_is_accepted(webhook: Webhook):
    request = sent(webhook)
    for name in (webhook.timestamp_header, webhook.id_header):
        value = request.headers.get((name or "").encode(), b"")
        for bit in range(8 * len(value)):
            flipped = bytearray(value)
            flipped[bit // 8] ^= 1 << bit % 8
            headers = {**request.headers, str(name).encode(): bytes(flipped)}
            assert not accepted(webhook, structs.replace(request, headers=headers))


@given(st.sampled_from(list(HASHED.values())), st.binary(max_size=400), st.binary(max_size=400))
def test_only_the_body_that_was_signed_is_accepted(webhook: Webhook, signed: bytes, body: bytes):
    request = sent(webhook, signed)
    assert accepted(webhook, structs.replace(request, body=body)) == (signed == body)


@every
def test_a_wrong_secret_and_a_retired_one_are_refused(webhook: Webhook):
    assert not accepted(webhook, sent(webhook, secret="wrong"))
    assert not accepted(webhook, sent(webhook), secret_of(webhook, "next"))


@every
def test_while_a_secret_is_being_changed_both_are_accepted(webhook: Webhook):
    both = secrets_in(f"{secret_of(webhook)}  {secret_of(webhook, 'next')}")
    assert len(both) == 2
    assert accepted(webhook, sent(webhook), *both)
    assert accepted(webhook, sent(webhook, secret="next"), *both)
    assert not accepted(webhook, sent(webhook, secret="third"), *both)


@every
def test_without_a_secret_nothing_is_accepted(webhook: Webhook):
    for none in ([], [""]):
        with pytest.raises(Forbidden):
            verify(webhook, none, sent(webhook, secret=""), NOW)
        with pytest.raises(Forbidden):
            verify(webhook, none, sent(webhook), NOW)


@every
def test_without_a_proof_nothing_is_accepted(webhook: Webhook):
    with pytest.raises(Forbidden) as caught:
        verify(webhook, [secret_of(webhook)], Request(URL, b"", {}, BODY), NOW)
    assert caught.value.code == "not-signed"
    empty = {webhook.header.encode(): b"", b"webhook-id": b"", b"t": b"", b"toast-time": b"", b"webhook-timestamp": b""}
    assert not accepted(webhook, Request(URL, b"token=", empty, BODY))


@hashed
def test_json_that_was_read_and_written_again_is_refused(webhook: Webhook):
    again = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
    assert json.loads(again) == json.loads(BODY)
    assert not accepted(webhook, structs.replace(sent(webhook), body=again))


@timed
@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_a_request_is_fresh_for_five_minutes_both_ways(webhook: Webhook, seconds: int, fresh: bool):
    assert accepted(webhook, sent(webhook), now=NOW + timedelta(seconds=seconds)) is fresh


@pytest.mark.parametrize(
    ("unit", "stamp"),
    [
        ("milliseconds", str(int(NOW.timestamp() * 1000))),
        ("iso", "2026-11-21T18:00:00Z"),
        ("iso", "2026-11-21T19:00+01:00"),
    ],
)
def test_the_time_is_read_as_the_manifest_says(unit: Any, stamp: str):
    webhook = structs.replace(TOAST, timestamp_unit=unit)
    assert accepted(webhook, sent(webhook, stamp=stamp))
    assert not accepted(webhook, sent(webhook, stamp=stamp), now=NOW + timedelta(seconds=301))
    assert not accepted(webhook, sent(webhook, stamp=stamp), now=NOW - timedelta(seconds=301))


@pytest.mark.parametrize("stamp", ["soon", "-1", "1e9", " 5", "9" * 16, "9" * 40, "١٢٣", "2026-11-21"])
def test_a_time_that_cannot_be_read_is_refused(stamp: str):
    assert not accepted(TOAST, sent(TOAST, stamp=stamp))


@pytest.mark.parametrize("stamp", ["soon", "5", "2026-02-30T00:00:00Z", "9999999999"])
def test_a_date_that_cannot_be_read_is_refused(stamp: str):
    webhook = structs.replace(TOAST, timestamp_unit="iso")
    assert not accepted(webhook, sent(webhook, stamp=stamp))


def test_one_of_several_signatures_is_enough():
    good, bad = signature(STANDARD, BODY), signature(STANDARD, BODY, secret="other")
    request = sent(STANDARD)
    several = b"v1a," + good + b" v1," + bad + b" v1," + good
    assert accepted(STANDARD, changed(request, webhook_signature=several))
    assert not accepted(STANDARD, changed(request, webhook_signature=b"v1a," + good + b" v1," + bad))
    plain = signature(HUBRISE, BODY)
    assert accepted(HUBRISE, changed(sent(HUBRISE), x_hubrise_hmac_sha256=b"00, " + plain))
    assert accepted(LEGACY, changed(sent(LEGACY), x_hub_signature=b"sha256=00,sha1=" + signature(LEGACY, BODY)))


def test_the_address_is_part_of_what_square_signs():
    assert not accepted(SQUARE, structs.replace(sent(SQUARE), url=URL.replace("7", "8")))


def test_a_secret_that_is_no_base64_is_told_to_a_person():
    with pytest.raises(NeedsPerson) as caught:
        verify(STANDARD, ["whsec_not base64!"], sent(STANDARD), NOW)
    assert caught.value.field == "key"
    assert "not base64" not in str(caught.value)


def test_nothing_secret_is_shown():
    assert SECRET not in repr(sent(QUERY)) + repr(sent(BEARER))


def test_the_value_of_the_query_is_decoded():
    request = structs.replace(sent(QUERY), query=b"a=1&token=a%20b%2Fc&b=")
    assert accepted(QUERY, request, "a b/c")


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@given(texts, keys, keys)
def test_what_we_accept_square_s_own_helper_accepts_and_the_other_way_round(body: str, key: str, other: str):
    made = base64.b64encode(hmac.digest(key.encode(), (URL + body).encode(), "sha256")).decode()
    for secret in (key, other):
        for told in (made, made[:-2] + "A=", made.lower(), made + "=", made.strip("=")):
            theirs = verify_signature(
                request_body=body, signature_header=told, signature_key=secret, notification_url=URL
            )
            request = Request(URL, b"", {b"x-square-hmacsha256-signature": told.encode()}, body.encode())
            assert accepted(SQUARE, request, secret) == theirs
