import time
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servery.accounts import passwords
from servery.accounts.passwords import LONGEST, SHORTEST, check_password, hashed, verify
from servery.errors import Invalid

pytestmark = pytest.mark.anyio


async def test_the_hash_costs_at_least_what_rfc_9106_asks():
    cost = extract_parameters(await hashed("a password for this test"))
    assert cost.type is Type.ID
    assert cost.memory_cost >= 64 * 1024
    assert cost.time_cost >= 3
    assert cost.salt_len >= 16


async def test_a_password_opens_and_another_does_not():
    stored = await hashed("correct horse battery")
    assert "correct" not in stored
    assert await verify(stored, "correct horse battery") == "right"
    assert await verify(stored, "correct horse batterz") == "wrong"


async def test_a_weaker_hash_of_earlier_days_is_known_as_such():
    stored = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("correct horse battery")
    assert await verify(stored, "correct horse battery") == "right but weak"
    assert await verify(stored, "wrong horse battery") == "wrong"


async def test_no_stored_hash_takes_as_long_as_one():
    stored = await hashed("correct horse battery")

    async def fastest(known: str | None) -> float:
        times = []
        for _ in range(4):
            began = time.process_time()
            await verify(known, "wrong horse battery")
            times.append(time.process_time() - began)
        return min(times)

    assert 0.6 < await fastest(None) / await fastest(stored) < 1.6


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=st.text(max_size=30))
async def test_any_text_opens_what_it_closed_however_it_is_composed(cheap_hashing, password):
    stored = await hashed(unicodedata.normalize("NFD", password))
    assert await verify(stored, unicodedata.normalize("NFC", password)) == "right"
    assert await verify(stored, password + "x") == "wrong"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password-too-short"),
        ("x" * (SHORTEST - 1), "password-too-short"),
        ("x" * (LONGEST + 1), "password-too-long"),
        (" Hanna.Host@Example.com", "password-is-email"),
    ],
)
def test_a_password_that_will_not_do(password, code):
    with pytest.raises(Invalid) as refused:
        check_password(password, "hanna.host@example.com")
    assert (refused.value.code, refused.value.field) == (code, "password")
    assert password.strip() == "" or password not in refused.value.told()


@pytest.mark.parametrize("password", ["x" * SHORTEST, "alle Kräne tragen Mützen", "🦞" * SHORTEST, "x" * LONGEST])
def test_length_is_enough(password):
    check_password(password, "hanna@example.com")


async def test_a_megabyte_is_not_hashed(monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", None)
    assert await verify(None, "x" * 1_000_000) == "wrong"
