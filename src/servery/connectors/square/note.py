"""The part of a customer's note that Servery writes, and the staff's own words around it. Pure."""

from collections.abc import Sequence
from datetime import date

from servery.model.commands import Figures, GuestCard, Usual
from servery.model.guest import Note
from servery.model.money import to_decimal

_BEGIN = "[Servery keeps this up to date]"
_END = "[end of Servery]"


def own_words(note: str | None) -> str | None:
    """What staff wrote: the note without our part, which ends the note where somebody cut off its last line."""
    if note is None or _BEGIN not in note:
        return note or None
    before, _, rest = note.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return "\n".join(part for part in (before.strip(), after.strip()) if part) or None


def with_part(note: str | None, lines: Sequence[str]) -> str | None:
    """The staff's own words with these lines as our part; without lines their words alone."""
    own = own_words(note)
    if not lines:
        return own
    part = "\n".join((_BEGIN, *lines, _END))
    return f"{own}\n\n{part}" if own else part


def lines_of(card: GuestCard, own: str | None) -> list[str]:
    """What staff at the till should read of a guest; `own` is what stands in the note already."""
    told = [
        "VIP" if card.vip else "",
        _listed("Allergies", card.allergies),
        _listed("Preferences", card.preferences),
        _usual(card.usual) if card.usual else "",
        _figures(card.figures) if card.figures else "",
        _listed("Tags", card.tags),
        *(_note(one) for one in card.notes if one.text.strip() not in (own or "")),
    ]
    return [line for line in told if line]


def _listed(word: str, values: Sequence[str]) -> str:
    return f"{word}: {', '.join(values)}" if values else ""


def _usual(usual: Usual) -> str:
    had = [usual.dish, usual.drink, f"table {usual.table}" if usual.table else None]
    return f"Usually: {', '.join(one for one in had if one)}"


def _figures(figures: Figures) -> str:
    if not figures.visits:
        return ""
    last = f", last {_day(figures.last_visit)}" if figures.last_visit else ""
    each = ""
    if figures.average_check is not None and figures.currency:
        each = f", {to_decimal(figures.average_check, figures.currency)} {figures.currency} on average"
    return f"Visits: {figures.visits}{last}{each}"


def _day(day: date) -> str:
    return day.isoformat()


def _note(note: Note) -> str:
    by = ", ".join(one for one in (note.author, _day(note.at.date()) if note.at else None) if one)
    return f"Note: {note.text.strip()}{f' ({by})' if by else ''}"
