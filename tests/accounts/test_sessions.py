import asyncio
from datetime import timedelta

import pytest

from servery.accounts.people import add
from servery.accounts.sessions import (
    LASTS,
    NOTE_AFTER,
    close_all,
    close_session,
    open_session,
    revoke_session,
    sessions_of,
    viewer_of_session,
)
from servery.accounts.tokens import Token
from servery.errors import Forbidden, NotFound
from servery.model.viewer import SYSTEM, Viewer

pytestmark = pytest.mark.anyio


async def last_seen(connection):
    return (await (await connection.execute("select last_seen from session")).fetchone())["last_seen"]


async def test_a_session_says_who_looks(connection, owner):
    token = await open_session(connection, owner.viewer, device="Tablet")
    assert await viewer_of_session(connection, token) == Viewer("person", owner.id, "Olga Owner", "owner")
    await close_session(connection, token)
    assert await viewer_of_session(connection, token) is None


@pytest.mark.parametrize("text", ["", "x" * 10_000, "\0", "\ud800", "' or true --"])
async def test_a_token_that_is_none_says_nobody(connection, owner, text):
    await open_session(connection, owner.viewer, device="")
    assert await viewer_of_session(connection, Token(text)) is None


async def test_a_tablet_in_use_stays_signed_in(connection, owner, later):
    token = await open_session(connection, owner.viewer, device="Tablet")
    for _ in range(4):
        await later(LASTS - timedelta(days=1))
        assert await viewer_of_session(connection, token)


async def test_a_tablet_in_a_drawer_is_signed_out(connection, owner, later):
    token = await open_session(connection, owner.viewer, device="Tablet")
    await later(LASTS)
    assert await viewer_of_session(connection, token) is None
    assert await sessions_of(connection, owner.viewer) == []
    await open_session(connection, owner.viewer, device="Tablet")
    assert (await connection.execute("select from session")).rowcount == 1


async def test_being_seen_is_written_only_now_and_then(connection, owner, later):
    token = await open_session(connection, owner.viewer, device="Tablet")
    for passed, written in ((NOTE_AFTER - timedelta(seconds=10), False), (timedelta(seconds=20), True)):
        await later(passed)
        before = await last_seen(connection)
        await viewer_of_session(connection, token)
        assert (await last_seen(connection) > before) == written


async def test_no_request_waits_for_another_of_the_same_session(pool, connection, owner, later):
    token = await open_session(connection, owner.viewer, device="Tablet")
    await later(2 * NOTE_AFTER)
    async with pool.connection() as slow:
        await viewer_of_session(slow, token)
        async with asyncio.timeout(30):
            assert await viewer_of_session(connection, token)


async def test_a_session_is_one_query(connection, owner, later):
    token = await open_session(connection, owner.viewer, device="Tablet")
    await later(2 * NOTE_AFTER)
    asked = []
    run = connection.execute

    async def counted(query, *args, **options):
        asked.append(query)
        return await run(query, *args, **options)

    connection.execute = counted
    assert await viewer_of_session(connection, token)
    assert len(asked) == 1


async def test_sessions_are_listed_and_revoked_by_their_person(connection, owner, later):
    host = await add(connection, SYSTEM, name="Hanna", email="hanna@example.com", role="host")
    first = await open_session(connection, host.viewer, device="Tablet\x00\n" + "x" * 300)
    await later(timedelta(minutes=1))
    second = await open_session(connection, host.viewer, device="Phone")
    await open_session(connection, owner.viewer, device="Office")
    listed = await sessions_of(connection, host.viewer)
    assert [session.device[:7] for session in listed] == ["Phone", "Tabletx"]
    assert len(listed[1].device) == 200
    await revoke_session(connection, host.viewer, listed[1].id)
    assert await viewer_of_session(connection, first) is None
    assert await viewer_of_session(connection, second)


async def test_nobody_revokes_anothers_session(connection, owner):
    host = await add(connection, SYSTEM, name="Hanna", email="hanna@example.com", role="host")
    owners = await open_session(connection, owner.viewer, device="")
    hosts = await open_session(connection, host.viewer, device="")
    [of_owner], [of_host] = await sessions_of(connection, owner.viewer), await sessions_of(connection, host.viewer)
    with pytest.raises(NotFound):
        await revoke_session(connection, host.viewer, of_owner.id)
    assert await viewer_of_session(connection, owners)
    with pytest.raises(NotFound):
        await revoke_session(connection, owner.viewer, of_host.id)
    assert await viewer_of_session(connection, hosts)


async def test_one_signs_out_everywhere_and_nobody_else_with_them(connection, owner):
    host = await add(connection, SYSTEM, name="Hanna", email="hanna@example.com", role="host")
    hosts = [await open_session(connection, host.viewer, device="") for _ in range(2)]
    owners = await open_session(connection, owner.viewer, device="")
    await close_all(connection, host.viewer)
    assert [await viewer_of_session(connection, one) for one in hosts] == [None, None]
    assert await viewer_of_session(connection, owners)


async def test_a_key_has_no_session(connection):
    with pytest.raises(Forbidden):
        await open_session(connection, Viewer("key", 1, "Till", "owner"), device="")
