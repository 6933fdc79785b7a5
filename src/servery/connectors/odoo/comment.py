"""A partner's notes in Odoo: staff's words as text, and the one part of them that is ours.

The field is HTML that people edit. Ours stands between two visible marks, because Odoo's editor strips anything that
cannot be seen; whatever is outside them is never altered.
"""

import re
from collections.abc import Sequence
from html import escape, unescape

OPENS = "[Servery]"
CLOSES = "[/Servery]"

# The marks with the paragraph they stand in, whatever attributes the editor has given it.
_OURS = re.compile(
    r"(?:<(?P<tag>p|div)\b[^>]*>\s*)?\[Servery\].*?\[/Servery\](?:(?:<br\s*/?>)?\s*</(?(tag)(?P=tag)|p)>)?", re.S | re.I
)
_BREAKS = re.compile(r"<br\s*/?>|</(?:p|div|li|h[1-6]|tr)>", re.I)
_TAGS = re.compile(r"<[^>]*>")


def merged(html: str | None, lines: Sequence[str]) -> str:
    """The notes with our part brought to these lines; without lines our part goes."""
    around = _OURS.sub("", html or "").strip()
    if not lines:
        return around
    ours = "<br>".join([OPENS, *(escape(line, quote=False) for line in lines), CLOSES])
    return f"{around}<p>{ours}</p>"


def ours(html: str | None) -> tuple[str, ...]:
    """The lines that stand between our marks."""
    found = _OURS.search(html or "")
    told = _lines(found.group()) if found else ()
    return tuple(line for line in told if line not in (OPENS, CLOSES))


def theirs(html: str | None) -> str | None:
    """What staff wrote, as text; None where they wrote nothing."""
    return "\n".join(_lines(_OURS.sub("", html or ""))) or None


def _lines(html: str) -> tuple[str, ...]:
    text = unescape(_TAGS.sub("", _BREAKS.sub("\n", html)))
    return tuple(line.strip() for line in text.replace("\xa0", " ").split("\n") if line.strip())
