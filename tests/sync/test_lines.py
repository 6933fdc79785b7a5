from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from servery.model.changes import Applied
from servery.model.order import Check, Line
from servery.sync.lines import Parted, count_lines, joined, part_of, parted, unchanged

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
lines = st.builds(
    Line, name=st.sampled_from(["Ribeye", "Wine"]), amount=st.integers(0, 2), external_id=st.sampled_from("abcd"),
    quantity=st.sampled_from([Decimal(1), Decimal("1.50")]),
)  # fmt: skip
checks = st.builds(
    Check, currency=st.just("DKK"), opened_at=st.sampled_from([NOON, NOON + timedelta(hours=1)]),
    status=st.sampled_from(["open", "closed"]), total=st.sampled_from([None, 0, 5]),
    table=st.sampled_from([None, "7", "8"]), covers=st.sampled_from([None, 0, 2, 3]), tip=st.integers(0, 2),
    lines=st.lists(lines, max_size=3, unique_by=lambda line: line.external_id).map(tuple),
)  # fmt: skip
parts = st.builds(part_of, checks, st.integers(1, 3))


def same(one, other):
    return unchanged(one.check, other.check) and (one.revision, one.older) == (other.revision, other.older)


@given(parts, parts, parts)
def test_parts_may_come_in_any_order_any_grouping_and_any_number_of_times(one, two, three):
    all_of_it = joined(joined(one, two), three)
    assert same(joined(one, joined(two, three)), all_of_it)
    assert same(joined(joined(three, one), two), all_of_it)
    assert same(joined(all_of_it, two), all_of_it)


@given(parts, parts)
def test_what_is_stored_of_parts_reads_back_as_it_was(one, two):
    both = joined(one, two)
    body, older = msgspec.json.encode(both.check), msgspec.json.encode(both.older)
    assert parted(msgspec.json.decode(body, type=Check), both.revision, older) == both


def part(revision, **facts):
    return Parted(Check(currency="DKK", opened_at=NOON, **facts), revision)


def line(id_, amount=1):
    return Line(name=id_, amount=amount, external_id=id_)


def test_an_older_part_brings_new_lines_and_corrects_none():
    newer, older = part(2, lines=(line("a", 5),), table="7"), part(1, lines=(line("a", 1), line("b", 2)), covers=4)
    both = joined(newer, older).check
    assert both.lines == (line("a", 5), line("b", 2))
    assert (both.table, both.covers) == ("7", 4)


def test_a_part_that_closes_the_check_closes_it():
    assert joined(part(1, status="open"), part(2)).check.status == "closed"
    assert joined(part(2), part(1, status="open")).check.status == "closed"


def test_a_line_keeps_its_own_age_beside_newer_ones():
    both = joined(part(1, lines=(line("a", 1),)), part(3, lines=(line("b"),)))
    assert joined(both, part(2, lines=(line("a", 9),))).check.lines == (line("a", 9), line("b"))


def test_lines_are_counted_by_what_became_of_them():
    applied = Applied()
    held = part(2, lines=(line("a", 1), line("b", 1))).check
    told = part(3, lines=(line("a", 1), line("b", 2), line("c"))).check
    count_lines(held, told, joined(Parted(held, 2), Parted(told, 3)).check, applied)
    assert (applied.lines_created, applied.lines_updated, applied.lines_unchanged) == (1, 1, 1)


def test_an_older_file_read_again_changes_no_line():
    applied = Applied()
    held, older = part(2, lines=(line("a", 5),)), part(1, lines=(line("a", 1),))
    count_lines(held.check, older.check, joined(held, older).check, applied)
    assert (applied.lines_updated, applied.lines_unchanged) == (0, 1)


def test_a_check_is_unchanged_whatever_order_its_lines_stand_in():
    check = part(1, lines=(line("a"), line("b"))).check
    assert unchanged(check, structs.replace(check, lines=check.lines[::-1]))
    assert not unchanged(check, structs.replace(check, tip=5))
