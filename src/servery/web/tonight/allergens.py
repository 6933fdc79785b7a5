"""Recognising allergens in what guests and systems write, in four languages. Pure."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, cast

import msgspec


@cache
def _data() -> dict[str, Any]:
    text = files("servery.web.tonight").joinpath("allergens.toml").read_bytes()
    return cast(dict[str, Any], msgspec.toml.decode(text))


@cache
def _known() -> dict[str, str]:
    """Each spelling, and the allergen it is of."""
    every: dict[str, list[str]] = _data()["allergens"]
    return {spelling: name for name, spellings in every.items() for spelling in spellings}


@cache
def _between() -> re.Pattern[str]:
    words = "|".join(_data()["around"]["between"])
    return re.compile(rf"\s*[,;/+&]\s*|\s+(?:{words})\s+")


def allergens_in(written: str) -> tuple[str, ...] | None:
    """The allergens that a text names and nothing else, by the names of the regulation; None when it says more."""
    bare = _bare(written.casefold().strip(" .!"))
    parts = [_known().get(_bare(part)) for part in (bare, *_between().split(bare))]
    if parts[0] is not None:
        return (parts[0],)
    found = [name for name in parts[1:] if name is not None]
    return tuple(dict.fromkeys(found)) if len(found) == len(parts) - 1 else None


def _bare(text: str) -> str:
    """`Nut allergy`, `allergic to nuts` and `nuts` are one thing; so are `Nussallergie` and `Nuss`."""
    around = _data()["around"]
    for words in around["before"]:
        if text.startswith(f"{words} "):
            return text.removeprefix(words).strip()
    for word in around["after"]:
        cut = text.removesuffix(word).strip(" -")
        if cut != text and cut in _known():
            return cut
    return text


def mentioned(*texts: str | None) -> tuple[str, ...]:
    """The sentences of requests and notes that speak of an allergy, each as it was written."""
    sentences = (part.strip() for text in texts if text for part in re.split(r"[.;!\n]+", text))
    denials: list[str] = _data()["spoken"]["none"]
    return tuple(each for each in sentences if says_allergy(each) and not any(no in each.casefold() for no in denials))


def says_allergy(text: str) -> bool:
    """Whether a text itself says that it is about an allergy, be it that there is none."""
    return any(word in text.casefold() for word in _data()["spoken"]["of"])
