"""Papers of privacy that stand by themselves, without the frame of a page: an export, the notice, the register."""

from __future__ import annotations

from typing import Any

import msgspec

from servery.language.words import Words
from servery.privacy.export import Export
from servery.privacy.register import Register
from servery.web.privacy.words import categories, kept, parts
from servery.web.render import paper


def export_html(export: Export, words: Words) -> str:
    """Everything about a guest, readable."""
    whole = msgspec.to_builtins(export)
    named = [(name, [dict(_flat(row)) for row in whole[key]]) for key, name in parts(words).items()]
    return paper("privacy/export.html", words, export=export, parts=named)


def notice_html(register: Register, words: Words) -> str:
    """What guests are told of the processing of their data."""
    return paper("privacy/notice.html", words, register=register, kinds=categories(words), kept=kept(words))


def register_html(register: Register, words: Words) -> str:
    """The register of processing."""
    return paper("privacy/register.html", words, register=register, kinds=categories(words), kept=kept(words))


def _flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    """A row as pairs of a path and a value; what is empty is left out."""
    if isinstance(value, dict):
        return [pair for key, one in value.items() for pair in _flat(one, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list):
        return [pair for place, one in enumerate(value, 1) for pair in _flat(one, f"{path} {place}")]
    return [] if value in (None, "") else [(path, str(value))]
