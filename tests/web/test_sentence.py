from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.language.words import LANGUAGES, words
from servery.model.guest import Birthday
from servery.web.tonight.sentence import Story, alert, days_to, nth_visit, spoken

DAY = date(2025, 11, 21)
METTE = Story(
    visits=3,
    allergies=("nuts",),
    dish="Ribeye",
    wine="Rioja",
    wine_by_glass=True,
    table="7",
    area="Window",
)


@pytest.mark.parametrize(
    ("language", "aloud"),
    [
        ("en", "Nut allergy. 4th visit, usually the Ribeye and a glass of the Rioja, likes table 7 by the window."),
        ("da", "Nøddeallergi. 4. besøg, får som regel Ribeye og et glas Rioja, sidder gerne ved bord 7 ved vinduet."),
        ("de", "Nussallergie. 4. Besuch, nimmt meist Ribeye und ein Glas Rioja, sitzt gern an Tisch 7 am Fenster."),
        (
            "es",
            "Alergia a los frutos secos. 4.ª visita, suele tomar Ribeye y una copa de Rioja,"
            " le gusta la mesa 7 junto a la ventana.",
        ),
    ],
)
def test_what_a_host_says(language, aloud):
    assert spoken(METTE, words(language), DAY).aloud == aloud


def said(language="en", table=None, expected=True, **facts):
    return spoken(Story(**facts), words(language), DAY, table=table, expected=expected).aloud


def test_first_visit_says_no_more():
    assert said() == "First visit."
    assert said("es") == "Primera visita."


def test_usual_table_that_is_given_tonight_however_it_is_written():
    assert said(visits=1, table="07", area="Terrace") == "2nd visit."
    told = spoken(Story(visits=1, table="7a", area="Terrace"), words("en"), DAY, table="Table 7A").aloud
    assert told == "2nd visit, at their usual table 7a on the terrace."


def test_area_that_only_the_venue_knows():
    story = Story(visits=1, table="2", area="Salon")
    assert spoken(story, words("en"), DAY).story == "2nd visit, likes table 2 in the Salon."
    assert spoken(Story(visits=1, table="2"), words("en"), DAY).story == "2nd visit, likes table 2."


def test_drink_without_wine_and_wine_by_the_bottle():
    assert said(visits=1, drink="Sparkling water") == "2nd visit, usually the Sparkling water."
    assert said(visits=1, drink="Water", wine="Chablis") == "2nd visit, usually the Chablis."


@pytest.mark.parametrize(
    ("birthday", "tail"),
    [
        (Birthday(11, 21), " Birthday today."),
        (Birthday(11, 22, 1980), " Birthday tomorrow."),
        (Birthday(11, 25), " Birthday on Tuesday."),
        (Birthday(11, 28), ""),
        (Birthday(11, 20), ""),
    ],
)
def test_birthday_is_said_when_it_is_near(birthday, tail):
    assert said(birthday=birthday) == f"First visit.{tail}"


def test_looking_back_counts_the_visits_there_were():
    assert said(expected=False, visits=3) == "3 visits."
    assert said("de", expected=False, visits=1) == "1 Besuch."
    assert said(expected=False) == "Has not been here yet."


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (("Nut allergy",), "Nut allergy."),
        (("tree nuts", "NUTS"), "Nut allergy."),
        (("gluten", "shellfish"), "Gluten allergy. Shellfish allergy."),
        (("kiwi",), "Allergy: kiwi."),
        (("severe allergy to kiwi!",), "Severe allergy to kiwi!."),
        (("lactose intolerance.",), "Lactose intolerance."),
        (("  ", ""), ""),
        (("{n}",), "Allergy: {n}."),
    ],
)
def test_allergies_are_said_by_name_or_as_written(written, told):
    assert alert(written, words("en")) == told


@given(
    written=st.lists(st.text(min_size=1, max_size=30).filter(str.strip), max_size=4),
    language=st.sampled_from(LANGUAGES),
)
def test_no_allergy_is_ever_lost(written, language):
    known = {"en": "Nut allergy", "da": "Nøddeallergi", "de": "Nussallergie", "es": "Alergia a los frutos secos"}
    told = alert(("nuts", *written), words(language))
    assert told.startswith(known[language])
    for each in written:
        body = each.strip().rstrip(".")
        assert alert((each,), words(language)).rstrip(".") in told
        assert body[1:] in told or len(alert((each,), words(language))) > 5


@pytest.mark.parametrize(
    ("nth", "english"),
    [
        (1, "First visit"),
        (2, "2nd visit"),
        (3, "3rd visit"),
        (11, "11th visit"),
        (21, "21st visit"),
        (112, "112th visit"),
    ],
)
def test_ordinals(nth, english):
    assert nth_visit(nth, words("en")) == english
    if nth > 1:
        assert nth_visit(nth, words("da")) == f"{nth}. besøg"
        assert nth_visit(nth, words("es")) == f"{nth}.ª visita"


def test_birthday_of_the_29th_of_february():
    assert days_to(Birthday(2, 29), date(2025, 2, 28)) == 0
    assert days_to(Birthday(2, 29), date(2028, 2, 28)) == 1
    assert days_to(Birthday(2, 29), date(2027, 3, 1)) == 365
