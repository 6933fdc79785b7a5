"""Which of several values is a guest's own: the rule of each field, unless another one was chosen."""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

Rule = Literal["owner", "recent", "complete"]
"""What one named system says; what was said last; the most complete. Staff's own word stands before each of them, until
a system that the rule hears says something else."""
RULES: tuple[Rule, ...] = get_args(Rule)
ChosenField = Literal["name", "email", "phone", "birthday", "language", "company", "city", "postcode", "vip"]
FIELDS: tuple[ChosenField, ...] = get_args(ChosenField)

DEFAULTS: Mapping[ChosenField, Rule] = {
    "name": "complete",
    "email": "recent",
    "phone": "recent",
    "birthday": "complete",
    "language": "recent",
    "company": "recent",
    "city": "recent",
    "postcode": "recent",
    "vip": "recent",
}
COMPLETE: frozenset[ChosenField] = frozenset({"name", "phone", "birthday", "company", "city", "postcode"})
"""The fields of which one value can say more than another."""


class Chosen(Struct, frozen=True):
    """The rule that was chosen for a field; `connection_id` is whose word counts where the rule is owner."""

    rule: Rule
    connection_id: int | None = None


Choices = Mapping[str, Chosen]
"""Rules by field; those that are not in it go by default."""
NO_CHOICES: Choices = {}


def rule_of(field: ChosenField, choices: Choices) -> Chosen:
    """The rule of a field."""
    return choices.get(field) or Chosen(DEFAULTS[field])


def may_be(field: ChosenField) -> tuple[Rule, ...]:
    """The rules that a field may have."""
    return tuple(rule for rule in RULES if rule != "complete" or field in COMPLETE)
