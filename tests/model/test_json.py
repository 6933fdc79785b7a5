"""Every struct of the model goes through JSON and comes back as it was."""

import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from types import NoneType, UnionType
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import servery.model

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: text,
    bool: st.booleans(),
    NoneType: st.none(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
}


def structs() -> Iterator[type[msgspec.Struct]]:
    for module in iter_modules(servery.model.__path__):
        for found in vars(import_module(f"servery.model.{module.name}")).values():
            if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__module__.endswith(module.name):
                yield found


def strategy(kind: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if kind in SIMPLE:
        return SIMPLE[kind]
    if origin is Literal:
        return st.sampled_from(inside)
    if origin in (typing.Union, UnionType):
        return st.one_of([strategy(one, depth) for one in inside])
    if origin is tuple and inside[-1] is not Ellipsis:
        return st.tuples(*(strategy(one, depth) for one in inside))
    if origin is not None:
        # Lines hold lines: after two levels they hold none.
        return st.lists(strategy(inside[0], depth + 1), max_size=2).map(origin) if depth < 2 else st.just(origin())
    return st.deferred(lambda: built(kind, depth + 1))


def built(kind: type[msgspec.Struct], depth: int = 0) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{one.name: strategy(hints[one.name], depth) for one in msgspec.structs.fields(kind)})


@pytest.mark.parametrize(
    "kind", list(structs()), ids=lambda kind: f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
)
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_it_comes_back_from_json_as_it_was(kind, data):
    one = data.draw(built(kind))
    assert msgspec.json.decode(msgspec.json.encode(one), type=kind) == one
