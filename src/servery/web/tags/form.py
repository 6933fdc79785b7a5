"""The form of a rule: a line for each fact, of which those that are filled in become conditions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from servery.errors import Invalid
from servery.guests.tagging.facts import FACTS, TABLE, FactName
from servery.guests.tagging.rule import Condition, Draft, Match
from servery.model.money import to_decimal, to_minor

_PLACE = re.compile(r"c(\d{1,2})-fact")
_PARTS = ("op", "value", "months", "venue", "currency")
_AMOUNT = re.compile(r"\d{1,12}([.,]\d{1,4})?")


class Line(Struct, frozen=True, kw_only=True):
    """One line as it is filled in: texts, and empty where nothing is."""

    fact: FactName
    op: str = ""
    value: str = ""
    months: str = ""
    venue: str = ""
    currency: str = ""


class Filled(Struct, frozen=True, kw_only=True):
    """A form as somebody filled it in."""

    tag: str = ""
    match: Match = "all"
    lines: Sequence[Line] = ()

    def place_of(self, field: str | None) -> str | None:
        """The name of the input that is meant by the place in a rule where something is wrong."""
        parts = (field or "").split("/")
        if len(parts) < 3:
            return parts[0]
        used = [number for number, line in enumerate(self.lines) if line.value]
        return f"c{used[int(parts[1])]}-{'venue' if parts[2] == 'venue_id' else parts[2]}"


def of_rule(draft: Draft | None) -> Filled:
    """The form that says what a rule says, with one more line for each fact."""
    lines = []
    for fact in FACTS:
        lines += [_line(one) for one in (draft.conditions if draft else ()) if one.fact == fact]
        lines.append(Line(fact=fact))
    return Filled(tag=draft.tag if draft else "", match=draft.match if draft else "all", lines=lines)


def _line(one: Condition) -> Line:
    value = f"{to_decimal(int(one.value), one.currency)}" if one.currency else str(one.value)
    return Line(
        fact=one.fact,
        op=one.op,
        value=value,
        months=str(one.months or ""),
        venue=str(one.venue_id or ""),
        currency=one.currency or "",
    )


def of_data(data: Mapping[str, str]) -> Filled:
    """The form as it was sent."""
    places = sorted(int(found[1]) for name in data if (found := _PLACE.fullmatch(name)))
    lines = [
        Line(fact=fact, **{part: data.get(f"c{place}-{part}", "").strip() for part in _PARTS})
        for place in places
        for fact in FACTS
        if fact == data[f"c{place}-fact"]
    ]
    return Filled(tag=data.get("tag", ""), match="any" if data.get("match") == "any" else "all", lines=lines)


def drafted(filled: Filled) -> Draft:
    """The rule that a form says. Invalid with the place at fault where a number is none."""
    used = [line for line in filled.lines if line.value]
    return Draft(
        tag=filled.tag,
        match=filled.match,
        conditions=tuple(_condition(line, f"conditions/{number}") for number, line in enumerate(used)),
    )


def _condition(line: Line, at: str) -> Condition:
    takes, ops = TABLE[line.fact].takes, TABLE[line.fact].ops
    currency = line.currency.upper() if line.currency and "currency" in takes else None
    return Condition(
        fact=line.fact,
        op=next((op for op in ops if op == line.op), ops[0]),
        value=_value(line, currency, f"{at}/value"),
        months=_number(line.months, f"{at}/months") if line.months and "months" in takes else None,
        venue_id=_number(line.venue, f"{at}/venue_id") if line.venue and "venue_id" in takes else None,
        currency=currency,
    )


def _value(line: Line, currency: str | None, at: str) -> int | str:
    if line.fact in ("field", "channel"):
        return line.value
    if currency is None:
        return _number(line.value, at)
    if not _AMOUNT.fullmatch(line.value):
        raise Invalid("This is no amount.", field=at, mend="Write digits only, such as 500 or 499.50.")
    return to_minor(Decimal(line.value.replace(",", ".")), currency)


def _number(text: str, at: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid("This is no number.", field=at)
    return int(text)
