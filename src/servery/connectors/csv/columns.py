"""Which column of a file holds what: guessed from the words of its header and the shape of its values."""

import re
from collections.abc import Callable, Sequence

from servery.connectors.csv import amounts, dates
from servery.connectors.csv.mapping import DateOrder, FileKind, Map
from servery.connectors.csv.outcome import shown
from servery.connectors.csv.words import VALUES, Field, fields, folded
from servery.errors import Invalid

Columns = dict[str, tuple[str, ...]]
"""Field → the headers of its columns."""

# A column so called holds what its words say even where its values do not look like it: then the rows are at fault.
_BY_WORD_ALONE = ("date", "quantity", "price", "amount", "party_size")
# Beside a word these say nothing about what the column holds: Price (DKK), Beløb inkl. moms.
_QUALIFIERS = frozenset("in incl inkl excl ekskl exkl kr dkk eur euro gbp usd sek nok chf".split())
# What the house pays is not what the guest pays.
_OTHER_MONEY = frozenset("cost kost kostpris indkøb indkøbspris einkauf einkaufspreis ek coste costo".split())
_ENOUGH = 0.6
_AS_WRITTEN = ("email", "phone")
DAY_AND_MONTH = re.compile(r"(\d{1,2})[./-](\d{1,2})\.?")
"""A birthday without its year."""
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?\s*(?:[ap]\.?\s?m\.?|uhr|h)?", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s()/.-]{5,20}")


def named(cells: Sequence[str]) -> tuple[str, ...]:
    """A header's names, each different: `Name (2)` for a second `Name`, `column 5` for one without text."""
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = plain = " ".join(cell.split()) or f"column {place}"
        again = 1
        while name in names:
            again += 1
            name = f"{plain} ({again})"
        names.append(name)
    return tuple(names)


def header_words(cells: Sequence[str], kind: FileKind, wish: Map) -> int:
    """How many cells are known as headers: by our words, or by a person's map."""
    known = {word for field in fields(kind).values() for word in field.words} | {folded(each) for each in _wished(wish)}
    return sum(folded(cell) in known for cell in cells)


def _wished(wish: Map) -> list[str]:
    return [name for given in wish.columns.values() for name in _listed(given)]


def _listed(given: str | list[str]) -> list[str]:
    return given if isinstance(given, list) else [given] if given else []


def map_columns(header: Sequence[str], sample: Sequence[Sequence[str]], kind: FileKind, wish: Map) -> Columns:
    """Field → columns: a person's wish first, then exact words, then the values' shapes, then the ends of headers."""
    columns = _as_wished(header, kind, wish)
    known = {name: field for name, field in fields(kind).items() if name not in wish.columns}
    values = {name: [row[place] for row in sample if row[place].strip()] for place, name in enumerate(header)}
    _choose(columns, known, values, _exact)
    if "date" in known and "date" not in columns and "date" in fields(kind):
        _choose_by_shape(columns, "date", values)
    _choose(columns, known, values, _ending)
    return columns


def _as_wished(header: Sequence[str], kind: FileKind, wish: Map) -> Columns:
    columns: Columns = {}
    for field, given in wish.columns.items():
        if field not in fields(kind):
            raise Invalid(
                "The map's [columns] has {key}, which files of {kind} do not have. There are: {known}.",
                field="map", key=field, kind=kind, known=", ".join(fields(kind)),
            )  # fmt: skip
        names = _listed(given)
        for name in names:
            if name not in header:
                raise Invalid(
                    'The map\'s [columns] {key} names the column "{name}". The file has: {header}.',
                    field="map", key=field, name=name, header=_told(header),
                )  # fmt: skip
        if names:
            columns[field] = tuple(names)
    return columns


def _told(header: Sequence[str]) -> str:
    return ", ".join(shown(name) for name in header)


Fit = Callable[[str, Field], int | None]
"""How well a header names a field: the place of the word that does (0 is best), None when it does not."""


def _exact(header: str, field: Field) -> int | None:
    bare = folded(header)
    if bare not in field.words:
        bare = " ".join(word for word in bare.split() if word not in _QUALIFIERS)
    return field.words.index(bare) if bare in field.words else None


def _ending(header: str, field: Field) -> int | None:
    words = folded(header).split()
    if field.shape in ("id", "flag") or _OTHER_MONEY.intersection(words):
        return None
    ends = {" ".join(words[start:]) for start in range(1, len(words))}
    return next((place for place, word in enumerate(field.words) if len(word) >= 4 and word in ends), None)


def _choose(columns: Columns, known: dict[str, Field], values: dict[str, list[str]], fit: Fit) -> None:
    """Let each field in turn take the free columns that fit it."""
    taken = {name for names in columns.values() for name in names}
    for field, about in known.items():
        if field in columns:
            continue
        fitting = [
            (not shaped, place, name)
            for name in values
            if name not in taken
            and (place := fit(name, about)) is not None
            and (
                (shaped := has_shape(values[name], about.shape))
                or (fit is _exact and _may_be(values[name], field, about.shape))
            )
        ]
        chosen = sorted(fitting) if about.many else sorted(fitting)[:1]
        if chosen:
            order = list(values)
            columns[field] = tuple(sorted((name for _, _, name in chosen), key=order.index))
            taken.update(columns[field])


def _choose_by_shape(columns: Columns, field: str, values: dict[str, list[str]]) -> None:
    taken = {name for names in columns.values() for name in names}
    shaped = [name for name, each in values.items() if name not in taken and each and has_shape(each, field)]
    if len(shaped) == 1:
        columns[field] = (shaped[0],)


def has_shape(values: Sequence[str], shape: str) -> bool:
    """Whether most values look like this shape; a column without values fits any."""
    looks = _LOOKS.get(shape)
    return looks is None or not values or sum(map(looks, values)) >= _ENOUGH * len(values)


def _may_be(values: Sequence[str], field: str, shape: str) -> bool:
    """Whether a column with just the word for a field can be it although most of its values are not well-formed.

    It is not when no value has the shape; an e-mail or phone number, which is kept as written, may be any text.
    """
    if field in _BY_WORD_ALONE or any(map(_LOOKS[shape], values)):
        return True
    return shape in _AS_WRITTEN and not all(any(looks(value) for looks in _LOOKS.values()) for value in values)


def _is_date(text: str) -> bool:
    orders: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
    return any(True for _ in dates.readings(text, orders))


def is_number(text: str) -> bool:
    """Whether a text is a number in either style."""
    for style in (".", ","):
        try:
            amounts.number(text, style)
        except ValueError:
            continue
        return True
    return False


_LOOKS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "birthday": lambda text: bool(DAY_AND_MONTH.fullmatch(text.strip())) or _is_date(text),
    "time": lambda text: bool(_CLOCK.fullmatch(text.strip())),
    "number": is_number,
    "email": lambda text: bool(_EMAIL.fullmatch(text.strip())),
    "phone": lambda text: bool(_PHONE.fullmatch(text.strip())),
    "flag": lambda text: text.strip().casefold() in (*VALUES.yes, *VALUES.no),
}
