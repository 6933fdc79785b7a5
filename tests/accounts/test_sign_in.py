import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from servery.accounts import passwords
from servery.accounts.people import add, deactivate
from servery.accounts.sessions import open_session, viewer_of_session
from servery.accounts.sign_in import FAILURES_PER_ADDRESS, FAILURES_PER_EMAIL, WINDOW, set_password, sign_in
from servery.errors import Forbidden, Invalid, Refuse, Retry
from servery.model.viewer import SYSTEM

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("cheap_hashing")]

PASSWORD = "correct horse battery"
HERE = "192.0.2.1"


@pytest.fixture
async def hanna(connection, owner):
    person = await add(connection, SYSTEM, name="Hanna", email="hanna@example.com", role="host")
    await set_password(connection, person.viewer, PASSWORD)
    return person


async def fail(connection, times=1, email="hanna@example.com", address=HERE):
    for _ in range(times):
        with pytest.raises(Refuse) as refused:
            await sign_in(connection, email=email, password="wrong", address=address)
    return refused.value


async def stored_hash(connection):
    kept = await connection.execute("select password_hash from person where password_hash is not null")
    return (await kept.fetchone())["password_hash"]


async def test_the_right_password_signs_in(connection, hanna):
    person = await sign_in(connection, email=" HANNA@example.com", password=PASSWORD, address=HERE)
    assert person.id == hanna.id
    assert person.has_password


async def test_every_failure_says_the_same(connection, hanna, owner):
    left = await add(connection, SYSTEM, name="Leo", email="leo@example.com", role="host")
    await set_password(connection, left.viewer, PASSWORD)
    await deactivate(connection, SYSTEM, left.id)
    said = {str(await fail(connection, email=email)) for email in ("hanna@example.com", "nobody@example.com")}
    for email in (owner.email, left.email, "", "a\0b", "\ud800@example.com"):
        with pytest.raises(Refuse) as refused:
            await sign_in(connection, email=email, password=PASSWORD, address=HERE)
        said.add(str(refused.value))
    assert said == {"The e-mail address or the password is wrong."}


async def test_an_unknown_email_costs_a_hash_too(connection, hanna, monkeypatch):
    hashes = []

    class Counting(PasswordHasher):
        def hash(self, *args, **options):
            hashes.append("made")
            return super().hash(*args, **options)

        def verify(self, *args, **options):
            hashes.append("compared")
            return super().verify(*args, **options)

    monkeypatch.setattr(passwords, "_hasher", Counting(time_cost=1, memory_cost=64, parallelism=1))
    await fail(connection, email="nobody@example.com")
    await fail(connection, email="hanna@example.com")
    assert hashes == ["made", "compared"]


async def test_too_many_failures_close_the_door_for_a_while(connection, hanna, later):
    await fail(connection, FAILURES_PER_EMAIL)
    with pytest.raises(Retry) as refused:
        await sign_in(connection, email=hanna.email, password=PASSWORD, address="198.51.100.7")
    assert WINDOW.total_seconds() - 60 < refused.value.retry_after <= WINDOW.total_seconds()
    assert "15 min" in refused.value.told()
    await later(WINDOW)
    await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)


async def test_unknown_people_are_throttled_alike(connection):
    await fail(connection, FAILURES_PER_EMAIL, email="nobody@example.com")
    with pytest.raises(Retry):
        await sign_in(connection, email="nobody@example.com", password=PASSWORD, address=HERE)


async def test_knocking_on_a_closed_door_keeps_it_closed_no_longer(connection, hanna, later):
    await fail(connection, FAILURES_PER_EMAIL)
    await later(WINDOW - timedelta(minutes=1))
    for _ in range(3):
        with pytest.raises(Retry) as refused:
            await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)
    assert refused.value.retry_after <= 60


async def test_a_success_forgets_the_failures_before(connection, hanna):
    for _ in range(3):
        await fail(connection, FAILURES_PER_EMAIL - 1)
        await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)


@pytest.mark.parametrize("address", ["192.0.2.{}", "2001:db8:0:{}::1"])
async def test_one_address_may_not_try_many_people(connection, hanna, address):
    for number in range(FAILURES_PER_ADDRESS):
        await fail(connection, email=f"guess{number}@example.com", address=address.format(1))
    with pytest.raises(Retry):
        await sign_in(connection, email=hanna.email, password=PASSWORD, address=address.format(1))
    await sign_in(connection, email=hanna.email, password=PASSWORD, address=address.format(2))


async def test_ipv6_neighbours_in_one_network_count_as_one(connection, hanna):
    for number in range(FAILURES_PER_ADDRESS):
        await fail(connection, email=f"guess{number}@example.com", address=f"2001:db8::{number:x}")
    with pytest.raises(Retry):
        await sign_in(connection, email=hanna.email, password=PASSWORD, address="2001:db8::ffff")


async def test_a_crowd_at_once_gets_no_more_guesses(pool, connection, hanna):
    judged = 0

    async def guess():
        nonlocal judged
        async with pool.connection() as own:
            try:
                await sign_in(own, email=hanna.email, password="wrong", address=HERE)
            except Retry:
                return
            except Refuse:
                judged += 1
                raise

    await asyncio.gather(*(guess() for _ in range(3 * FAILURES_PER_EMAIL)), return_exceptions=True)
    assert judged == FAILURES_PER_EMAIL


async def test_a_failure_is_counted_though_its_caller_rolls_back(pool, connection, hanna):
    for _ in range(FAILURES_PER_EMAIL):
        with pytest.raises(Refuse):
            async with pool.connection() as own:
                await sign_in(own, email=hanna.email, password="wrong", address=HERE)
    with pytest.raises(Retry):
        await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)


async def test_a_connection_in_a_transaction_is_not_taken(connection, hanna):
    async with connection.transaction():
        with pytest.raises(RuntimeError, match="transaction"):
            await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)


async def test_no_email_and_no_address_is_kept_of_an_attempt(connection, hanna):
    await fail(connection)
    kept = await (await connection.execute("select * from sign_in_attempt")).fetchall()
    assert len(kept) == 2
    assert all(name not in str(kept) for name in ("hanna", HERE))


async def test_attempts_that_ran_out_are_swept_by_the_next_success(connection, hanna, later):
    await fail(connection, email="nobody@example.com")
    await later(WINDOW)
    await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)
    kept = await (await connection.execute("select attempts from sign_in_attempt")).fetchall()
    assert kept == [{"attempts": 0}]


async def test_a_weak_hash_is_made_anew_at_the_next_sign_in(connection, hanna, monkeypatch):
    before = await stored_hash(connection)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)
    after = await stored_hash(connection)
    assert "m=64,t=1" in before
    assert "m=128,t=2" in after
    await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)


async def test_a_new_password_signs_out_everywhere_else(connection, hanna):
    here = await open_session(connection, hanna.viewer, device="here")
    elsewhere = await open_session(connection, hanna.viewer, device="elsewhere")
    await set_password(connection, hanna.viewer, "another horse battery", keep=here)
    assert await viewer_of_session(connection, here) == hanna.viewer
    assert await viewer_of_session(connection, elsewhere) is None
    await fail(connection)
    await sign_in(connection, email=hanna.email, password="another horse battery", address=HERE)


async def test_a_password_that_will_not_do_changes_nothing(connection, hanna):
    with pytest.raises(Invalid):
        await set_password(connection, hanna.viewer, "short")
    with pytest.raises(Forbidden):
        await set_password(connection, SYSTEM, "a horse for the system")
    await sign_in(connection, email=hanna.email, password=PASSWORD, address=HERE)
