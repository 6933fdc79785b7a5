import pytest

from servery.model.menu import kind_of


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("Red wines", "wine"), ("Rødvin", "wine"), ("Weißweine", "wine"), ("Vinos tintos", "wine"), ("Rosé", "wine"),
        ("Draught beer", "drink"), ("Øl & vand", "drink"), ("Softdrinks", "drink"), ("Bebidas", "drink"),
        ("Gin", "drink"), ("Te", "drink"), ("Coffee/Tea", "drink"),
        ("Mains", "dish"), ("Vindaloo", "dish"), ("Ginger chicken", "dish"), ("Desserts", "dish"), (None, "dish"),
        ("", "dish"),
    ],
)  # fmt: skip
def test_the_words_of_a_category_tell_dish_drink_or_wine(category, kind):
    assert kind_of(category) == kind
