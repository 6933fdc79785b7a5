"""People as a large group of restaurants knows them: frequent names and very many rare ones, in several scripts.

Frequent names come up as often as they do in life (the n-th is n times rarer than the first); every third family name
and every eighth given name is put together from syllables, so that there are as many different words as in a real base.
A few names are misspelt already. One guest in five has a note, one in four a tag.
"""

import random
from collections.abc import Sequence
from itertools import accumulate

from servery.model.guest import Birthday, Note, SourceGuest

_GIVEN = (
    "Anne Peter Mette Michael Kirsten Lars Hanne Thomas Anna Jens Helle Henrik Susanne Søren Lene Christian "
    "Maria Martin Marianne Jan Inge Morten Karen Jesper Lone Anders Camilla Niels Pia Rasmus Louise Mads "
    "Charlotte Per Bente Hans Ida Jørgen Freja Emil Åse Signe Jürgen José Björn Zoë François Chloé Łukasz "
    "Małgorzata Ümit Ayşe Siobhán Nguyễn Oliver Emma Noah Sofia Lucas Mia Bo Li"
).split()
_FAMILY = (
    "Jensen Nielsen Hansen Pedersen Andersen Christensen Larsen Sørensen Rasmussen Jørgensen Petersen Madsen "
    "Kristensen Olsen Thomsen Christiansen Poulsen Johansen Møller Mortensen Knudsen Holm Schmidt Lund Müller "
    "Schäfer García Núñez Østergaard Ågård O'Neill D'Arcy Smith Jones Dupont Lefèvre Kowalski Wójcik Yılmaz "
    "Trần Nowak Rossi Bianchi Silva Ito"
).split()
_SYLLABLES = (
    "bor lind hav sten mar kvist gren dal berg toft skov bak ron vel tan mi lo ka ri sa ne do fu pel gar hol "
    "win ster quo brem zan tur lek vom rup hus gaard feld mann ova etti escu ides"
).split()
_SCRIPTS = (
    (
        "Γιώργος Μαρία Κώστας Ελένη Δημήτρης".split(),
        "Παπαδόπουλος Οικονόμου Γεωργίου Νικολάου Καραγιάννης".split(),
        "πα δό που λος γε ωργί κα ρα για ννης".split(),
    ),
    (
        "Иван Ольга Сергей Анна Дмитрий".split(),
        "Иванов Кузнецов Смирнов Попов Соколов".split(),
        "ку зне цов ива ми хай ло вич по пов".split(),
    ),
    (
        "محمد فاطمة أحمد عائشة يوسف".split(),
        "الأحمد الخطيب الحسن المصري حداد".split(),
        "ال حا مد سا لم نور دين كا مل با".split(),
    ),
    ("小明 丽 伟 芳 娜".split(), "王 李 张 刘 陈".split(), "欧 阳 司 马 上 官 诸 葛 东 方".split()),
)
_NOTES = (
    "prefers the window table by the harbour",
    "allergic reaction last year, ask the kitchen twice",
    "brings their dog, water bowl please",
    "celebrated an anniversary here in spring",
    "likes a dry sherry before the starters",
    "wheelchair, keep the aisle by the fireplace free",
    "always orders turbot and asks for extra lemon",
    "journalist, no photographs at the table",
    "quick lunch, has to catch the ferry",
    "knows the chef from culinary school",
    "vil gerne sidde ved pejsen og have ro",
    "ringer altid selv og bestiller smørrebrød på forhånd",
    "mag keinen Koriander und sitzt gern im Garten",
)
_TAGS = ("Regular", "Newsletter", "Local", "Business", "Wine club", "Press", "Sommelier", "Neighbour", "Terrace lover")
_MAIL = ("gmail.example", "hotmail.example", "mail.example", "work.example", "live.example")


def _falling(number: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, number + 1)))


_GIVEN_WEIGHTS, _FAMILY_WEIGHTS, _TAG_WEIGHTS = (_falling(len(each)) for each in (_GIVEN, _FAMILY, _TAGS))


def diner(number: int) -> SourceGuest:
    """The guest of a number, always the same."""
    rng = random.Random(number)
    given, family, latin = _name(rng)
    name = f"{given} {family}"
    mail = f"{latin}{rng.randrange(100) or ''}.{number:x}@{rng.choice(_MAIL)}"
    return SourceGuest(
        name=slipped(name, rng) if rng.random() < 0.02 else name,
        email=mail if rng.random() < 0.8 else None,
        phone=f"+45{rng.randrange(20_000_000, 100_000_000)}",
        country="DK",
        birthday=Birthday(rng.randrange(1, 13), rng.randrange(1, 29)) if number % 3 == 0 else None,
        tags=tuple(set(rng.choices(_TAGS, cum_weights=_TAG_WEIGHTS, k=2))) if rng.random() < 0.25 else (),
        allergies=(rng.choice(("Nuts", "Shellfish", "Gluten", "Peanuts", "Sesame")),) if rng.random() < 0.08 else (),
        preferences=(rng.choice(("Vegetarian", "Window seat", "Still water")),) if rng.random() < 0.08 else (),
        notes=_notes(rng) if rng.random() < 0.2 else (),
    )


def _name(rng: random.Random) -> tuple[str, str, str]:
    """Given and family name, and what an address is made of."""
    if rng.random() < 0.04:
        givens, families, parts = rng.choice(_SCRIPTS)
        family = rng.choice(families) if rng.random() < 0.4 else _coined(rng, parts)
        return rng.choice(givens), family, _coined(rng, _SYLLABLES).lower()
    given = rng.choices(_GIVEN, cum_weights=_GIVEN_WEIGHTS)[0] if rng.random() < 0.88 else _coined(rng, _SYLLABLES)
    family = rng.choices(_FAMILY, cum_weights=_FAMILY_WEIGHTS)[0] if rng.random() < 0.67 else _coined(rng, _SYLLABLES)
    second = f"-{rng.choice(_FAMILY)}" if rng.random() < 0.05 else ""
    address = "".join(letter for letter in f"{given}.{family}".lower() if letter.isascii())
    return given, family + second, address


def _coined(rng: random.Random, parts: Sequence[str]) -> str:
    return "".join(rng.choices(parts, k=rng.choice((2, 3, 3, 4)))).capitalize()


def _notes(rng: random.Random) -> tuple[Note, ...]:
    rare = _coined(rng, _SYLLABLES)
    return tuple(Note(f"{rng.choice(_NOTES)}. Friend of {rare}.") for _ in range(rng.choice((1, 1, 2, 3))))


def slipped(text: str, rng: random.Random, first: bool = False) -> str:
    """A text with a slip of the pen in it: a letter dropped, doubled, wrong, or two changed over; `first`: at once."""
    place = 0 if first else rng.randrange(max(len(text) - 1, 1))
    before, here, after = text[:place], text[place : place + 1], text[place + 1 :]
    return rng.choice(
        (
            before + after,
            before + here + here + after,
            before + rng.choice("aeinorst") + after,
            before + after[:1] + here + after[1:],
        )
    )
