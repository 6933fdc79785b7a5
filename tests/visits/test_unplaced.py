import pytest

from servery.model.changes import Removed
from servery.model.guest import SourceGuest
from servery.model.viewer import SYSTEM, Viewer
from servery.visits.unplaced import unplaced
from tests.visits.evening import booking, check, evening

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tonight(db):
    made = await evening(db)
    await made.tell(
        booking("r1", guest=SourceGuest(name="Ida Jensen")),
        booking("r2", 5, guest=SourceGuest(name="Bo Jensen"), tables=("8",)),
        check("c1", 3, table=None, label="Jensen", amount=24500),
    )
    return made


async def test_a_check_that_could_be_two_bookings_is_listed_with_both_and_why(tonight):
    (one,), total = await unplaced(tonight.db, SYSTEM)
    assert (total, one.venue, one.label, one.total, one.currency) == (1, "Nord", "Jensen", 24500, "DKK")
    assert {(each.name, each.tables) for each in one.offered} == {("Ida Jensen", ("7",)), ("Bo Jensen", ("8",))}
    assert all({reason.code for reason in each.reasons} == {"time", "name"} for each in one.offered)
    assert await unplaced(tonight.db, SYSTEM, limit=0) == ([], 1)


async def test_a_host_places_checks_without_seeing_what_was_spent(tonight):
    (one,), _ = await unplaced(tonight.db, Viewer("person", 1, "Hanna", "host"))
    assert one.total is None


async def test_a_check_that_its_till_took_away_is_neither_listed_nor_counted(tonight):
    await tonight.tell_from(tonight.till, [Removed("c1", 2, "check")])
    assert await unplaced(tonight.db, SYSTEM) == ([], 0)
