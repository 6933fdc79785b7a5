"""Domains: Odoo's conditions in Polish notation, with paths over links. Pure."""

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from servery.connectors.odoo.simulator.database import Database, Row
from servery.connectors.odoo.simulator.troubles import Trouble, not_searchable

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
Test = Callable[[Row], bool]


def compiled(database: Database, model: str, domain: Sequence[Any]) -> Test:
    """Whether a record matches. Without a condition on `active`, archived records never do."""
    rest = list(domain)
    tests = []
    while rest:
        tests.append(_term(database, model, rest))
    if "active" in database.models[model] and not _names(domain, "active"):
        tests.append(lambda row: bool(row["active"]))
    return lambda row: all(test(row) for test in tests)


def _names(domain: Sequence[Any], field: str) -> bool:
    return any(not isinstance(each, str) and each[0] == field for each in domain)


def _term(database: Database, model: str, rest: list[Any]) -> Test:
    head = rest.pop(0)
    if head == "!":
        inner = _term(database, model, rest)
        return lambda row: not inner(row)
    if head in ("&", "|"):
        one, other = _term(database, model, rest), _term(database, model, rest)
        return (lambda row: one(row) and other(row)) if head == "&" else (lambda row: one(row) or other(row))
    name, how, value = head
    return _leaf(database, model, str(name).split("."), str(how), value)


def _leaf(database: Database, model: str, path: list[str], how: str, value: Any) -> Test:
    field = database.field(model, path[0])
    if field.computed:
        raise not_searchable(model, path[0])
    if len(path) > 1:
        inner = _leaf(database, field.other, path[1:], how, value)
        return lambda row: any(inner(each) for each in _linked(database, model, row, path[0]))
    wanted = moment(value) if field.kind == "datetime" and isinstance(value, str) else value
    several = field.kind in ("one2many", "many2many")
    return lambda row: _matches(database.value(model, row, path[0]), how, wanted, several)


def _linked(database: Database, model: str, row: Row, name: str) -> list[Row]:
    field, value = database.models[model][name], database.value(model, row, name)
    numbers = ([value] if value else []) if field.kind == "many2one" else list(value)
    return [each for number in numbers if (each := database.row(field.other, number))]


def moment(written: str) -> datetime:
    """A time as programs write it: UTC, without saying so."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _matches(held: Any, how: str, wanted: Any, several: bool) -> bool:
    if several:
        return _several(list(held), how, wanted)
    if how in _COMPARE:
        return held is not False and _COMPARE[how](held, wanted)
    if how == "=":
        return bool(held == wanted) or (wanted is False and not held)
    if how == "!=":
        return not _matches(held, "=", wanted, several)
    if how in ("in", "not in"):
        return (held in wanted) == (how == "in")
    if how in ("ilike", "=ilike", "like", "=like"):
        return _alike(str(held or ""), how, str(wanted))
    raise Trouble("builtins.ValueError", f"Invalid operator {how!r} in domain term")


def _several(held: list[int], how: str, wanted: Any) -> bool:
    if wanted is False:
        return (not held) == (how == "=")
    numbers = wanted if isinstance(wanted, list) else [wanted]
    return bool(set(held) & set(numbers)) == (how in ("=", "in"))


def _alike(held: str, how: str, wanted: str) -> bool:
    if "i" in how.removeprefix("="):
        held, wanted = held.casefold(), wanted.casefold()
    return held == wanted if how.startswith("=") else wanted in held
