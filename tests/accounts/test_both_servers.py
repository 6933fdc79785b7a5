import psycopg
import pytest

from servery.accounts.audit import looked, looks_at
from servery.accounts.keys import create_key, viewer_of_key
from servery.accounts.links import invite, use_link
from servery.accounts.sessions import open_session, viewer_of_session
from servery.accounts.sign_in import set_password, sign_in
from servery.model.viewer import SYSTEM
from servery.storage.pool import open_pool

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("cheap_hashing")]


async def test_from_the_invite_to_the_audit(database_on_both):
    async with open_pool(database_on_both) as pool:
        async with pool.connection() as connection:
            link = await invite(connection, SYSTEM, name="Olga", email="olga@example.com", role="owner")
        async with pool.connection() as connection:
            olga = await use_link(connection, link.token)
            await set_password(connection, olga.viewer, "correct horse battery")
        async with pool.connection() as connection:
            olga = await sign_in(
                connection, email="olga@example.com", password="correct horse battery", address="192.0.2.1"
            )
            session = await open_session(connection, olga.viewer, device="Tablet")
        async with pool.connection() as connection:
            assert await viewer_of_session(connection, session) == olga.viewer
            _, token = await create_key(connection, olga.viewer, name="App", role="integrator")
            await looked(connection, await viewer_of_key(connection, token), [7], "api")
            assert [line.viewer_name for line in await looks_at(connection, 7)] == ["App"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with pool.connection() as connection:
                await connection.execute("delete from guest_look")
