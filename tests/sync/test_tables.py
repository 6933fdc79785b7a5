"""Pairing the tables of two systems that write them differently."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.errors import Invalid, NotFound
from servery.model.changes import CheckSeen, ReservationSeen, TablesSeen
from servery.model.order import Check
from servery.model.reservation import Reservation
from servery.model.venue import Table
from servery.sync import tables
from servery.sync.apply import apply
from servery.sync.connections import places
from servery.sync.likeness import Named, likely, suggestions

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.mark.parametrize(
    ("name", "others", "meant"),
    [
        ("P3", ["patio3", "3"], "patio3"),
        ("patio3", ["p3", "b3"], "p3"),
        ("window12", ["12", "2"], "12"),
        ("windou", ["window", "bar"], "window"),
        ("p3", ["patio3", "porch3"], None),
        ("4", ["14", "bar"], None),
        ("b3", ["p3"], None),
    ],
)
async def test_what_a_name_most_likely_means(name, others, meant):
    found = likely(Named(name.lower(), name), [Named(one, one) for one in others])
    assert (found.key if found else None) == meant


async def test_the_area_tells_which_three_is_meant():
    open_ = [Named("patio3", "Patio 3")]
    others = [Named("3", "3", area="Patio"), Named("13", "13", area="Bar")]
    assert suggestions(open_, others) == {"patio3": "3"}


@given(st.lists(st.sampled_from("p3 patio3 3 bar bar3 t3".split()), unique=True))
def test_one_table_is_suggested_to_one_only(keys):
    found = suggestions([Named(key, key) for key in keys], [Named("porch3", "Porch 3"), Named("4", "4")])
    assert len(set(found.values())) == len(found)


async def test_the_tables_of_both_sides_are_told_apart(db, two_venues, till, book):
    await _plan(db, book, ["1", "2", "10", "Patio 3", "Bar"])
    await _plan(db, till, ["T1", "02", "10", "P3", "Kitchen"])
    (nord, _) = await tables.pairings(db, till)
    assert [(one.table.name, one.how, one.suggested) for one in nord.theirs] == [
        ("T1", "same", None), ("02", "same", None), ("10", "same", None), ("Kitchen", "open", None),
        ("P3", "open", "patio3"),
    ]  # fmt: skip
    assert [one.name for one in nord.missing] == ["Bar", "Patio 3"]
    assert {(one.connection, one.names) for one in await tables.unpaired(db)} == {
        ("till", ("Kitchen", "P3")),
        ("book", ("Bar", "Patio 3")),
    }


async def test_a_pair_counts_on_both_sides_and_is_taken_back(db, two_venues, till, book):
    await _plan(db, book, ["Patio 3"])
    await _plan(db, till, ["P3", "Kitchen"])
    await tables.pair(db, till, two_venues[0], {"P3": "Patio 3", "Kitchen": None})
    (nord, _) = await tables.pairings(db, till)
    assert [(one.table.name, one.how, one.ours) for one in nord.theirs] == [
        ("Kitchen", "none", None), ("P3", "chosen", "patio3"),
    ]  # fmt: skip
    assert await tables.unpaired(db) == []
    (of_book, _) = await tables.pairings(db, book)
    assert [one.how for one in of_book.theirs] == ["same"]
    await tables.unpair(db, till, two_venues[0], "Kitchen")
    assert [one.names for one in await tables.unpaired(db)] == [("Kitchen",)]


async def test_only_tables_that_there_are_can_be_paired(db, two_venues, till, book):
    await _plan(db, book, ["1"])
    await _plan(db, till, ["P3"])
    with pytest.raises(Invalid) as unknown:
        await tables.pair(db, till, two_venues[0], {"P4": "1"})
    assert unknown.value.field == "theirs"
    with pytest.raises(Invalid) as unknown:
        await tables.pair(db, till, two_venues[0], {"P3": "2"})
    assert unknown.value.field == "ours"
    with pytest.raises(NotFound):
        await tables.pair(db, till, 10**9, {"P3": "1"})


async def test_days_of_the_connection_are_matched_anew_once(db, two_venues, till, book):
    await _plan(db, book, ["Patio 3"])
    await _seen(db, till, CheckSeen("c1", 1, "nord", Check(currency="DKK", opened_at=NOW, table="P3")))
    booked = Reservation(starts_at=NOW, status="booked", party_size=2, tables=("Patio 3",))
    await _seen(db, book, ReservationSeen("r1", 1, "nord", booked))
    assert await tables.pair(db, till, two_venues[0], {"P3": "Patio 3"}) == 1
    assert await tables.pair(db, till, two_venues[0], {"P3": "Patio 3"}) == 0, "nothing changed"
    assert await tables.days_left(db, two_venues) == 1
    ((venue_id, _),) = await tables.take_days(db, 10)
    assert venue_id == two_venues[0]
    assert await tables.days_left(db, two_venues) == 0


async def _plan(db, connection_id, names):
    change = TablesSeen("plan", 0, "nord", tuple(Table(name) for name in names))
    await _seen(db, connection_id, change)


async def _seen(db, connection_id, change):
    await apply(db, connection_id, await places(db, connection_id), [change])
