"""The slips of people who type: names one letter off, and whatever staff call a check."""

from random import Random
from typing import NamedTuple

from servery.sandbox.people import Person
from servery.sandbox.rates import RATES
from servery.sandbox.restaurant import restaurant

_ACCENTS_LOST = str.maketrans("øæåüöäéćłşıñØÅÖ", "oaauoaeclsinOAO")
_FORMS = ("{}", "T{}", "table {}", "Table {}", "0{}", "{} ", "t{}", "bord {}")
_FORM_WEIGHTS = (46, 20, 9, 7, 8, 2, 5, 3)


class Label(NamedTuple):
    """What staff typed to name a check, and whether that names a table (rightly or not)."""

    text: str | None
    names_table: bool


def misspelt(name: str, rng: Random) -> str:
    """A name with one slip: a letter doubled, dropped or swapped with its neighbour, or accents lost."""
    spot = rng.randrange(1, len(name) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return name[:spot] + name[spot] + name[spot:]
    if kind == 1:
        return name[:spot] + name[spot + 1 :]
    if kind == 2:
        return name[:spot] + name[spot + 1] + name[spot] + name[spot + 2 :]
    return name.translate(_ACCENTS_LOST)


def label(rng: Random, person: Person, tables: tuple[str, ...], booked: bool) -> Label:
    """A check's name as staff type it: of a booked party they know the family name, of a walk-in at most the given."""
    if rng.random() < RATES.label_missing:
        return Label(None, False)
    name = person.family.split()[-1] if booked else person.given
    if not tables:
        return Label(rng.choice(("bar", "Bar", name, "bar 2")), False)
    if rng.random() < RATES.label_name_only:
        return Label(name if rng.random() < 0.8 else name.casefold(), False)
    text = _table(rng, tables[0])
    if rng.random() < RATES.label_with_name:
        text = f"{text.strip()} {name}"
    return Label(text, True)


def _table(rng: Random, table: str) -> str:
    if rng.random() < RATES.label_slip:
        table = rng.choice([other.name for other in restaurant().venue.tables if other.name != table])
    if not table.isdigit() and rng.random() < 0.4:
        table = table.casefold()
    form = rng.choices(_FORMS, _FORM_WEIGHTS)[0]
    two_digits = len(table.rstrip("ABab")) > 1
    return ("{}" if form == "0{}" and two_digits else form).format(table)
