"""What is compared and in which levels: the one definition that the score, Splink's training and whole runs share.

A comparison's levels are tried from its first; the first that holds is the pair's. The last is what remains.
"""

from functools import cached_property

from msgspec import Struct, structs

from servery.guests.matching.conditions import (
    Columns,
    Condition,
    alike,
    both,
    crossed,
    either,
    initial,
    lacks,
    missing,
    same,
    slips,
    strayed,
    told,
    without,
)


class Level(Struct, frozen=True):
    """One level of agreement.

    `frequency` names the column whose term frequency weighs the level: sharing Smith says less than Englefield.
    """

    name: str
    condition: Condition | None
    frequency: str | None = None


class Comparison(Struct, frozen=True, dict=True):
    """One comparison: where nothing can be compared, and its levels from the most alike to the least."""

    name: str
    column: str
    levels: tuple[Level, ...]
    implied_by: tuple[str, ...] = ()
    """Columns that, where they agree, leave this one nothing to say: one postcode is one city."""
    counted: tuple[Condition, ...] = ()
    """Where another comparison has counted it already."""
    most: float | None = None
    """Bits beyond which it never speaks for one person: what couples and colleagues share is no proof."""

    @cached_property
    def lacking(self) -> Condition:
        """Where there is no evidence either way."""
        return either(missing(self.column), *map(same, self.implied_by), *self.counted)

    def found(self, one: Columns, other: Columns) -> Level | None:
        """The level at which two records agree; None where one of them says nothing."""
        # The first two are part of the third: asked first, because most columns are empty and pairs are many.
        if one[self.column] is None or other[self.column] is None or self.lacking.holds(one, other):
            return None
        return next(level for level in self.levels if level.condition is None or level.condition.holds(one, other))


def written(column: str, *implied_by: str) -> Comparison:
    """The comparison of a column of words."""
    return Comparison(
        column,
        column,
        (
            Level("same", same(column), column),
            Level("slip", either(alike(column, 0.92), slips(column, 1, least=4))),
            Level("alike", alike(column, 0.8)),
            Level("other", None),
        ),
        implied_by,
    )


def coded(column: str) -> Comparison:
    """The comparison of a column of numbers and codes, in which each sign counts."""
    return Comparison(
        column,
        column,
        (
            Level("same", same(column), column),
            Level("slip", slips(column, 1, least=3)),
            Level("near", slips(column, 2, least=6)),
            Level("other", None),
        ),
    )


def chosen(column: str, *implied_by: str) -> Comparison:
    """The comparison of a column in which a few values come again and again."""
    return Comparison(column, column, (Level("same", same(column), column), Level("other", None)), implied_by)


_GIVEN = Comparison(
    "given",
    "given",
    (
        Level("same", same("given"), "given"),
        Level("crossed", either(crossed("given", "family"), strayed("given", "family"))),
        Level("first", same("given_first")),
        Level("nickname", same("given_root")),
        Level("slip", either(alike("given", 0.92), slips("given", 1, least=4))),
        Level("initial", initial("given_first")),
        Level("alike", either(alike("given", 0.8), alike("given_root", 0.88))),
        Level("other", None),
    ),
)

_FAMILY = Comparison(
    "family",
    "family",
    (
        Level("same", same("family"), "family"),
        Level("crossed", crossed("given", "family")),
        Level("slip", either(alike("family", 0.92), slips("family", 1, least=4))),
        Level("part", either(same("family_first"), same("family_last"))),
        Level("sound", same("family_sound")),
        Level("initial", initial("family")),
        Level("alike", alike("family", 0.8)),
        Level("other", None),
    ),
)

_EMAIL = Comparison(
    "email",
    "email",
    (
        Level("same", same("email"), "email"),
        Level("slip", slips("email", 1, least=8)),
        Level("mailbox", same("email_local"), "email_local"),
        Level("alike", alike("email_local", 0.88)),
        Level("other", None),
    ),
)

_PHONE = Comparison(
    "phone",
    "phone",
    (
        Level("same", same("phone"), "phone"),
        Level("slip", slips("phone", 1, least=7)),
        Level("other", None),
    ),
)

_BIRTHDAY = Comparison(
    "birthday",
    "birth_month_day",
    (
        Level("same", same("birthday"), "birthday"),
        Level("no year", both(same("birth_month_day"), lacks("birth_year"))),
        Level("turned", crossed("birthday", "birthday_turned")),
        Level("slip", slips("birthday", 1, least=8)),
        Level("day", same("birth_month_day")),
        Level("near", slips("birthday", 2, least=8)),
        Level("year", same("birth_year")),
        Level("other", None),
    ),
)

_POSTCODE = Comparison(
    "postcode",
    "postcode",
    (
        Level("same", same("postcode"), "postcode"),
        Level("slip", slips("postcode", 1, least=4)),
        Level("area", same("postcode_area")),
        Level("other", None),
    ),
)

_STREET = Comparison(
    "street",
    "street",
    (
        Level("same", same("street"), "street"),
        Level("slip", either(alike("street", 0.92), slips("street", 1, least=4))),
        Level("crossed", either(crossed("street", "place"), strayed("street", "place"))),
        Level("alike", alike("street", 0.8)),
        Level("other", None),
    ),
)

_TABLE = Comparison(
    "table",
    "usual_table",
    (Level("often", same("usual_table_often")), Level("same", same("usual_table")), Level("other", None)),
    most=2.0,
)

_CARD = Comparison("card", "card", (Level("same", same("card")), Level("other", None)), most=10.0)

FURTHER: tuple[Comparison, ...] = (
    _STREET,
    coded("house"),
    written("place"),
    chosen("state", "postcode", "city"),
    written("occupation"),
)
"""What is compared besides where a list of people gives it."""


def _of_a_list(comparison: Comparison, known: str, *counted: Condition) -> Comparison:
    """A name's comparison where all records are at hand: two names that many bear are no slip of one another.

    Schmidt and Schmitt are a letter apart, and two families.
    """
    levels = []
    for level in comparison.levels:
        if level.name == "slip" and level.condition is not None:
            levels.append(Level("two names", both(level.condition, told(known))))
        levels.append(structs.replace(level, frequency="name") if level.name == "crossed" else level)
    return structs.replace(comparison, levels=tuple(levels), counted=counted)


def _email_of_a_list(comparison: Comparison) -> Comparison:
    """An address's comparison where all records are at hand: one made of the name only says the name once more.

    Two of them that differ, as ida.holm17 and ida.holm84 do, are two addresses and no slip. And that two addresses
    are alike, beyond a slip, is nothing new: mostly the names are, and were counted.
    """
    same_, slip, mailbox, alike_, other = comparison.levels
    two = Level("of the name", told("email_of_name"))
    levels = (same_, mailbox, two, slip, other)
    said = [level.condition for level in levels if level.condition is not None]
    assert alike_.condition is not None
    return structs.replace(comparison, levels=levels, counted=(both(alike_.condition, without(*said)),))


LISTED: tuple[Comparison, ...] = (
    _of_a_list(_GIVEN, "given_known"),
    _of_a_list(_FAMILY, "family_known", crossed("given", "family")),
    _email_of_a_list(_EMAIL),
)
"""How names and addresses are compared in a list of people, where no event is counted twice.

Given and family name exchanged are one event, and addresses are alike because the names are.
"""

COMPARISONS: tuple[Comparison, ...] = (
    _GIVEN,
    _FAMILY,
    _EMAIL,
    _PHONE,
    _BIRTHDAY,
    _POSTCODE,
    written("city", "postcode"),
    written("company"),
    chosen("loyalty"),
    _TABLE,
    _CARD,
)
"""What is compared of guests."""
