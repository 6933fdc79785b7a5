"""Conditions and facts as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from babel.lists import format_list

from servery.guests.tagging.facts import FactName
from servery.guests.tagging.rule import Condition, Match
from servery.language.notation import Notation
from servery.language.words import Words


def fact_names(words: Words) -> dict[FactName, str]:
    """What each fact is called, with its unit."""
    _ = words.gettext
    return {
        "visits": _("Visits"),
        "spend": _("Spend"),
        "average": _("Average check"),
        "last_visit": _("Days since the last visit"),
        "no_shows": _("No-shows"),
        "birthday": _("Days until the birthday"),
        "channel": _("Booked through"),
        "field": _("Known or not"),
    }


def field_names(words: Words) -> dict[str, str]:
    """What the fields are called that a guest may have or lack."""
    _ = words.gettext
    return {
        "name": _("Name"), "email": _("E-mail"), "phone": _("Phone"), "birthday": _("Birthday"),
        "language": _("Language"), "company": _("Company"), "city": _("City"), "postcode": _("Postcode"),
        "vip": _("VIP"),
    }  # fmt: skip


def rule_told(
    match: Match, conditions: tuple[Condition, ...], words: Words, notation: Notation, venues: Mapping[int, str]
) -> str:
    """All conditions of a rule as one line."""
    told = [condition_told(one, words, notation, venues) for one in conditions]
    style: Literal["standard", "or"] = "or" if match == "any" else "standard"
    return format_list(told, style=style, locale=words.language)


def condition_told(one: Condition, words: Words, notation: Notation, venues: Mapping[int, str]) -> str:
    """One condition, such as: at least 4 visits in the last 12 months at Nord."""
    parts = [_bound(one, words, notation)]
    if one.months is not None:
        parts.append(words.ngettext("in the last {n} month", "in the last {n} months", one.months))
    if one.venue_id is not None:
        parts.append(words.gettext("at {venue}", venue=venues.get(one.venue_id, f"#{one.venue_id}")))
    return " ".join(parts)


def _bound(one: Condition, words: Words, notation: Notation) -> str:
    if one.fact == "channel":
        return words.gettext("booked through {channel}", channel=one.value)
    if one.fact == "field":
        name = field_names(words).get(str(one.value), str(one.value))
        if one.op == "has":
            return words.gettext("{field} is known", field=name)
        return words.gettext("{field} is not known", field=name)
    number = int(one.value)
    if one.currency is not None:
        return _money(one, words, notation.money(number, one.currency))
    return _number(one, words, number)


def _money(one: Condition, words: Words, amount: str) -> str:
    _ = words.gettext
    least = one.op == "at_least"
    if one.fact == "spend" and least:
        return _("spend of at least {amount}", amount=amount)
    if one.fact == "spend":
        return _("spend of at most {amount}", amount=amount)
    if least:
        return _("an average check of at least {amount}", amount=amount)
    return _("an average check of at most {amount}", amount=amount)


def _number(one: Condition, words: Words, n: int) -> str:
    told = words.ngettext
    every = {
        ("visits", "at_least"): told("at least {n} visit", "at least {n} visits", n),
        ("visits", "at_most"): told("at most {n} visit", "at most {n} visits", n),
        ("no_shows", "at_least"): told("at least {n} no-show", "at least {n} no-shows", n),
        ("no_shows", "at_most"): told("at most {n} no-show", "at most {n} no-shows", n),
        ("birthday", "at_most"): told("birthday within {n} day", "birthday within {n} days", n),
        ("last_visit", "at_least"): told("last visit {n} day ago or longer", "last visit {n} days ago or longer", n),
        ("last_visit", "at_most"): told("last visit within {n} day", "last visit within {n} days", n),
    }
    return every[one.fact, one.op]
