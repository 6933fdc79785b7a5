"""A rule: a tag, and the conditions under which a guest has it. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from servery.errors import Invalid
from servery.guests.tagging.facts import KNOWN_FIELDS, TABLE, FactName, Op
from servery.model.money import known_currency

Match = Literal["all", "any"]

_LONGEST_TAG = 60
_MOST_CONDITIONS = 12
_MOST_MONTHS = 600


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One condition. `value` is a number (money in minor units of `currency`), or what it is or has.

    `months`: counted over so many months back; `venue_id`: at this venue alone.
    """

    fact: FactName
    op: Op
    value: int | str
    months: int | None = None
    venue_id: int | None = None
    currency: str | None = None


class Draft(Struct, frozen=True, kw_only=True):
    """A rule as somebody wants it: under all of these conditions, or any."""

    tag: str
    conditions: tuple[Condition, ...]
    match: Match = "all"


class Rule(Struct, frozen=True, kw_only=True):
    """A rule as it is kept. `guests` is how many have the tag by it; `reckoned_at` None: not all were looked at yet."""

    id: int
    tag: str
    match: Match
    conditions: tuple[Condition, ...]
    author: str
    made_at: datetime
    reckoned_at: datetime | None = None
    guests: int = 0

    @property
    def draft(self) -> Draft:
        """What it says."""
        return Draft(tag=self.tag, conditions=self.conditions, match=self.match)


class Named(Struct, frozen=True):
    """A guest who would get or lose a tag."""

    id: int
    name: str | None


class Effect(Struct, frozen=True, kw_only=True):
    """What a rule would do: how many guests have its tag then, and how many get or lose it, some of them by name."""

    guests: int
    gained: int
    lost: int
    some_gained: tuple[Named, ...] = ()
    some_lost: tuple[Named, ...] = ()


def checked(draft: Draft) -> Draft:
    """A rule as it can be kept; Invalid with the place at fault, such as `conditions/0/value`."""
    tag = " ".join(draft.tag.split())
    if not tag:
        raise Invalid("A tag needs a name.", field="tag")
    if len(tag) > _LONGEST_TAG:
        raise Invalid("This is longer than {most} characters.", field="tag", most=_LONGEST_TAG)
    if not draft.conditions:
        raise Invalid("A rule needs a condition: without one everybody would have the tag.", field="conditions")
    if len(draft.conditions) > _MOST_CONDITIONS:
        raise Invalid("A rule has at most {most} conditions.", field="conditions", most=_MOST_CONDITIONS)
    for place, one in enumerate(draft.conditions):
        _check(one, f"conditions/{place}")
    return Draft(tag=tag, conditions=draft.conditions, match=draft.match)


def _check(one: Condition, at: str) -> None:
    fact = TABLE[one.fact]
    if one.op not in fact.ops:
        raise Invalid("This fact is not compared so.", field=f"{at}/op", mend="Choose {ops}.", ops=", ".join(fact.ops))
    for part in ("months", "venue_id", "currency"):
        given = getattr(one, part) is not None
        if given and part not in fact.takes:
            raise Invalid("This fact is not narrowed so.", field=f"{at}/{part}")
        if not given and part in fact.needs:
            raise Invalid("Money needs a currency.", field=f"{at}/{part}")
    if one.months is not None and not 1 <= one.months <= _MOST_MONTHS:
        raise Invalid("Choose from 1 to {most} months.", field=f"{at}/months", most=_MOST_MONTHS)
    if one.currency is not None and not known_currency(one.currency):
        raise Invalid("There is no currency {currency}.", field=f"{at}/currency", currency=one.currency)
    _check_value(one, f"{at}/value")


def _check_value(one: Condition, at: str) -> None:
    if one.fact == "field":
        if one.value not in KNOWN_FIELDS:
            raise Invalid("There is no field {name} to go by.", field=at, name=one.value)
    elif one.fact == "channel":
        if not isinstance(one.value, str) or not one.value.strip() or len(one.value) > _LONGEST_TAG:
            raise Invalid("Write the channel as bookings name it.", field=at)
    elif not isinstance(one.value, int):
        raise Invalid("This is no number.", field=at)
    elif not 0 <= one.value <= TABLE[one.fact].most:
        raise Invalid("Choose from 0 to {most}.", field=at, most=TABLE[one.fact].most)


class Question(Struct, frozen=True):
    """The guests who fulfil a rule, as SQL that gives `id`, with what fills its places."""

    sql: str
    values: dict[str, Any]


def question(draft: Draft, today: date, *, some: bool = False) -> Question:
    """Who fulfils a rule on a business date; with `some` only of the guests in the place `ids`."""
    joins, wheres = [], []
    values: dict[str, Any] = {"today": today}
    for place, one in enumerate(draft.conditions):
        values |= {f"{name}{place}": value for name, value in _values(one, today).items()}
        if rows := _rows(one, place, some):
            joins.append(f"left join ({rows}) as f{place} on f{place}.guest_id = g.id")
        wheres.append(_where(one, place))
    holds = (" and " if draft.match == "all" else " or ").join(f"({one})" for one in wheres)
    # Whom a till or a marketplace throws away is nobody to remember.
    alone = "g.merged_into is null and not g.golden ? 'one_time'" + (" and g.id = any(%(ids)s)" if some else "")
    return Question(f"select g.id from guest g {' '.join(joins)} where {alone} and ({holds})", values)


def _values(one: Condition, today: date) -> dict[str, Any]:
    value: Any = _birthdays(int(one.value), today) if one.fact == "birthday" else one.value
    return {"value": value, "months": one.months, "venue": one.venue_id, "currency": one.currency}


def _rows(one: Condition, place: int, some: bool) -> str:
    since = f" and v.business_date > %(today)s::date - make_interval(months => %(months{place})s)"
    return TABLE[one.fact].rows.format(
        months=since if one.months is not None else "",
        venue=f" and v.venue_id = %(venue{place})s" if one.venue_id is not None else "",
        who=" and s.guest_id = any(%(ids)s)" if some else "",
        currency=f"%(currency{place})s",
        value=f"%(value{place})s",
    )


def _where(one: Condition, place: int) -> str:
    if one.fact == "field":
        return f"{'not ' if one.op == 'lacks' else ''}g.golden ? %(value{place})s"
    if one.fact == "birthday":
        born = "(g.golden #>> '{birthday,month}')::int * 100 + (g.golden #>> '{birthday,day}')::int"
        return f"coalesce({born} = any(%(value{place})s), false)"
    if one.op == "is":
        return f"f{place}.n is not null"
    missing = TABLE[one.fact].missing
    told = f"f{place}.n" if missing is None else f"coalesce(f{place}.n, {missing})"
    return f"coalesce({told} {'>=' if one.op == 'at_least' else '<='} %(value{place})s, false)"


def _birthdays(days: int, today: date) -> list[int]:
    """The birthdays from today until so many days on, as month times 100 plus day.

    The 29th of February falls on the 28th in years that have none.
    """
    coming: Sequence[date] = [today + timedelta(days=away) for away in range(days + 1)]
    found = {day.month * 100 + day.day for day in coming}
    if any(day.month == 2 and day.day == 28 and (day + timedelta(days=1)).month == 3 for day in coming):
        found.add(229)
    return sorted(found)
