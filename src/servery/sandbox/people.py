"""The guests: a lasting circle of regulars and occasional ones, and strangers made for one evening. All invented."""

import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import accumulate
from random import Random
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from servery.model.guest import Birthday
from servery.sandbox.rates import RATES
from servery.sandbox.restaurant import data, items_in, restaurant

Circle = Literal["regular", "occasional", "once"]

REGULARS = 150
OCCASIONAL = 1400


class Person(Struct, frozen=True, eq=False):
    """One real guest, as only the truth knows them. `favourite_dish` and `favourite_drink` are places in the menu."""

    id: str
    circle: Circle
    given: str
    family: str
    country: str
    language: str
    emails: tuple[str, ...]
    phone: str
    favourite_dish: int
    favourite_drink: int
    usual_table: str
    usual_party: int
    card: str
    customer_ids: tuple[str, ...]
    company: str | None = None
    birthday: Birthday | None = None
    allergies: tuple[str, ...] = ()
    vip: bool = False

    @property
    def name(self) -> str:
        """The whole name, rightly spelt."""
        return f"{self.given} {self.family}"


class Culture(Struct, frozen=True):
    """Names of one origin, and the phone ranges that are set aside for fiction there."""

    code: str
    country: str
    share: int
    given: tuple[str, ...]
    family: tuple[str, ...]
    phones: tuple[tuple[str, int], ...] = ()


class Lists(Struct, frozen=True):
    """`data/people.toml`."""

    relay_shared: str
    relay_domain: str
    mail_domains: tuple[str, ...]
    companies: tuple[tuple[str, str, str], ...]
    allergies: tuple[tuple[str, int], ...]
    occasions: tuple[str, ...]
    requests: tuple[str, ...]
    cultures: tuple[Culture, ...]

    @property
    def culture_weights(self) -> list[int]:
        """Running sums of the cultures' shares."""
        return list(accumulate(culture.share for culture in self.cultures))


@cache
def lists() -> Lists:
    """Names, firms and wishes to draw from."""
    return msgspec.toml.decode(data("people.toml"), type=Lists)


_RETURNING_NUMBERS = 270
"""Of each country's fictional numbers, those kept for returning guests; the rest go round by the day."""

# A stretch of Danish mobile numbers that are all well-formed; the step shares no factor with their count, so that no
# two serials meet in one number.
_DANISH_FIRST, _DANISH_COUNT, _DANISH_STEP = 25_100_000, 3_900_000, 7_654_321

_AS_TYPED = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ß": "ss", "ł": "l", "ı": "i", "'": "", " ": ""})


def plain(text: str) -> str:
    """A name as it stands in an e-mail address."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_AS_TYPED))
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def _phone(culture: Culture, serial: int, place: int, day: int | None) -> str:
    """A number nobody else here has: the country's fictional one while they last, else a Danish mobile."""
    capacity = sum(10**digits for _, digits in culture.phones)
    quota = (capacity - _RETURNING_NUMBERS) // 366 if day is not None else _RETURNING_NUMBERS
    if place < quota:
        number = place if day is None else _RETURNING_NUMBERS + day % 366 * quota + place
        for prefix, digits in culture.phones:
            if number < 10**digits:
                return f"{prefix}{number:0{digits}d}"
            number -= 10**digits
    local = str(_DANISH_FIRST + serial * _DANISH_STEP % _DANISH_COUNT)
    return "+45 " + " ".join(local[start : start + 2] for start in range(0, 8, 2))


class Maker:
    """Makes people one after another from one source of chance, numbered from `first`; `made` exist already."""

    def __init__(self, rng: Random, first: int, day: date | None = None, made: int = 0) -> None:
        self._rng = rng
        self._serial = first + made
        self._made = made
        self._day = day.toordinal() if day else None
        self._places: dict[str, int] = {}
        self._lists = lists()
        self._cultures = self._lists.culture_weights
        self._dishes = items_in("Mains")
        self._drinks = items_in("Wine", "Beer", "Cocktails")
        self._tables = [table.name for table in restaurant().venue.tables if (table.seats or 0) <= 4]

    def person(self, circle: Circle) -> Person:
        """The next person."""
        rng, self._serial = self._rng, self._serial + 1
        culture = rng.choices(self._lists.cultures, cum_weights=self._cultures)[0]
        place = self._places[culture.country] = self._places.get(culture.country, self._made - 1) + 1
        given, family = rng.choice(culture.given), rng.choice(culture.family)
        returning = circle != "once"
        return Person(
            id=f"person-{self._serial}",
            circle=circle,
            given=given,
            family=family,
            country=culture.country,
            language=culture.code,
            emails=self._emails(given, family, returning),
            phone=_phone(culture, self._serial, place, self._day),
            favourite_dish=rng.choice(self._dishes),
            favourite_drink=rng.choice(self._drinks),
            usual_table=rng.choice(self._tables),
            usual_party=rng.choices((1, 2, 3, 4, 6), (8, 60, 10, 18, 4))[0],
            card=f"ccof:{rng.randbytes(9).hex()}",
            customer_ids=self._customer_ids(),
            birthday=Birthday(rng.randint(1, 12), rng.randint(1, 28)) if rng.random() < 0.3 else None,
            allergies=self._allergies(),
            vip=circle == "regular" and rng.random() < RATES.vip,
        )  # fmt: skip

    def _emails(self, given: str, family: str, returning: bool) -> tuple[str, ...]:
        name, domains = f"{plain(given)}.{plain(family)}", self._lists.mail_domains
        first = f"{name}{self._serial}@{self._rng.choice(domains)}"
        if returning and self._rng.random() < RATES.second_email:
            return first, f"{plain(given)[0]}{plain(family)}{self._serial}@work.example.com"
        return (first,)

    def _customer_ids(self) -> tuple[str, ...]:
        records = 2 if self._rng.random() < RATES.twice_at_the_till else 1
        return tuple(self._rng.randbytes(13).hex().upper() for _ in range(records))

    def _allergies(self) -> tuple[str, ...]:
        if self._rng.random() >= RATES.allergic:
            return ()
        names, weights = zip(*self._lists.allergies, strict=True)
        return (self._rng.choices(names, weights)[0],)


class Circles(Struct, frozen=True):
    """The returning guests, with running sums of how often each comes."""

    regular: tuple[Person, ...]
    regular_weights: tuple[float, ...]
    occasional: tuple[Person, ...]


def circles(seed: int) -> Circles:
    """The returning guests of the restaurant with this seed, the same whatever days are asked for."""
    rng = Random(f"people/{seed}")
    maker = Maker(rng, 0)
    everyone = [maker.person("regular") for _ in range(REGULARS)]
    everyone += [maker.person("occasional") for _ in range(OCCASIONAL)]
    shared = _with_shared_phones(rng, everyone)
    weights = accumulate(rng.uniform(0.5, 3.0) for _ in range(REGULARS))
    return Circles(tuple(shared[:REGULARS]), tuple(weights), tuple(shared[REGULARS:]))


def _with_shared_phones(rng: Random, people: Sequence[Person]) -> list[Person]:
    """Some live together and give one phone; some are reached through their firm's switchboard."""
    firms = lists().companies
    result: list[Person] = []
    for person in people:
        chance = rng.random()
        if chance < RATES.household and result and not result[-1].company:
            home = result[-1]
            mine = (f"{plain(person.given)}.{plain(home.family)}{person.id[7:]}@example.com",)
            result.append(replace(person, family=home.family, country=home.country, phone=home.phone, emails=mine))
        elif RATES.household <= chance < RATES.household + RATES.company:
            name, domain, switchboard = rng.choice(firms)
            work = f"{plain(person.given)}.{plain(person.family)}{person.id[7:]}@{plain(domain)}"
            result.append(replace(person, company=name, phone=switchboard, emails=(work,)))
        else:
            result.append(person)
    return result
