"""Nobody reads anything without a key that is in force, nor more often than it may."""

from datetime import timedelta
from functools import partial

import httpx
import pytest

from tests.api.conftest import api, key, serving, sql


def get(address: str, authorization: str | None) -> httpx.Response:
    headers = {"authorization": authorization} if authorization else {}
    return httpx.get(f"{address}/api/v1/venues", headers=headers)


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "key-missing"),
        ("Bearer", "key-missing"),
        ("Basic c3Y6", "key-missing"),
        ("Bearer nonsense", "key-unknown"),
        ("Bearer sv_" + "A" * 38, "key-unknown"),
    ],
)
def test_without_a_key_nothing_opens(address, authorization, code):
    answer = get(address, authorization)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="servery"')
    assert ("invalid_token" in answer.headers["www-authenticate"]) == (code != "key-missing")


def test_a_cookie_is_no_key(address):
    answer = httpx.get(f"{address}/api/v1/venues", headers={"cookie": "servery_session=anything"})
    assert answer.json()["code"] == "key-missing"


def test_a_key_opens_until_it_is_revoked_or_expires(shared, address):
    key_id, token = key(shared, "owner", lasts=timedelta(hours=1))
    assert get(address, f"bearer {token}").status_code == 200
    sql(shared, "update api_key set expires_at = now() - interval '1 s' where id = %s", key_id)
    expired = get(address, f"Bearer {token}")
    assert (expired.status_code, expired.json()["code"]) == (401, "key-expired")
    sql(shared, "update api_key set revoked_at = now() where id = %s", key_id)
    revoked = get(address, f"Bearer {token}")
    assert (revoked.status_code, revoked.json()["code"]) == (401, "key-revoked")
    assert token not in revoked.text


def test_each_key_has_its_own_allowance(shared):
    often, other = key(shared, "owner")[1], key(shared, "host")[1]
    with serving(shared, partial(api, per_minute=3)) as address:
        answers = [get(address, f"Bearer {often}") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["ratelimit-remaining"] for one in answers] == ["2", "1", "0", "0"]
        refused = answers[-1]
        assert refused.json()["code"] == "too-many-requests"
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit-limit"] == "3"
        assert get(address, f"Bearer {other}").status_code == 200


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "POST", "DELETE"])
def test_no_method_gets_in_without_a_key_or_breaks_with_one(shared, address, method):
    where = f"{address}/api/v1/venues"
    assert httpx.request(method, where).status_code in {401, 405}
    with_key = httpx.request(method, where, headers={"authorization": f"Bearer {key(shared, 'owner')[1]}"})
    assert with_key.status_code == (204 if method == "OPTIONS" else 405)
    assert "GET" in with_key.headers["allow"]
