"""Conditions as one writes them on a command line: `visits >= 4 in 12 months at Nord`, `field lacks email`. Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from servery.errors import Invalid
from servery.guests.tagging.facts import FACTS, TABLE, FactName, Op
from servery.guests.tagging.rule import Condition
from servery.model.money import to_decimal, to_minor

_SIGNS: Mapping[Op, str] = {"at_least": ">=", "at_most": "<=", "is": "is", "has": "has", "lacks": "lacks"}
_OPS: Mapping[str, Op] = {sign: op for op, sign in _SIGNS.items()}
_FORM = re.compile(
    r"\s*(?P<fact>\w+)\s*(?P<op>>=|<=|\bis\b|\bhas\b|\blacks\b)\s*(?P<value>.+?)"
    r"(?:\s+in\s+(?P<months>\d{1,4})\s+months?)?(?:\s+at\s+(?P<venue>.+?))?\s*$"
)
_MONEY = re.compile(r"([0-9.]+)\s*([A-Z]{3})$")


def written(one: Condition, venues: Mapping[int, str]) -> str:
    """A condition as it is typed. Venues by name; one that is not there any more by its id."""
    value = f"{to_decimal(int(one.value), one.currency)} {one.currency}" if one.currency else str(one.value)
    months = f" in {one.months} months" if one.months is not None else ""
    venue = f" at {venues.get(one.venue_id, one.venue_id)}" if one.venue_id is not None else ""
    return f"{one.fact} {_SIGNS[one.op]} {value}{months}{venue}"


def read(text: str, venues: Mapping[int, str]) -> Condition:
    """The condition that somebody typed. Invalid where it is none."""
    found = _FORM.match(text)
    fact = next((one for one in FACTS if found and one == found["fact"]), None)
    if found is None or fact is None:
        raise Invalid(
            "This is no condition: {text}.",
            field="conditions",
            text=text,
            mend="Write it as: visits >= 4 in 12 months. There are: {facts}.",
            facts=", ".join(FACTS),
        )
    value, currency = _value(fact, found["value"])
    return Condition(
        fact=fact,
        op=_OPS[found["op"]],
        value=value,
        months=int(found["months"]) if found["months"] else None,
        venue_id=_venue(found["venue"], venues) if found["venue"] else None,
        currency=currency,
    )


def _value(fact: FactName, text: str) -> tuple[int | str, str | None]:
    """What a fact is held against, and for money the currency."""
    if fact in ("field", "channel"):
        return text, None
    try:
        if "currency" not in TABLE[fact].needs:
            return int(text), None
        amount, currency = _MONEY.match(text.upper()).groups()  # type: ignore[union-attr]
        return to_minor(Decimal(amount), currency), currency
    except (AttributeError, InvalidOperation, ValueError) as error:
        raise Invalid(
            "This is no number: {text}.", field="conditions", text=text, mend="Money has its currency: 500 DKK."
        ) from error


def _venue(name: str, venues: Mapping[int, str]) -> int:
    found = [one for one, its_name in venues.items() if name.casefold() in {its_name.casefold(), str(one)}]
    if len(found) != 1:
        raise Invalid("There is no venue {name}.", field="conditions", name=name)
    return found[0]
