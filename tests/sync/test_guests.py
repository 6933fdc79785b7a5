import msgspec
from hypothesis import given
from hypothesis import strategies as st

from servery.model.guest import SourceGuest
from servery.sync.guests import PartedGuest, joined_guest, parted_guest

parts = st.builds(
    PartedGuest,
    st.builds(
        SourceGuest,
        name=st.sampled_from([None, "Ida", "Bo"]),
        city=st.sampled_from([None, "Aarhus", "Odense"]),
        vip=st.sampled_from([None, False, True]),
        tags=st.sampled_from([(), ("regular",), ("new", "press")]),
    ),
    st.integers(1, 3),
)


@given(parts, parts, parts)
def test_parts_may_come_in_any_order_any_grouping_and_any_number_of_times(one, two, three):
    all_of_it = joined_guest(joined_guest(one, two), three)
    assert joined_guest(one, joined_guest(two, three)) == all_of_it
    assert joined_guest(joined_guest(three, one), two) == all_of_it
    assert joined_guest(all_of_it, two) == all_of_it


@given(parts, parts)
def test_what_is_stored_of_parts_reads_back_as_it_was(one, two):
    both = joined_guest(one, two)
    assert parted_guest(both.guest, both.revision, msgspec.json.encode(both.older)) == both


def test_a_part_adds_and_corrects_but_never_takes_away():
    known = PartedGuest(SourceGuest(name="Ida Holm", city="Aarhus"), 1)
    both = joined_guest(known, PartedGuest(SourceGuest(city="Odense", vip=False), 2))
    assert both.guest == SourceGuest(name="Ida Holm", city="Odense", vip=False)
    assert joined_guest(both, known) == both
