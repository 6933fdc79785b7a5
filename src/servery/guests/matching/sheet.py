"""A list of people from anywhere as a table of features: what its columns hold, and how each is compared. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from servery.guests.keys import email_key, phone_key
from servery.guests.matching.comparisons import COMPARISONS, FURTHER, LISTED, Comparison, chosen, coded, written
from servery.guests.matching.features import (
    COLUMNS,
    dated,
    email_features,
    name_features,
    postcode_features,
)
from servery.guests.matching.writing import plain, street_and_house

Row = dict[str, str | None]

_KEYS = (
    *("name", "given_root", "given_start", "family", "family_start", "family_sound", "email", "email_local", "phone"),
    *("birthday", "birth_year", "postcode", "street", "house", "place", "city", "company", "occupation", "loyalty"),
)
"""The columns by which pairs are found."""
FIELDS = (
    *("guest_name", "guest_given_name", "guest_family_name", "guest_email", "guest_phone", "birthday", "postcode"),
    *("city", "company", "loyalty_id", "street", "house", "place", "state", "occupation"),
)
"""The fields that a header may give; the rest of a file is compared as it is."""
FEW = 50
"""Records from which anything can be learnt."""
_FEW = 60
"""Values up to which a column counts as a choice among few."""
_REDUNDANT = 0.7
_KNOWN = 0.001
"""The share of the records that bear a name from which it is a name, and no slip of another; at least five records."""


class Sheet(Struct, frozen=True):
    """A list taken apart: a row of features for each record, what is compared, and by which columns pairs are found."""

    rows: list[Row]
    comparisons: tuple[Comparison, ...]
    keys: tuple[str, ...]
    named: dict[str, str]
    """The column's own name for each comparison that the file's column gave."""


def sheet(
    rows: Sequence[Mapping[str, str]],
    fields: Mapping[str, str],
    others: Sequence[str],
    read_birthday: Callable[[str], str | None],
    country: str | None = None,
) -> Sheet:
    """Take rows (cells by header) apart. `fields` says which header gives which field, `others` are headers besides."""
    made = [_row(row, fields, read_birthday, country) for row in rows]
    for each in made:
        each["given_start"] = (each["given"] or "")[:3] or None
        each["family_start"] = (each["family"] or "")[:4] or None
        each["email_of_name"] = _of_name(each)
    for column in ("given", "family"):
        _know(made, column)
    kept = [header for header in others if not _repeats(rows, made, header)]
    further: list[Comparison] = []
    named = {}
    for place, header in enumerate(kept):
        column = f"x{place}"
        for row, cells in zip(made, rows, strict=True):
            row[column] = plain(cells[header]) or None
        compare = _kind(made, column)
        if compare is not None:
            further.append(compare(column))
            named[column] = header
    by_name = {each.name: each for each in (*COMPARISONS, *FURTHER, *LISTED)}
    comparisons = tuple(each for each in by_name.values() if _tells(made, each.column))
    few = {each.name for each in further if len(each.levels) == 2}
    keys = [key for key in _KEYS if _tells(made, key)] + [column for column in named if column not in few]
    return Sheet(made, (*comparisons, *further), tuple(keys), named)


def _row(
    cells: Mapping[str, str],
    fields: Mapping[str, str],
    read_birthday: Callable[[str], str | None],
    country: str | None,
) -> Row:
    def said(field: str) -> str | None:
        return cells[fields[field]].strip() or None if field in fields else None

    email, phone = contacts(said("guest_email"), said("guest_phone"))
    birthday = said("birthday")
    day = read_birthday(birthday) if birthday else None
    street, house = street_and_house(said("street") or "")
    number = plain(said("house") or "").replace(" ", "") or house
    name = said("guest_name"), said("guest_given_name"), said("guest_family_name")
    place, _ = street_and_house(said("place") or "")
    return {
        **EMPTY,
        **name_features(*name),
        "written": " ".join(filter(None, name[1:])) or name[0],
        **email_features(email_key(email)),
        **(dated(day) if day else {}),
        **postcode_features(said("postcode")),
        "phone": phone_key(phone, country) or ("".join(filter(str.isdigit, phone)) or None if phone else None),
        "street": street,
        "house": number,
        "place": place,
        **{field: plain(said(field) or "") or None for field in ("city", "state", "company", "occupation")},
        "loyalty": plain(said("loyalty_id") or "").replace(" ", "") or None,
    }


def contacts(email: str | None, phone: str | None) -> tuple[str | None, str | None]:
    """An e-mail and a phone, each where it belongs: people write a number where the address should be."""
    if email and "@" not in email and sum(map(str.isdigit, email)) >= 6:
        return (phone if phone and "@" in phone else None), (email if not phone or "@" in phone else phone)
    if phone and "@" in phone:
        return email or phone, None
    return email, phone


def _of_name(row: Row) -> str | None:
    """The mailbox of an address that is made of the whole name; None of any other."""
    written, name = plain(row["email_local"] or ""), (row["given_first"], row["family_last"])
    return row["email_local"] if all(part and part in written for part in name) else None


def _know(rows: Sequence[Row], column: str) -> None:
    """Say of each name that many bear that it is one."""
    bearers = Counter(row[column] for row in rows)
    least = max(5, _KNOWN * len(rows))
    for row in rows:
        name = row[column]
        row[f"{column}_known"] = name if name and bearers[name] >= least else None


EMPTY: Row = dict.fromkeys(COLUMNS)


def _tells(rows: Sequence[Row], column: str) -> bool:
    """Whether a column tells anything: where nothing can be learnt, also that all rows say the same."""
    said = [row[column] for row in rows if row.get(column) is not None]
    return len(said) > 1 if len(rows) < FEW else len(set(said)) > 1


def _repeats(rows: Sequence[Mapping[str, str]], made: Sequence[Row], header: str) -> bool:
    """Whether a column only says again what the name says: to count it twice would be to believe it twice."""
    said = [
        (set(plain(cells[header]).split()), row["name"])
        for cells, row in zip(rows, made, strict=True)
        if cells[header].strip() and row["name"]
    ]
    again = sum(bool(words) and words <= set((name or "").split()) for words, name in said)
    return bool(said) and again >= _REDUNDANT * len(said)


def _kind(rows: Sequence[Row], column: str) -> Callable[[str], Comparison] | None:
    values = [row[column] for row in rows if row[column]]
    different = Counter(values)
    if len(different) < 2 or len(values) < 0.02 * len(rows):
        return None
    if len(different) <= min(_FEW, len(values) / 4):
        return chosen
    digits = sum(any(map(str.isdigit, value or "")) for value in different)
    return coded if digits > 0.5 * len(different) else written
