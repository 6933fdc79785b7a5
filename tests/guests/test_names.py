import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from servery.guests.matching.writing import is_given
from servery.guests.names import agreement, is_whole
from servery.guests.titles import opposed
from tests.guests.namesakes import ALIKE, APART, SAME, SLIP


@pytest.mark.parametrize(
    ("one", "other", "agreed"),
    [(*pair, "same") for pair in SAME]
    + [(*pair, "alike") for pair in ALIKE]
    + [(*pair, "slip") for pair in SLIP]
    + [(*pair, "apart") for pair in APART]
    + [("Ida", None, "unknown"), ("", "Ida", "unknown"), ("Mr", "Ida", "unknown"), ("?!", "Ida", "unknown")],
)
def test_two_names_agree_whichever_is_asked_first(one, other, agreed):
    assert agreement(one, other) == agreed
    assert agreement(other, one) == agreed


@pytest.mark.parametrize("name", ["Ida Holm", "I. Holm", "王伟", "Mr Ida Holm", "محمد علي"])
def test_a_name_of_more_than_one_part_is_whole(name):
    assert is_whole(name)


@pytest.mark.parametrize("name", ["Holm", "Mr Holm", "Fru Holm", "Anna", "Holm Jr.", "", None, "王"])
def test_a_given_or_a_family_name_alone_is_not(name):
    assert not is_whole(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Hr. Jensen", "Fru Jensen"), ("Mr Holm", "Ms. Holm"), ("Peter Jensen Sr", "Peter Jensen Jr"),
     ("Peter Jensen den ældre", "Peter Jensen d.y."), ("Peter Jensen II", "Peter Jensen III"),
     ("Peter Jensen (far)", "Peter Jensen søn"), ("Kim Holm (mor)", "Kim Holm (far)")],
)  # fmt: skip
def test_a_couples_titles_and_a_fathers_and_sons_marks_say_that_they_are_two(one, other):
    assert opposed(one, other)
    assert opposed(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Hr. Jensen", "Dr Jensen"), ("Peter Jensen", "Peter Jensen Jr"), ("Mr & Mrs Holm", "Mr Holm"),
     ("Sr. García", "Juan García Sr"), ("Anne Sophie Mutter", "Anne Tochter"),
     ("Peter & Søn", "Peter far"), ("Amartya Sen", "Amartya Sen Jr"), (None, "Mr Holm")],
)  # fmt: skip
def test_where_one_says_nothing_of_it_they_need_not_be(one, other):
    assert not opposed(one, other)


@given(st.text(max_size=20), st.text(max_size=20))
def test_agreement_is_mutual_and_holds_with_itself(one, other):
    assert agreement(one, other) == agreement(other, one)
    assert agreement(one, one) in ("same", "unknown")


# Without those of which two are one letter written otherwise.
letters = st.sampled_from("abdfghiklmnoprstuvy")
words = st.text(letters, min_size=3, max_size=10).filter(lambda word: "aa" not in word)


@given(words, st.integers(0, 9), letters)
def test_a_slip_is_not_in_the_first_letter_nor_in_a_short_word_nor_between_two_given_names(word, at, letter):
    at %= len(word)
    slipped = f"{word[:at]}{letter}{word[at + 1 :]}"
    assume(slipped != word and "aa" not in slipped)
    if at == 0 or len(word) < 4 or (is_given(word) and is_given(slipped)):
        assert agreement(f"{word} Holm", f"{slipped} Holm") == "apart"


@given(words, words, st.integers(1, 9))
def test_a_letter_written_twice_joins_but_where_it_makes_another_name(given_name, family, at):
    family = f"{family}qxq"
    at = 1 + at % (len(family) - 1)
    slipped = family[:at] + family[at - 1] + family[at:]
    assert agreement(f"{given_name} {family}", f"{given_name} {slipped}") in ("alike", "same")
