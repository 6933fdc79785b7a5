"""Which way fields go for the systems that there are."""

from datetime import UTC, datetime

from servery.app.ownership import outlet, owned
from servery.connectors import registry
from servery.model.commands import Field
from servery.model.ownership import Direction
from servery.sync.connections import Connection
from servery.sync.fields import Ruled


def _joined(connector: str) -> Connection:
    now = datetime(2026, 3, 6, tzinfo=UTC)
    return Connection(
        id=1, name="One", connector=connector, paused=False, settings={}, sealed=None, account=None, created_at=now
    )


def test_the_owner_chooses_within_what_the_system_can_do():
    square = {one.field: one for one in owned(registry.manifest("square"), {"name": "out", "allergies": "both"})}
    assert (square["name"].now, square["name"].usual, square["name"].chosen) == ("out", "both", True)
    assert (square["allergies"].now, square["allergies"].choices) == ("out", ("out", "none"))
    assert square["party_size"].choices == ("none",)


def test_what_happened_at_a_till_is_not_chosen():
    square = {one.field: one for one in owned(registry.manifest("square"), {})}
    assert square["spend"].choices == ("in",)
    resos = {one.field: one for one in owned(registry.manifest("resos"), {})}
    assert resos["requests"].choices == ("in", "none")
    assert resos["spend"].choices == ("out", "none")


def test_where_nothing_may_go_out_nothing_is_sent():
    one = _joined("square")
    to = outlet(Ruled(one, {}))
    assert to is not None
    assert (to.kinds, "allergies" in to.of("guest"), "consent" in to.fields) == (("guest",), True, False)
    every: dict[Field, Direction] = {each.field: "none" for each in owned(registry.manifest("square"), {})}
    assert outlet(Ruled(one, every)) is None
    assert outlet(Ruled(_joined("csv"), {})) is None
    assert outlet(Ruled(_joined("no longer installed"), {})) is None


def test_a_book_is_told_of_visits():
    to = outlet(Ruled(_joined("resos"), {"items": "none"}))
    assert to is not None
    assert to.kinds == ("visit",)
    assert to.of("visit") == {"spend", "covers", "figures"}
