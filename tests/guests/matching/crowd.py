"""A crowd of made-up people and what systems write of them: slips, nicknames, moved houses, families on one phone."""

from random import Random

from msgspec import structs

from servery.model.guest import Birthday, SourceGuest

GIVEN = (
    "Anna Bent Carl Dorte Emil Freja Gustav Hanne Ida Jens Karen Lars Mette Niels Oda Per Rikke Søren Tove Ulla "
    "William Robert Elizabeth Margaret Thomas Joseph Katherine Samuel Benjamin Alexander Charlotte Harriet"
).split()
STEMS = "Sand Berg Lund Holm Dal Vang Krog Skov Bak Mark Friis Thor Ander Peter Chris Niel Mort Fred Win Hart".split()
ENDS = "sen strup mann by gaard ley feldt ström son holt wood well".split()
CITIES = ("Aarhus", "Odense", "Aalborg", "Esbjerg", "Kolding", "Horsens", "Vejle", "Roskilde")


def crowd(people: int, seed: int = 5) -> list[tuple[int, SourceGuest]]:
    """Records with the number of the person each is of."""
    random = Random(seed)
    records = []
    for person in range(people):
        first = _person(random, person)
        records.append((person, first))
        records += [(person, _again(random, first)) for _ in range(random.choice((0, 0, 1, 1, 2)))]
    random.shuffle(records)
    return records


def _person(random: Random, number: int) -> SourceGuest:
    given, family = random.choice(GIVEN), random.choice(STEMS) + random.choice(ENDS)
    return SourceGuest(
        name=f"{given} {family}",
        given_name=given,
        family_name=family,
        email=f"{given.lower()}.{family.lower()}{number % 97}@example.{random.choice(('com', 'dk', 'org'))}",
        phone=f"+45{random.randint(20, 61)}{random.randint(0, 999999):06}",
        postcode=str(random.randint(1000, 9999)),
        city=random.choice(CITIES),
        birthday=Birthday(random.randint(1, 12), random.randint(1, 28), random.randint(1940, 2005)),
    )


def _again(random: Random, first: SourceGuest) -> SourceGuest:
    given, family = first.given_name or "", first.family_name or ""
    if random.random() < 0.2:
        family = slip(random, family)
    if random.random() < 0.1:
        given, family = family, given
    return structs.replace(
        first,
        name=f"{given} {family}",
        given_name=given,
        family_name=family,
        email=None if random.random() < 0.3 else first.email,
        phone=None if random.random() < 0.3 else first.phone,
        postcode=slip(random, first.postcode or "") if random.random() < 0.1 else first.postcode,
        birthday=None if random.random() < 0.5 else first.birthday,
    )


def slip(random: Random, text: str) -> str:
    """The text with two letters exchanged."""
    at = random.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
