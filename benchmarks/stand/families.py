"""Made-up lists of people as anybody has them: families under one roof, frequent names, slips, moves, marriages."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random

COLUMNS = ("given", "family", "birthday", "phone", "email", "street", "house", "postcode", "city")
LISTS: Mapping[str, Sequence[str]] = {
    "all": COLUMNS,
    "name and birthday": ("given", "family", "birthday"),
    "name and phone": ("given", "family", "phone"),
    "name and address": ("given", "family", "street", "house", "postcode", "city"),
    "name, birthday and postcode": ("given", "family", "birthday", "postcode"),
    "name, e-mail and city": ("given", "family", "email", "city"),
}
"""What lists there are, and their columns."""

Row = dict[str, str]

_SYLLABLES = "an be ca do el fi go ha in jo ka le ma no ol pe ra si to ul va we yr zo mar lin ber sten holm dal".split()
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LACKS = 0.12
"""How often a record lacks a fact that it could have, beside the names."""
_SLIPS = 0.15
"""How often what it has is written wrongly."""


def families(columns: Sequence[str], people: int, seed: int) -> tuple[list[Row], list[int]]:
    """About so many people's records with an `id` and these columns, and the number of the person each is of."""
    random = Random(seed)
    world = _World(random)
    told: list[tuple[int, Row]] = []
    person = 0
    while person < people:
        home = world.home()
        for given in world.called(random.choice((1, 1, 2, 3, 4))):
            first = world.member(home, given)
            told.append((person, first))
            told += [(person, world.again(first)) for _ in range(random.choice((0, 0, 0, 1, 1, 2, 4)))]
            person += 1
    random.shuffle(told)
    rows = [{"id": f"r{at}", **{column: row[column] for column in columns}} for at, (_, row) in enumerate(told)]
    return rows, [person for person, _ in told]


class _World:
    """Names as often as names are: the n-th one n times more seldom than the first."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given = self._names(300, 2)
        self._family = self._names(3000, 3)
        self._cities = self._names(80, 2)
        self._addresses: set[str] = set()

    def _names(self, count: int, syllables: int) -> tuple[list[str], list[float]]:
        made = {"".join(self._random.choices(_SYLLABLES, k=syllables)) for _ in range(count)}
        names = sorted(made)
        self._random.shuffle(names)
        return names, list(accumulate(1 / place for place in range(3, len(names) + 3)))

    def _one(self, names: tuple[list[str], list[float]]) -> str:
        return self._random.choices(names[0], cum_weights=names[1])[0]

    def home(self) -> Row:
        """Where a family lives, and its name."""
        city, family = self._one(self._cities), self._one(self._family)
        return {
            "family": family,
            "street": f"{self._one(self._family)} street",
            "house": str(self._random.randint(1, 120)),
            "postcode": f"{sum(map(ord, city)) % 90 + 10}{self._random.randint(0, 99):02}",
            "city": city,
            "phone": f"20{self._random.randint(0, 999999):06}",
            "email": self._address(family, 1),
        }

    def called(self, count: int) -> list[str]:
        """Given names in one family, no two the same."""
        names: list[str] = []
        while len(names) < count:
            names += {self._one(self._given)} - set(names)
        return names

    def member(self, home: Row, given: str) -> Row:
        """One of a family: half have the house's phone, some its e-mail."""
        random = self._random
        own = self._address(f"{given}.{home['family']}", 99) if random.random() < 0.85 else home["email"]
        return {
            **home,
            "given": given,
            "birthday": f"{random.randint(1940, 2012)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}",
            "email": own,
            "phone": home["phone"] if random.random() < 0.5 else f"30{random.randint(0, 999999):06}",
        }

    def _address(self, name: str, most: int) -> str:
        """One that nobody else has: with the name's year or number, and a further one where that is taken."""
        domain = f"@example.{self._random.choice(('com', 'org', 'net'))}"
        made = f"{name}{self._random.randint(1, most)}{domain}"
        while made in self._addresses:
            most *= 10
            made = f"{name}{self._random.randint(1, most)}{domain}"
        self._addresses.add(made)
        return made

    def again(self, first: Row) -> Row:
        """The same person told of once more."""
        random = self._random
        row = dict(first)
        if random.random() < 0.08:
            row |= {**self.home(), "family": row["family"]}
        if random.random() < 0.03:
            row["family"] = self._one(self._family)
        if random.random() < 0.04:
            row["given"], row["family"] = row["family"], row["given"]
        for column in COLUMNS:
            if column not in ("given", "family") and random.random() < _LACKS:
                row[column] = ""
            elif random.random() < _SLIPS:
                row[column] = self._slip(row[column])
        return row

    def _slip(self, text: str) -> str:
        random = self._random
        if len(text) < 2:
            return text
        at = random.randrange(len(text) - 1)
        other = random.choice("0123456789" if text[at].isdigit() else _LETTERS)
        made = (text[:at] + other + text[at + 1 :], text[:at] + text[at + 1 :], text[:at] + other + text[at:])
        return random.choice((*made, text[:at] + text[at + 1] + text[at] + text[at + 2 :]))
