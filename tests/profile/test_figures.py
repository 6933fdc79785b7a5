from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from servery.profile.figures import Visited, figures, spend
from servery.profile.taste import OnMenu, Ordered, favourites, read_line

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def visited(days_ago: int, **facts: object) -> Visited:
    at = NOW - timedelta(days=days_ago)
    known = {"id": 1000 - days_ago, "venue_id": 1, "venue": "Havnen", "business_date": at.date(), "starts_at": at}
    return Visited(**known | facts)  # type: ignore[arg-type]


def test_nobody_who_never_came_has_a_habit():
    none = figures([], NOW)
    assert (none.visits, none.first, none.days_between, none.table, none.party, none.walk_in_share) == (
        0, None, None, None, None, None,
    )  # fmt: skip


def test_the_usual_gap_is_the_median_so_that_one_long_absence_does_not_hide_a_regular():
    often = figures([visited(days) for days in (1, 8, 15, 22, 400)], NOW)
    assert often.days_between == 7
    assert often.last_year == 4


def test_two_visits_on_one_day_are_two_visits_and_no_gap():
    both = figures([visited(3), visited(3, id=5), visited(13)], NOW)
    assert (both.visits, both.days_between) == (3, 10)


def test_a_table_is_usual_from_two_visits_however_it_is_written():
    one = figures([visited(1, table="7A"), visited(2, table="5")], NOW)
    two = figures([visited(1, table="Table 7a"), visited(2, table="07A"), visited(3, table="5"), visited(4)], NOW)
    assert one.table is None
    assert two.table is not None
    assert (two.table.name, two.table.times, two.table.visits) == ("Table 7a", 2, 3)


def test_of_equally_usual_tables_the_latest_is_meant():
    even = figures([visited(1, table="5"), visited(2, table="7"), visited(3, table="7"), visited(4, table="5")], NOW)
    assert even.table is not None
    assert even.table.name == "5"


def test_a_table_is_one_of_its_venue():
    elsewhere = {"venue_id": 2, "venue": "Alster"}
    visits = [visited(1, table="7"), visited(2, table="7", **elsewhere), visited(3, table="7", **elsewhere)]
    assert figures(visits, NOW, venue_id=1).table is None
    anywhere = figures(visits, NOW).table
    assert anywhere is not None
    assert (anywhere.venue, anywhere.times, anywhere.visits) == ("Alster", 2, 2)


def test_the_usual_party_leaves_out_visits_on_which_nobody_counted():
    assert figures([visited(1), visited(2), visited(3, covers=4), visited(4, covers=4)], NOW).party == 4
    assert figures([visited(1), visited(2), visited(3, covers=4)], NOW).party is None


def test_unknown_covers_are_left_out_of_the_average_per_cover_and_of_nothing_else():
    found = spend([visited(1, covers=2, spent={"DKK": 60000}), visited(2, spent={"DKK": 40001}), visited(3)])
    assert [(one.total, one.visits, one.per_visit, one.covers, one.per_cover) for one in found] == [
        (100001, 2, 50001, 2, 30000)
    ]


def test_without_any_covers_there_is_no_average_per_cover():
    assert spend([visited(1, spent={"DKK": 100})])[0].per_cover is None


@given(st.lists(st.tuples(st.sampled_from(["DKK", "EUR", "JPY"]), st.integers(-(10**9), 10**12)), max_size=30))
def test_currencies_are_summed_apart_and_nothing_is_lost(parts):
    found = spend(visited(place, spent={currency: amount}) for place, (currency, amount) in enumerate(parts))
    for one in found:
        amounts = [amount for currency, amount in parts if currency == one.currency]
        assert one.total == sum(amounts)
        assert abs(one.per_visit * len(amounts) - one.total) * 2 <= len(amounts)
    assert {one.currency for one in found} == {currency for currency, _ in parts}


def ordered(name: str, *visits: int, kind: str = "dish", quantity: int | None = None, **facts: object) -> Ordered:
    known = {"quantity": Decimal(quantity or len(visits)), "last_at": NOW + timedelta(days=max(visits))}
    item = OnMenu(name, facts.pop("size", None), kind)  # type: ignore[arg-type]
    return Ordered(item=item, visits=frozenset(visits), **known | facts)  # type: ignore[arg-type]


def test_what_was_had_on_most_visits_wins_over_what_was_had_most():
    liked = favourites([ordered("Oyster", 1, 2, quantity=24), ordered("Ribeye", 1, 2, 3)], 3)
    assert liked.dish is not None
    assert (liked.dish.name, liked.dish.times, liked.dish.visits) == ("Ribeye", 3, 3)


def test_of_equally_frequent_dishes_the_one_had_more_often_wins_then_the_latest():
    more = favourites([ordered("Oyster", 1, 2, quantity=24), ordered("Ribeye", 1, 2)], 2)
    latest = favourites([ordered("Oyster", 1, 2), ordered("Ribeye", 1, 3)], 3)
    assert more.dish is not None
    assert latest.dish is not None
    assert (more.dish.name, latest.dish.name) == ("Oyster", "Ribeye")


def test_a_combo_wins_over_its_components_that_come_with_it():
    liked = favourites([ordered("Fries", 1, 2, nested=True), ordered("Burger menu", 1, 2)], 2)
    assert liked.dish is not None
    assert liked.dish.name == "Burger menu"


def test_once_is_no_habit():
    assert favourites([ordered("Ribeye", 1, quantity=5)], 1).dish is None


def test_sizes_of_one_wine_are_one_wine_had_mostly_by_the_glass():
    wine = favourites(
        [ordered("Barolo", 1, 2, kind="wine", size="Glass"), ordered("Barolo", 3, kind="wine", size="Bottle")], 3
    ).wine
    assert wine is not None
    assert (wine.name, wine.times, wine.size, wine.by_glass) == ("Barolo", 3, "Glass", True)


def test_kinds_do_not_compete():
    liked = favourites(
        [ordered("Ribeye", 1, 2), ordered("Ale", 1, 2, 3, kind="drink"), ordered("Gift", 1, 2, 3, kind="other")], 3
    )
    assert liked.dish is not None
    assert liked.drink is not None
    assert (liked.dish.name, liked.drink.name, liked.wine) == ("Ribeye", "Ale", None)


def test_a_line_without_a_menu_is_read_by_itself():
    assert read_line("Barolo (Glas)", "Rødvin") == OnMenu("Barolo", "Glas", "wine")
    assert read_line("Hotpot (spicy) large", None) == OnMenu("Hotpot (spicy) large", None, "dish")


def test_first_and_last_visit_say_where():
    stops = figures([visited(1, table="7"), visited(9, venue="Alster", venue_id=2)], NOW)
    assert stops.first is not None
    assert stops.last is not None
    assert (stops.first.day, stops.first.venue) == (date(2026, 6, 6), "Alster")
    assert (stops.last.venue, stops.last.table) == ("Havnen", "7")
