import asyncio
from datetime import timedelta
from typing import Any

import pytest

from servery.accounts.audit import actions
from servery.accounts.links import DEMO_LASTS, INVITE_LASTS, invite, make_link, use_link
from servery.accounts.people import add, deactivate, everybody
from servery.accounts.sign_in import set_password
from servery.accounts.tokens import Token
from servery.errors import Forbidden, Invalid, Refuse
from servery.model.viewer import SYSTEM

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("cheap_hashing")]

HANNA: dict[str, Any] = {"name": "Hanna", "email": "hanna@example.com", "role": "host"}


async def refusal(connection, token):
    with pytest.raises(Refuse) as refused:
        await use_link(connection, token)
    return refused.value.code


async def test_an_invite_signs_in_once(connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)
    person = await use_link(connection, link.token)
    assert (person.name, person.role, person.has_password) == ("Hanna", "host", False)
    assert await refusal(connection, link.token) == "link-used"


async def test_of_two_uses_at_once_one_wins(pool, connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)

    async def use():
        async with pool.connection() as own:
            person = await use_link(own, link.token)
            # Not committed yet: the other one must wait for it, and then come too late.
            await asyncio.sleep(0.2)
            return person

    outcomes = await asyncio.gather(use(), use(), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Person", "Refuse"]


async def test_a_use_that_is_rolled_back_was_none(pool, connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)
    with pytest.raises(ZeroDivisionError):
        async with pool.connection() as own:
            await use_link(own, link.token)
            raise ZeroDivisionError
    assert (await use_link(connection, link.token)).name == "Hanna"


@pytest.mark.parametrize("lasts", [INVITE_LASTS, DEMO_LASTS])
async def test_a_link_expires(connection, owner, later, lasts):
    link = await make_link(connection, SYSTEM, owner.id, lasts=lasts)
    await later(lasts + timedelta(seconds=1))
    assert await refusal(connection, link.token) == "link-expired"


async def test_nobody_guesses_a_link(connection, owner):
    for text in ("", "x", "\0", "\ud800", "../../etc/passwd"):
        assert await refusal(connection, Token(text)) == "link-unknown"


async def test_the_database_cannot_be_used_to_sign_in(connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)
    kept = str(await (await connection.execute("select * from sign_in_link")).fetchall())
    assert link.token.reveal() not in kept
    assert len(link.token.reveal()) == 43


async def test_a_token_does_not_show_itself(connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)
    assert link.token.reveal() not in f"{link} {link!r} {link.token} {[link.token]}"
    assert link.token.reveal() not in str(await actions(connection))


async def test_a_newer_link_replaces_the_older(connection, owner):
    first = await invite(connection, owner.viewer, **HANNA)
    second = await invite(connection, owner.viewer, **HANNA | {"name": "Hanna Holm", "role": "server"})
    assert await refusal(connection, first.token) == "link-unknown"
    person = await use_link(connection, second.token)
    assert (person.id, person.name, person.role) == (first.person.id, "Hanna Holm", "server")


async def test_who_comes_and_goes_already_is_not_invited(connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)
    await set_password(connection, link.person.viewer, "correct horse battery")
    with pytest.raises(Invalid) as refused:
        await invite(connection, owner.viewer, **HANNA | {"role": "owner"})
    assert refused.value.field == "email"


async def test_who_left_can_be_invited_again_and_starts_without_a_password(connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)
    await set_password(connection, link.person.viewer, "correct horse battery")
    await deactivate(connection, owner.viewer, link.person.id)
    with pytest.raises(Refuse, match="has left"):
        await make_link(connection, owner.viewer, link.person.id, lasts=DEMO_LASTS)
    again = await invite(connection, owner.viewer, **HANNA | {"email": "Hanna@Example.com"})
    assert (again.person.id, again.person.has_password) == (link.person.id, False)
    assert (await use_link(connection, again.token)).deactivated_at is None


async def test_the_only_owner_is_not_made_a_host_by_an_invite(connection, owner):
    with pytest.raises(Refuse, match="only owner"):
        await invite(connection, SYSTEM, name="Olga", email=owner.email, role="host")


async def test_a_link_dies_with_its_persons_access(connection, owner):
    link = await invite(connection, owner.viewer, **HANNA)
    await deactivate(connection, owner.viewer, link.person.id)
    assert await refusal(connection, link.token) == "link-unknown"


async def test_a_new_password_withdraws_the_links(connection, owner):
    link = await make_link(connection, SYSTEM, owner.id, lasts=DEMO_LASTS)
    await set_password(connection, owner.viewer, "correct horse battery")
    assert await refusal(connection, link.token) == "link-unknown"


async def test_only_an_owner_invites(connection, owner):
    manager = await add(connection, SYSTEM, name="Max", email="max@example.com", role="manager")
    with pytest.raises(Forbidden):
        await invite(connection, manager.viewer, **HANNA)
    with pytest.raises(Forbidden):
        await make_link(connection, manager.viewer, owner.id, lasts=DEMO_LASTS)


async def test_an_invite_at_fault_leaves_nothing(connection, owner):
    with pytest.raises(Invalid):
        await invite(connection, owner.viewer, **HANNA | {"role": "emperor"})
    assert await everybody(connection, SYSTEM) == [owner]
