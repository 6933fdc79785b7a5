"""A restaurant's list of guests in which many are relatives under one roof, as a Danish booking system exports it."""

from random import Random
from typing import NamedTuple

from tests.guests.matching.crowd import ENDS, STEMS, slip

HEADER = "kundenr;navn;e-mail;telefon;fødselsdag;postnr;by"
_TWINS = (
    "Maja Kaja,Tim Tom,Lene Lone,Tina Nina,Mads Mikkel,Anna Emma,Oliver Olivia,Jan Jon,Lars Lara,Kim Kirsten,"
    "Martin Marvin,Christian Christina,Emil Emilie,Ida Eva,Peter Per,Jette Ditte,Hanne Hans,Marie Mario,Bodil Birger,"
    "Karl Karla"
)
_GIVEN = (
    "Tove Emil Maja Freja Gustav Ida Jens Karen Lars Mette Niels Oda Rikke Søren Ulla Thomas Katrine Samuel Benjamin "
    "Alexander Charlotte Henrik Sofie Birgitte Kirsten Jørgen Bent Inge Poul Hanne Erik Lone Camilla Frederik"
).split()
_CITIES = (("8000", "Aarhus"), ("5000", "Odense"), ("9000", "Aalborg"), ("6000", "Kolding"), ("7100", "Vejle"))


class Person(NamedTuple):
    """Somebody, as they would write themselves."""

    name: str
    email: str
    phone: str
    born: str
    postcode: str
    city: str


class _Village:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._homes = 0

    def day(self) -> str:
        return f"{self.random.randint(1, 28):02}-{self.random.randint(1, 12):02}"

    def home(self) -> Person:
        """A house of its own, with all that it shares; the name is the family's."""
        self._homes += 1
        family = self.random.choice(STEMS) + self.random.choice(ENDS)
        postcode, city = self.random.choice(_CITIES)
        born = f"{self.day()}-{self.random.randint(1940, 2004)}"
        email = f"{family.lower()}{self._homes}@example.dk"
        phone = f"{self.random.randint(20, 60)}{self._homes:03}{self.random.randint(100, 999)}"
        return Person(family, email, phone, born, postcode, city)

    def two(self, one: str, other: str, born: tuple[str, str]) -> tuple[Person, Person]:
        """Two of one house, who share all but the names and days given."""
        home = self.home()
        names = f"{one} {home.name}", other.format(f"{one} {home.name}")
        if names[1] == other:
            names = names[0], f"{other} {home.name}"
        return home._replace(name=names[0], born=born[0]), home._replace(name=names[1], born=born[1])


def relatives(seed: int, others: int = 90) -> list[Person]:
    """All people of a list: two and two relatives, then others."""
    village = _Village(seed)
    random, pairs = village.random, []
    for twins in _TWINS.split(","):
        one, other = twins.split()
        day = f"{village.day()}-{random.randint(1950, 2004)}"
        pairs.append(village.two(one, other, (day, day)))
    for _ in range(17):
        day = f"{village.day()}-{random.randint(1945, 1975)}"
        pairs.append(village.two(random.choice(_GIVEN), "{} Jr.", born=(day, day)))
    for _ in range(29):
        day, year = village.day(), random.randint(1940, 1974)
        child = day if random.random() < 0.5 else village.day()
        pairs.append(village.two(random.choice(_GIVEN), "{}", born=(f"{day}-{year}", f"{child}-{year + 29}")))
    for _ in range(20):
        one, other = random.sample(_GIVEN, 2)
        day, year = village.day(), random.choice((1969, 1959, 1979))
        pairs.append(village.two(one, other, born=(f"{day}-{year}", f"{day}-{year + random.choice((4, 10, 20))}")))
    people = [person for pair in pairs for person in pair]
    for _ in range(others):
        home = village.home()
        people.append(home._replace(name=f"{random.choice(_GIVEN)} {home.name}"))
    return people


def listed(seed: int, lacking: float) -> tuple[list[str], dict[str, int]]:
    """The lines of a list, and of whom each row is; `lacking` is how often a fact is left out again."""
    random = Random(seed)
    people = relatives(seed)
    told = list(enumerate(people))
    for number, person in enumerate(people):
        told += [(number, _again(random, person, lacking)) for _ in range(random.choice((0, 1, 1, 1)))]
    random.shuffle(told)
    lines = [";".join((f"k{at}", *person)) for at, (_, person) in enumerate(told)]
    return [HEADER, *lines], {f"k{at}": number for at, (number, _) in enumerate(told)}


def _again(random: Random, person: Person, lacking: float) -> Person:
    """The same person, taken down once more: a name misspelt or turned round, a fact left out, a number mistyped."""
    given, _, rest = person.name.partition(" ")
    names = (person.name, person.name, f"{given} {slip(random, rest)}", f"{rest}, {given}", person.name.upper())
    left = {fact: "" for fact in ("email", "phone", "born") if random.random() < lacking}
    if random.random() < 0.1:
        left["phone"] = slip(random, person.phone)
    return person._replace(name=random.choice(names if "Jr" not in rest else names[:2]), **left)
