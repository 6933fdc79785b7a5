"""What a person paired decides which booking a check belongs to."""

import pytest

from servery.app.arrive import form
from servery.sync import tables
from tests.visits.evening import booking, check, evening

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tonight(db):
    return await evening(db)


@pytest.fixture(autouse=True)
def this_year(monkeypatch):
    """The evening of these tests may lie any time back."""
    monkeypatch.setattr(tables, "LATELY", 100_000)
    monkeypatch.setattr(tables, "FORMED_BACK", 100_000)


async def test_a_pair_brings_check_and_booking_together_and_apart_again(tonight, db):
    await tonight.tell(booking("r1", tables=("Patio 3",)), check("c1", table="P3"))
    assert await tonight.members() == [([], ["c1"])]
    await tables.pair(db, tonight.till, tonight.venue_id, {"P3": "Patio 3"})
    await form(db, await tables.take_days(db, 10))
    assert await tonight.members() == [(["r1"], ["c1"])]
    await tables.unpair(db, tonight.till, tonight.venue_id, "P3")
    await form(db, await tables.take_days(db, 10))
    assert await tonight.members() == [([], ["c1"])]


async def test_a_table_that_is_none_of_them_is_another_though_written_alike(tonight, db):
    await tonight.tell(booking("r1", tables=("7",)), check("c1", table="7"))
    assert await tonight.members() == [(["r1"], ["c1"])]
    await tables.pair(db, tonight.till, tonight.venue_id, {"7": None})
    await form(db, await tables.take_days(db, 10))
    assert await tonight.members() == [([], ["c1"])]


async def test_a_paired_name_is_read_from_what_staff_typed(tonight, db):
    await tonight.tell(booking("r1", tables=("Patio 3",)), check("c0", 300, table="P3"))
    await tables.pair(db, tonight.till, tonight.venue_id, {"P3": "Patio 3"})
    await tonight.tell(check("c1", table=None, label="P3 Hansen"))
    assert (["r1"], ["c1"]) in await tonight.members()
