"""Rows as they are held, told so that a guest can read them: labels in words, times, yes and no, amounts of money."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from servery.language.words import Words
from servery.model.money import known_currency, to_decimal
from servery.web.privacy.fields import fields, values

_MONEY = frozenset(("amount", "unit_price", "total", "tip", "tips", "spend", "average_check"))
_HELD = frozenset(("body", "golden", "held"))
"""Under these names stands what is held itself: its facts are told as the row's own."""
_KNOWN = frozenset(("value", "source", "author", "at"))
"""The members of a golden value."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_TEXT = "body"
"""Where it is a text and no tree, it is what came, as it came."""


class Told(Struct, frozen=True):
    """One fact: its label, and a text, or further facts, or several of these. `raw`: the text stands as it came."""

    label: str
    text: str = ""
    inner: tuple[Told, ...] = ()
    several: tuple[tuple[Told, ...], ...] = ()
    raw: bool = False


def told(row: Mapping[str, Any], words: Words) -> tuple[Told, ...]:
    """A row's facts; what is empty is left out."""
    return tuple(_Reader(words).facts(row, None))


class _Reader:
    """Reads rows in one language."""

    def __init__(self, words: Words) -> None:
        self._fields, self._values = fields(words), values(words)

    def facts(self, row: Mapping[str, Any], currency: str | None) -> Iterator[Told]:
        own = row.get("currency") or (row.get("body") or {} if isinstance(row.get("body"), dict) else {}).get(
            "currency"
        )
        currency = own if isinstance(own, str) and known_currency(own) else currency
        for key, value in row.items():
            if value is None or (isinstance(value, str | list | dict) and not value) or key == "currency":
                continue
            if key in _HELD and isinstance(value, Mapping):
                yield from self.facts(value, currency)
            else:
                yield self._fact(key, value, currency)

    def _fact(self, key: str, value: Any, currency: str | None) -> Told:
        label = self._fields.get(key, key.replace("_", " "))
        if isinstance(value, Mapping) and "value" in value and value.keys() <= _KNOWN:
            return Told(label, self._text(value["value"]))
        if isinstance(value, Mapping):
            return Told(label, inner=tuple(self.facts(value, currency)))
        if isinstance(value, list | tuple):
            return self._list(label, value, currency)
        if key == _TEXT:
            return Told(label, str(value), raw=True)
        if key in _MONEY and currency and isinstance(value, int):
            return Told(label, f"{to_decimal(value, currency)} {currency}")
        return Told(label, self._text(value))

    def _list(self, label: str, value: list[Any] | tuple[Any, ...], currency: str | None) -> Told:
        if all(isinstance(one, Mapping) and "value" in one and one.keys() <= _KNOWN for one in value):
            return Told(label, ", ".join(self._text(one["value"]) for one in value))
        if all(isinstance(one, Mapping) for one in value):
            return Told(label, several=tuple(tuple(self.facts(one, currency)) for one in value))
        return Told(label, ", ".join(self._text(one) for one in value))

    def _text(self, value: Any) -> str:
        if isinstance(value, bool):
            return self._values["yes" if value else "no"]
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M} UTC"
        if isinstance(value, str):
            return f"{value[:16].replace('T', ' ')} UTC" if _INSTANT.match(value) else self._values.get(value, value)
        return f"{value:.0%}" if isinstance(value, float) else str(value)
