"""The words that headers and cells use in our four languages, as data."""

import re
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

LANGUAGES = ("en", "da", "de", "es")


class Field(Struct, frozen=True):
    """One thing a column may hold: the headers that name it, its values' shape, and whether several columns may."""

    words: tuple[str, ...]
    shape: str = "text"
    many: bool = False


class Values(Struct, frozen=True):
    """What words in cells mean: universal value → the words for it; and which currencies a sign may stand for."""

    statuses: dict[str, tuple[str, ...]]
    service_modes: dict[str, tuple[str, ...]]
    tenders: dict[str, tuple[str, ...]]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    allergens: dict[str, tuple[str, ...]]
    symbols: dict[str, tuple[str, ...]]


def _data(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()


_NAMES_GUESTS = ("orders", "reservations")


@cache
def fields(kind: str) -> dict[str, Field]:
    """The fields that a file of this kind may give, in the order in which they choose their columns."""
    every = msgspec.toml.decode(_data("fields.toml"), type=dict[str, dict[str, Field]])
    return every[kind] | every["person"] if kind in _NAMES_GUESTS else every[kind]


VALUES = msgspec.toml.decode(_data("values.toml"), type=Values)
SYMBOLS = {symbol: frozenset(codes) for symbol, codes in VALUES.symbols.items()}


def meanings(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Word (as `folded` gives it) → universal value."""
    return {folded(word): value for value, each in words.items() for word in each}


_CAMEL = re.compile(r"(?<=[a-zæøåäöüß])(?=[A-ZÆØÅÄÖÜ])")
_GAPS = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """A header or cell for comparing: lower case, words apart by single spaces, no punctuation."""
    return _GAPS.sub(" ", _CAMEL.sub(" ", text)).strip().casefold()
