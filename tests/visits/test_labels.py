import pytest

from servery.visits.labels import Label, read_label, words_of

TABLES = frozenset({"7", "7a", "12", "terrace4", "7-1"})


@pytest.mark.parametrize(
    ("label", "table", "names"),
    [
        ("7", "7", ()),
        ("T7", "7", ()),
        ("table 7", "7", ()),
        ("07A", "7a", ()),
        ("7 a", "7a", ()),
        ("T12 Jensen", "12", ("jensen",)),
        ("Jensen (12)", "12", ("jensen",)),
        ("Jensen", None, ("jensen",)),
        ("Terrace 4", "terrace4", ()),
        ("7-1", "7-1", ()),
        ("T99 Møller", None, ("moller",)),
        ("Anne-Marie O'Brien", None, ("anne", "marie", "brien")),
        ("bar", None, ()),
        ("bar 7", None, ()),
        ("split 2 of 3", None, ("of",)),
        ("", None, ()),
    ],
)
def test_a_label_tells_a_table_that_the_venue_has_and_words_that_may_be_a_name(label, table, names):
    assert read_label(label, TABLES) == Label(table, names)


def test_where_no_table_is_known_a_word_with_a_digit_is_one():
    assert read_label("T3 Berg", frozenset()) == Label("3", ("berg",))


def test_words_are_compared_without_case_marks_and_ways_of_spelling():
    assert words_of("Jörg MÜLLER") == words_of("Joerg Mueller") == ("jorg", "muller")
