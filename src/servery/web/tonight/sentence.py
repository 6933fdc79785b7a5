"""What a host says aloud about a guest, allergies first. Pure: facts in, one or two sentences out."""

from __future__ import annotations

from datetime import date, timedelta

from babel import Locale
from babel.lists import format_list
from msgspec import Struct

from servery.language.words import Words
from servery.model.guest import Birthday
from servery.model.venue import table_key
from servery.web.tonight.allergens import allergens_in, says_allergy


class Story(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a guest that a host may say. A field that the viewer may not see is empty."""

    visits: int = 0
    """Visits before this one."""
    allergies: tuple[str, ...] = ()
    """As each system or guest wrote them."""
    dish: str | None = None
    drink: str | None = None
    wine: str | None = None
    wine_by_glass: bool = False
    table: str | None = None
    """The table they usually have, by the venue's own name for it."""
    area: str | None = None
    """Where that table stands."""
    birthday: Birthday | None = None


class Spoken(Struct, frozen=True):
    """A story in words: `alert` is what nobody may miss (empty without allergies), `story` the rest."""

    alert: str
    story: str

    @property
    def aloud(self) -> str:
        """Everything, in the order it is said."""
        return " ".join(part for part in (self.alert, self.story) if part)


def spoken(story: Story, words: Words, day: date, *, table: str | None = None, expected: bool = True) -> Spoken:
    """A story in the words of a language, said on `day`. `table` is the one the party is given, where known.

    `expected` counts the visit that is to come (4th visit); without it the sentence looks back (3 visits).
    """
    came = nth_visit(story.visits + 1, words) if expected else _visits(story.visits, words)
    parts = [came, _usual(story, words), _table(story, words, table)]
    sentences = [", ".join(part for part in parts if part), _birthday(story, words, day)]
    return Spoken(alert(story.allergies, words), " ".join(f"{each}." for each in sentences if each))


def alert(allergies: tuple[str, ...], words: Words) -> str:
    """Allergies as sentences: a known allergen in the reader's language, anything else exactly as it was written."""
    said = dict.fromkeys(told for each in allergies if each.strip() for told in _allergy(each.strip(), words))
    return " ".join(f"{each.rstrip('.')}." for each in said)


def _allergy(written: str, words: Words) -> list[str]:
    known = allergens_in(written)
    if known:
        return [_allergens(words)[name] for name in known]
    if says_allergy(written):
        return [written[0].upper() + written[1:]]
    return [words.gettext("Allergy: {what}", what=written)]


def _allergens(words: Words) -> dict[str, str]:
    """The fourteen of Regulation (EU) 1169/2011, annex II, and shellfish, which guests say for two of them."""
    _ = words.gettext
    return {
        "gluten": _("Gluten allergy"),
        "crustaceans": _("Crustacean allergy"),
        "eggs": _("Egg allergy"),
        "fish": _("Fish allergy"),
        "peanuts": _("Peanut allergy"),
        "soybeans": _("Soya allergy"),
        "milk": _("Milk allergy"),
        "nuts": _("Nut allergy"),
        "celery": _("Celery allergy"),
        "mustard": _("Mustard allergy"),
        "sesame": _("Sesame allergy"),
        "sulphites": _("Sulphite allergy"),
        "lupin": _("Lupin allergy"),
        "molluscs": _("Mollusc allergy"),
        "shellfish": _("Shellfish allergy"),
    }


def _visits(visits: int, words: Words) -> str:
    if visits == 0:
        return words.gettext("Has not been here yet")
    return words.ngettext("{n} visit", "{n} visits", visits)


def nth_visit(nth: int, words: Words) -> str:
    """A visit by its number: 4th visit."""
    if nth == 1:
        return words.gettext("First visit")
    # English has four endings; a language with fewer translates all four alike.
    by_ending = {
        "one": words.gettext("{n}st visit", n=nth),
        "two": words.gettext("{n}nd visit", n=nth),
        "few": words.gettext("{n}rd visit", n=nth),
        "other": words.gettext("{n}th visit", n=nth),
    }
    return by_ending[Locale.parse("en").ordinal_form(nth)]


def _usual(story: Story, words: Words) -> str:
    wanted = [words.gettext("the {dish}", dish=story.dish)] if story.dish else []
    if story.wine and story.wine_by_glass:
        wanted.append(words.gettext("a glass of the {wine}", wine=story.wine))
    elif story.wine or story.drink:
        wanted.append(words.gettext("the {drink}", drink=story.wine or story.drink))
    if not wanted:
        return ""
    return words.gettext("usually {dishes}", dishes=format_list(wanted, locale=words.language))


def _table(story: Story, words: Words, given: str | None) -> str:
    if story.table is None:
        return ""
    where = _where(story.area, words)
    if given is not None and table_key(given) == table_key(story.table):
        return words.gettext("at their usual table {table} {where}", table=story.table, where=where).rstrip()
    return words.gettext("likes table {table} {where}", table=story.table, where=where).rstrip()


def _where(area: str | None, words: Words) -> str:
    """Where a table stands: well-known places as people say them, others by the venue's name."""
    if not area:
        return ""
    places = {
        "window": words.gettext("by the window"),
        "bar": words.gettext("at the bar"),
        "terrace": words.gettext("on the terrace"),
        "garden": words.gettext("in the garden"),
    }
    return places.get(_AREAS.get(area.casefold(), ""), words.gettext("in the {area}", area=area))


# What venues call these places, in the four languages of the pages.
_AREAS = {
    **dict.fromkeys(("window", "windows", "vindue", "vinduet", "fenster", "ventana", "ventanas"), "window"),
    **dict.fromkeys(("bar", "baren", "barra"), "bar"),
    **dict.fromkeys(("terrace", "terrasse", "terrassen", "terraza"), "terrace"),
    **dict.fromkeys(("garden", "have", "haven", "garten", "jardín"), "garden"),
}


def _birthday(story: Story, words: Words, day: date) -> str:
    if story.birthday is None:
        return ""
    away = days_to(story.birthday, day)
    if away == 0:
        return words.gettext("Birthday today")
    if away == 1:
        return words.gettext("Birthday tomorrow")
    if away < 7:
        weekday = Locale.parse(words.language).days["format"]["wide"][(day + timedelta(days=away)).weekday()]
        return words.gettext("Birthday on {weekday}", weekday=weekday)
    return ""


def days_to(birthday: Birthday, day: date) -> int:
    """Days from `day` to the next such birthday, 0 on the day itself; the 29th of February falls on the 28th."""
    this_year = _in_year(birthday, day.year)
    coming = this_year if this_year >= day else _in_year(birthday, day.year + 1)
    return (coming - day).days


def _in_year(birthday: Birthday, year: int) -> date:
    try:
        return date(year, birthday.month, birthday.day)
    except ValueError:
        return date(year, 2, 28)
