import pytest

from servery.language.words import choose, name_of


@pytest.mark.parametrize(
    ("settled", "accepted", "spoken"),
    [
        ("de", "da,en;q=0.5", "de"),
        (None, "fr;q=0.9, da-DK;q=0.8", "da"),
        (None, "en;q=0.2, es-MX", "es"),
        (None, "de;q=0, da;q=0.1", "da"),
        ("xx", "fr", "en"),
        (None, None, "en"),
        (None, "da;q=lots, es;q=0.1", "es"),
        (None, "*;;;,,q=", "en"),
    ],
)
def test_language_is_the_settled_one_else_the_best_accepted(settled, accepted, spoken):
    assert choose(settled, accepted) == spoken


def test_languages_are_named_in_themselves():
    assert [name_of(each) for each in ("en", "da", "de", "es")] == ["English", "Dansk", "Deutsch", "Español"]
