"""What a request may hold, looked at before any route: names that the document has, and text that can be kept."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from litestar.exceptions import SerializationException
from msgspec import Struct, inspect
from rapidfuzz import process

from servery.api.asked import only_known_parameters
from servery.api.problem import Asked
from servery.errors import Invalid

_NEAR = 70
"""Likeness (0 to 100) from which on a name is taken for a slip of another."""


async def only_sound(request: Asked) -> None:
    """Refuse what the document does not name and what no text may hold. Invalid, with the place at fault."""
    for name, value in request.query_params.multi_items():
        if "\0" in value:
            raise _nul(pointed(name))
    await only_known_parameters(request)
    if request.method in {"GET", "HEAD"}:
        return
    field = request.route_handler.parsed_data_field
    if await request.body():
        _check(await _read(request), field.annotation if field else None)
    elif field is not None:
        raise Invalid("A body is missing.", mend="Send a JSON object, {} if it says nothing.")


async def _read(request: Asked) -> Any:
    try:
        return await request.json()
    except (SerializationException, UnicodeDecodeError, RecursionError) as error:
        # What came is not told: it may be about a person. Where it stops being JSON is.
        why = str(error.__cause__ or "") if isinstance(error, SerializationException) else ""
        raise Invalid("The body is no JSON.", mend=why or None) from error


def _check(body: Any, kind: Any) -> None:
    place = nul_in(body)
    if place is not None:
        raise _nul(place)
    for fault in faults(kind_of(kind or _Nothing), body):
        raise fault


class _Nothing(Struct):
    """What a route takes that takes no body."""


def _nul(place: str) -> Invalid:
    return Invalid(
        "The character NUL (U+0000) cannot be kept.", code="nul", field=place.strip("/") or None, mend="Leave it out."
    )


def pointed(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def nul_in(value: Any) -> str | None:
    """The JSON pointer to a text or a name with NUL in it, None where none has."""
    waiting = [("", value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, str) and "\0" in one:
            return at
        if isinstance(one, dict):
            waiting += [(f"{at}/{pointed(name)}", part) for name, each in one.items() for part in (name, each)]
        elif isinstance(one, list):
            waiting += [(f"{at}/{place}", each) for place, each in enumerate(one)]
    return None


@lru_cache(maxsize=256)
def kind_of(annotation: Any) -> inspect.Type:
    """What a route takes, taken apart."""
    return inspect.type_info(annotation)


def faults(kind: inspect.Type, value: Any, at: str = "") -> Iterator[Invalid]:
    """Names in a body that its kind does not have, and what is no object where it should be, from the outside in.

    Whatever else may be wrong with a value is for whoever reads it to say.
    """
    if isinstance(kind, inspect.Metadata):
        yield from faults(kind.type, value, at)
    elif isinstance(kind, inspect.UnionType):
        for one in _meant(kind, value):
            yield from faults(one, value, at)
    elif isinstance(kind, inspect.StructType):
        yield from _in_object(kind, value, at)
    elif isinstance(kind, inspect.DictType) and isinstance(value, dict):
        for name, each in value.items():
            yield from faults(kind.value_type, each, f"{at}/{pointed(name)}")
    elif isinstance(value, list) and (of := getattr(kind, "item_type", None)):
        for place, each in enumerate(value):
            yield from faults(of, each, f"{at}/{place}")


def _meant(kind: inspect.UnionType, value: Any) -> Iterator[inspect.Type]:
    """Which of several kinds a value may be: an object is looked for unless something else may stand there."""
    known = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    if value is not None:
        yield from (
            one
            for one in known
            if len(known) == 1 or isinstance(value, dict) or not isinstance(one, inspect.StructType)
        )


def _in_object(kind: inspect.StructType, value: Any, at: str) -> Iterator[Invalid]:
    fields = {one.encode_name: one.type for one in kind.fields}
    if not isinstance(value, dict):
        yield _no_object(tuple(fields), at)
        return
    for name in value:
        if name not in fields:
            yield _strange(name, tuple(fields), at)
    for name in value.keys() & fields.keys():
        yield from faults(fields[name], value[name], f"{at}/{pointed(name)}")


def _no_object(known: tuple[str, ...], at: str) -> Invalid:
    return Invalid(
        "This must be an object.", field=at.strip("/") or None,
        mend="Write it as {{{known}}}." if known else None, known=", ".join(f'"{name}": …' for name in known),
    )  # fmt: skip


def _strange(name: str, known: tuple[str, ...], at: str) -> Invalid:
    near = process.extractOne(name, known, score_cutoff=_NEAR)
    return Invalid(
        "There is no field {name} here.",
        code="unknown-field",
        field=f"{at}/{pointed(name)}".strip("/"),
        mend="Did you mean {near}?" if near else "There are: {known}." if known else None,
        name=name,
        near=near[0] if near else "",
        known=", ".join(known),
    )
