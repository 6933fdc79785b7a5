import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.accounts.audit import actions
from servery.accounts.keys import (
    LASTS,
    LASTS_AT_MOST,
    all_keys,
    create_key,
    is_key,
    new_key_token,
    revoke_key,
    viewer_of_key,
)
from servery.accounts.people import add
from servery.accounts.tokens import Token
from servery.errors import Forbidden, Invalid, NotFound, Refuse
from servery.model.viewer import SYSTEM, Viewer

BASE62 = string.digits + string.ascii_letters


async def refusal(connection, token):
    with pytest.raises(Refuse) as refused:
        await viewer_of_key(connection, token)
    assert token.reveal() not in refused.value.told() or not token.reveal()
    return refused.value.code


@pytest.mark.anyio
async def test_a_key_opens_as_its_role_until_it_is_revoked(connection, owner):
    key, token = await create_key(connection, owner.viewer, name="Loyalty app", role="integrator")
    assert await viewer_of_key(connection, token) == Viewer("key", key.id, "Loyalty app", "integrator")
    await revoke_key(connection, owner.viewer, key.id)
    assert await refusal(connection, token) == "key-revoked"
    revoked = (await all_keys(connection, owner.viewer))[0].revoked_at
    assert (await revoke_key(connection, owner.viewer, key.id)).revoked_at == revoked


@pytest.mark.anyio
async def test_a_key_expires(connection, owner, later):
    key, token = await create_key(connection, owner.viewer, name="App", role="host", lasts=timedelta(days=90))
    assert abs(key.expires_at - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)
    await later(timedelta(days=90))
    assert await refusal(connection, token) == "key-expired"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text", ["", "sv_", "Bearer", "\0", new_key_token().reveal()], ids=["empty", "begun", "a word", "nul", "of nobody"]
)
async def test_an_unknown_key_is_refused(connection, owner, text):
    assert await refusal(connection, Token(text)) == "key-unknown"


@pytest.mark.anyio
async def test_the_secret_is_told_once_and_kept_nowhere(connection, owner):
    key, token = await create_key(connection, owner.viewer, name="App", role="host")
    assert token.reveal().startswith(key.prefix)
    assert len(key.prefix) == 9
    assert token.reveal() not in f"{key!r} {token!r} {await actions(connection)}"
    assert token.reveal() not in str(await (await connection.execute("select * from api_key")).fetchall())


@pytest.mark.anyio
async def test_the_last_use_is_written_now_and_then(connection, owner, later):
    key, token = await create_key(connection, owner.viewer, name="App", role="host")
    assert key.last_used is None

    async def used():
        await viewer_of_key(connection, token)
        return (await all_keys(connection, owner.viewer))[0].last_used

    first = await used()
    assert first is not None
    assert await used() == first
    await later(timedelta(minutes=6))
    assert await used() > first - timedelta(minutes=6)


@pytest.mark.anyio
async def test_keys_in_force_are_listed_first(connection, owner):
    for name in ("B", "A", "C"):
        key, _ = await create_key(connection, owner.viewer, name=name, role="host")
        if name == "A":
            await revoke_key(connection, owner.viewer, key.id)
    assert [key.name for key in await all_keys(connection, owner.viewer)] == ["B", "C", "A"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"role": "emperor"}, "role"),
        ({"lasts": timedelta()}, "expires"),
        ({"lasts": -LASTS}, "expires"),
        ({"lasts": LASTS_AT_MOST + timedelta(seconds=1)}, "expires"),
    ],
)
async def test_a_key_that_cannot_be_made_names_the_field(connection, owner, wrong, field):
    with pytest.raises(Invalid) as refused:
        await create_key(connection, owner.viewer, **({"name": "App", "role": "host"} | wrong))
    assert refused.value.field == field


@pytest.mark.anyio
async def test_only_an_owner_makes_sees_and_revokes_keys(connection, owner):
    manager = (await add(connection, SYSTEM, name="Max", email="max@example.com", role="manager")).viewer
    with pytest.raises(Forbidden):
        await create_key(connection, manager, name="Mine", role="owner")
    with pytest.raises(Forbidden):
        await all_keys(connection, manager)
    with pytest.raises(Forbidden):
        await revoke_key(connection, manager, 1)
    with pytest.raises(NotFound):
        await revoke_key(connection, owner.viewer, 1)


def test_a_new_key_has_the_form_that_scanners_look_for():
    made = {new_key_token().reveal() for _ in range(100)}
    assert len(made) == 100
    assert all(is_key(text) and len(text) == 41 for text in made)


# Fixed for ever: keys handed out today must be recognised by every later version.
@pytest.mark.parametrize(
    "text", ["sv_000000000000000000000000000000002WJYRi", "sv_abcdefghijklmnopqrstuvwxyzABCDEF1MvGzw"]
)
def test_keys_of_the_first_day_are_recognised(text):
    assert is_key(text)


@given(position=st.integers(3, 40), letter=st.sampled_from(BASE62))
def test_one_mistyped_letter_is_noticed_without_the_database(position, letter):
    text = new_key_token().reveal()
    mistyped = text[:position] + letter + text[position + 1 :]
    assert is_key(mistyped) == (mistyped == text)


@given(st.text())
def test_no_other_text_is_taken_for_a_key(text):
    assert not is_key(text)
    assert not is_key("sv_" + text)
