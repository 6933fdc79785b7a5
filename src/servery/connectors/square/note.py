"""The part of a customer's note that Servery writes, and the staff's own words around it. Pure."""

import re
from collections.abc import Sequence
from datetime import date

from servery.connectors.square.words import WORDS, Words
from servery.model.commands import Figures, GuestCard, Usual
from servery.model.guest import Note
from servery.model.money import to_decimal

# Whatever the language is now, the part may have been written in another.
_BEGINS, _ENDS = ("|".join(re.escape(getattr(each, mark)) for each in WORDS.values()) for mark in ("begin", "end"))
_OURS = re.compile(rf"(?:{_BEGINS}).*?(?:{_ENDS}|\Z)", re.DOTALL)


def own_words(note: str | None) -> str | None:
    """What staff wrote: the note without our part, which ends the note where somebody cut off its last line."""
    if note is None or not _OURS.search(note):
        return note or None
    return "\n".join(part.strip() for part in _OURS.split(note) if part.strip()) or None


def with_part(note: str | None, lines: Sequence[str], words: Words) -> str | None:
    """The staff's own words with these lines as our part; without lines their words alone."""
    own = own_words(note)
    if not lines:
        return own
    part = "\n".join((words.begin, *lines, words.end))
    return f"{own}\n\n{part}" if own else part


def lines_of(card: GuestCard, own: str | None, words: Words) -> list[str]:
    """What staff at the till should read of a guest; `own` is what stands in the note already."""
    told = [
        "VIP" if card.vip else "",
        _listed(words.allergies, card.allergies),
        _listed(words.preferences, card.preferences),
        _usual(card.usual, words) if card.usual else "",
        _figures(card.figures, words) if card.figures else "",
        _listed(words.tags, card.tags),
        *(_note(one, words) for one in card.notes if one.text.strip() not in (own or "")),
    ]
    return [line for line in told if line]


def _listed(word: str, values: Sequence[str]) -> str:
    return f"{word}: {', '.join(values)}" if values else ""


def _usual(usual: Usual, words: Words) -> str:
    had = [usual.dish, usual.drink, f"{words.table} {usual.table}" if usual.table else None]
    return f"{words.usually}: {', '.join(one for one in had if one)}"


def _figures(figures: Figures, words: Words) -> str:
    if not figures.visits:
        return ""
    last = f", {words.last} {_day(figures.last_visit)}" if figures.last_visit else ""
    each = ""
    if figures.average_check is not None and figures.currency:
        amount = f"{to_decimal(figures.average_check, figures.currency)} {figures.currency}"
        each = f", {words.average.format(amount=amount)}"
    return f"{words.visits}: {figures.visits}{last}{each}"


def _day(day: date) -> str:
    return day.isoformat()


def _note(note: Note, words: Words) -> str:
    by = ", ".join(one for one in (note.author, _day(note.at.date()) if note.at else None) if one)
    return f"{words.note}: {note.text.strip()}{f' ({by})' if by else ''}"
