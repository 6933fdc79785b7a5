"""What is compared and in which levels: the one definition that the score, Splink's training and whole runs share.

A comparison's levels are tried from its first; the first that holds is the pair's. The last is what remains.
"""

from msgspec import Struct

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
)


class Level(Struct, frozen=True):
    """One level of agreement.

    `frequency` names the column whose term frequency weighs the level: sharing Smith says less than Englefield.
    """

    name: str
    condition: Condition | None
    frequency: str | None = None


class Comparison(Struct, frozen=True):
    """One comparison: where nothing can be compared, and its levels from the most alike to the least."""

    name: str
    lacking: Condition
    levels: tuple[Level, ...]

    def found(self, one: Columns, other: Columns) -> Level | None:
        """The level at which two records agree; None where one of them says nothing."""
        if self.lacking.holds(one, other):
            return None
        return next(level for level in self.levels if level.condition is None or level.condition.holds(one, other))


def _text(column: str, close: float = 0.92, *further: Level) -> Comparison:
    return Comparison(
        column,
        missing(column),
        (
            Level("same", same(column), column),
            Level("slip", either(alike(column, close), slips(column, 1, least=4))),
            *further,
            Level("other", None),
        ),
    )


_GIVEN = Comparison(
    "given",
    missing("given"),
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
    missing("family"),
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
    missing("email"),
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
    missing("phone"),
    (
        Level("same", same("phone"), "phone"),
        Level("slip", slips("phone", 1, least=7)),
        Level("other", None),
    ),
)

_BIRTHDAY = Comparison(
    "birthday",
    missing("birth_month_day"),
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
    missing("postcode"),
    (
        Level("same", same("postcode"), "postcode"),
        Level("slip", slips("postcode", 1, least=4)),
        Level("area", same("postcode_area")),
        Level("other", None),
    ),
)

_LOYALTY = Comparison("loyalty", missing("loyalty"), (Level("same", same("loyalty"), "loyalty"), Level("other", None)))

COMPARISONS: tuple[Comparison, ...] = (
    _GIVEN,
    _FAMILY,
    _EMAIL,
    _PHONE,
    _BIRTHDAY,
    _POSTCODE,
    _text("city"),
    _text("company"),
    _LOYALTY,
)
"""What is compared of guests."""

FREQUENCIES: tuple[str, ...] = tuple(
    dict.fromkeys(level.frequency for each in COMPARISONS for level in each.levels if level.frequency)
)
"""The columns of guests whose term frequencies count."""
