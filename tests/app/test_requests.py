"""The day on which a request came is a day of the house, not of Greenwich."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from servery.app.privacy import RoomPrivacy
from servery.errors import Invalid
from servery.model.venue import Venue
from servery.model.viewer import SYSTEM
from servery.settings import read_settings
from servery.storage.pool import open_pool
from servery.venues.rows import add_venue

pytestmark = pytest.mark.anyio

EAST, WEST = "Pacific/Kiritimati", "Etc/GMT+12"
"""Fourteen hours before Greenwich and twelve behind: there it is never the same day."""


@pytest.fixture
async def house(database, tmp_path):
    async with open_pool(database) as pool:
        async with pool.connection() as db:
            for zone in (WEST, EAST):
                await add_venue(db, Venue(name=zone, time_zone=zone, currency="AUD"))
        yield RoomPrivacy(pool, read_settings({"SERVERY_HOME": str(tmp_path)}))


def day_at(zone):
    return datetime.now(ZoneInfo(zone)).date()


async def test_what_came_today_where_the_day_began_first_is_noted(house):
    before = day_at(EAST)
    made = await house.open_request(SYSTEM, "access", None, None, "Ida, by phone")
    assert before <= made.received_on <= day_at(EAST)
    early = await house.open_request(SYSTEM, "access", day_at(WEST), None, "Bo, by phone")
    assert early.received_on < made.received_on
    with pytest.raises(Invalid, match="future"):
        await house.open_request(SYSTEM, "access", day_at(EAST) + timedelta(days=2), None, "Eva, by phone")
