import pytest

from servery.language.words import words
from servery.web.tonight.allergens import allergens_in, mentioned
from servery.web.tonight.sentence import alert


@pytest.mark.parametrize(
    ("written", "danish"),
    [
        ("nødder", "Nøddeallergi."),
        ("Nøddeallergi", "Nøddeallergi."),
        ("allergisk over for skaldyr", "Skaldyrsallergi."),
        ("Nüsse", "Nøddeallergi."),
        ("Nussallergie", "Nøddeallergi."),
        ("Allergisch gegen Erdnüsse!", "Jordnøddeallergi."),
        ("frutos secos", "Nøddeallergi."),
        ("Alérgica a los mariscos", "Skaldyrsallergi."),
        ("Allergic to gluten", "Glutenallergi."),
        ("mælk og æg", "Mælkeallergi. Æggeallergi."),
        ("Milch, Senf", "Mælkeallergi. Sennepsallergi."),
        ("nuts / NUTS", "Nøddeallergi."),
    ],
)
def test_what_a_guest_wrote_in_their_language_is_said_in_the_readers(written, danish):
    assert alert((written,), words("da")) == danish


@pytest.mark.parametrize(
    "written", ["kiwi", "lactose", "walnuts", "nuts, but only raw", "eiersalat", "fisch und kiwi", ""]
)
def test_anything_else_stays_as_it_was_written(written):
    assert allergens_in(written) is None
    assert not written or written.casefold() in alert((written,), words("en")).casefold()


def test_a_request_is_searched_for_allergies_sentence_by_sentence():
    asked = "High chair. Allergic to nuts; my wife is lactose intolerant!"
    assert mentioned(asked, None, "Unverträglichkeit: Fruktose") == (
        "Allergic to nuts", "my wife is lactose intolerant", "Unverträglichkeit: Fruktose",
    )  # fmt: skip
    assert mentioned("A window table, please", "", None) == ()


@pytest.mark.parametrize("denied", ["No allergies", "Ingen allergier", "Keine Allergien.", "Sin alergias"])
def test_who_says_that_there_is_none_alarms_nobody(denied):
    assert mentioned(denied) == ()
    assert alert((denied,), words("en")).rstrip(".") == denied.rstrip(".")
