"""Where the proof sends a vendor's webhooks: to the address at which they can be proved."""

import pytest

from servery.app.set_up import watched
from servery.connectors import registry
from servery.storage.pool import open_pool
from servery.sync import connections

pytestmark = pytest.mark.anyio
KEY = {"webhook_signature_key": "key"}
SITE = "https://servery.example.com"


@pytest.mark.parametrize(
    ("of_connection", "of_application", "told", "asks_secret"),
    [
        ({}, {}, "/hooks/1", True),
        (KEY, {}, "/hooks/1", False),
        (KEY, KEY, "/hooks/1", False),
        ({}, {"client_id": "id"}, "/hooks/1", True),
        ({}, KEY, "/hooks/apps/square", False),
    ],
)
async def test_the_address_is_one_whose_events_can_be_proved(
    database, of_connection, of_application, told, asks_secret
):
    manifest = registry.manifest("square")
    async with open_pool(database) as pool, pool.connection() as db:
        await connections.add_connection(db, "Till", "square", {}, None)
        joined = await connections.connection(db, 1)
        step = await watched.webhook(db, joined, manifest, SITE, of_connection, of_application)
    assert step.params["url"] == SITE + told
    assert ("{secret}" in (step.mend or "")) is asks_secret
