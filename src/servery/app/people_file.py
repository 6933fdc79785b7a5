"""A file of people, anybody's: read, resolved by itself, and answered with a file that says who is who."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from phonenumbers import SUPPORTED_REGIONS

from servery.connectors.csv.columns import DAY_AND_MONTH, map_columns, named
from servery.connectors.csv.dates import DateEvidence, is_serial, read_date, serial_day
from servery.connectors.csv.encoding import SAMPLE, encoding_of, text_of
from servery.connectors.csv.mapping import DateOrder, Map
from servery.connectors.csv.outcome import Rejected
from servery.connectors.csv.records import JOINT, records, rows
from servery.connectors.csv.sniff import Cut, cut_of, opened
from servery.connectors.csv.words import folded
from servery.errors import Invalid
from servery.guests.matching.features import is_nobodys
from servery.guests.matching.sheet import FIELDS, contacts, sheet
from servery.language.sheet import lines
from servery.model.guest import Birthday

_SAMPLE_ROWS = 1000
_NOT_COMPARED = frozenset(("created_at", "modified", "notes", "tags", "marketing", "guest_id"))
"""What imports know and says nothing of who somebody is."""
_THREE_NUMBERS = re.compile(r"(\d{1,4})\D(\d{1,2})\D(\d{1,4})")
_SAYS_CUT = re.compile(r"sep=.?", re.IGNORECASE)
"""The line in which spreadsheets say of a file how it is cut."""
_NAMED_LINES = 5
Why = Literal["no e-mail", "a phone", "no phone", "an e-mail", "no day", "a number", "nobody's birthday"]
"""Why a value was left out of its column: an e-mail among the phones and a phone among the e-mails count as such."""
_DATE = re.compile(r"(?:\d{1,2}[./-]\d{1,2}[./-](\d{4})|(\d{4})[./-]?\d{2}[./-]?\d{2})(?: 00:00(?::00)?)?")
_BORN = range(1900, 2030)
_GENERATION = 15
"""Years that the dates of a column lie apart at least, if they are birthdays."""


class Days(Struct, frozen=True):
    """How a file writes its birthdays."""

    order: DateOrder
    are_serials: bool = False
    """They are a spreadsheet's numbers of days."""


class People(Struct, frozen=True):
    """What a file holds: its rows by header, the rows' ids, and which header gives which field."""

    header: tuple[str, ...]
    rows: list[dict[str, str]]
    lines: list[int]
    ids: list[str]
    fields: dict[str, str]
    others: tuple[str, ...]
    """Headers that are compared as they are."""
    unused: tuple[str, ...]
    id_header: str | None
    """None: the file has no ids, and its rows are numbered from 1."""
    rejected: list[Rejected]


class Unread(Struct, frozen=True):
    """Values of a column that were left out of it for one reason: how many, and the lines of the first."""

    column: str
    why: Why
    values: int
    lines: tuple[int, ...]


class Answer(Struct, frozen=True):
    """What was made of a file."""

    people: People
    persons: int
    compared: tuple[str, ...]
    unread: tuple[Unread, ...]


def read_people(path: Path) -> People:
    """Read a file of people. Raises Invalid for one that is none, and for ids that are there twice."""
    head = opened(path)
    encoding = encoding_of(path, head)
    with text_of(path, encoding.name, encoding.fallback) as text:
        first = [line for line in text.read(SAMPLE).splitlines(keepends=True)[:500] if line.strip()]
        cut = cut_of([line for line in first if not _SAYS_CUT.fullmatch(line.strip())] or first)
    with text_of(path, encoding.name, encoding.fallback) as text:
        line, header = _header(path, text, cut)
    with text_of(path, encoding.name, encoding.fallback) as text:
        taken, rejected = _rows(rows(text, cut, header, line))
    cells = [row for _, row in taken]
    fields, others, unused = _columns(header, cells)
    id_header = _id_header(header, cells)
    others = tuple(name for name in others if name != id_header)
    fields = {field: name for field, name in fields.items() if name != id_header}
    lines = [at for at, _ in taken]
    ids = _ids(path, cells, header, id_header, lines)
    made = [dict(zip(header, row, strict=True)) for row in cells]
    return People(header, made, lines, ids, fields, others, unused, id_header, rejected)


def _header(path: Path, text: object, cut: Cut) -> tuple[int, tuple[str, ...]]:
    for record in records(text, cut):  # type: ignore[arg-type]
        if not isinstance(record, Rejected) and _has_cells(record[1]):
            return record[0], named(record[1])
    raise Invalid("{name} has no header.", field="input", code="no-header", name=path.name)


def _has_cells(cells: Sequence[str]) -> bool:
    written = [cell.strip() for cell in cells if cell.strip()]
    return bool(written) and not (len(written) == 1 and _SAYS_CUT.fullmatch(written[0]))


def _rows(found: Iterator[tuple[int, str] | Rejected]) -> tuple[list[tuple[int, list[str]]], list[Rejected]]:
    taken, rejected = [], []
    for row in found:
        if isinstance(row, Rejected):
            rejected.append(row)
        else:
            taken.append((row[0], [cell.strip() for cell in row[1].split(JOINT)]))
    return taken, rejected


@cache
def _headings() -> dict[str, tuple[str, ...]]:
    written = files("servery.guests.matching").joinpath("headings.toml").read_bytes()
    return msgspec.toml.decode(written, type=dict[str, tuple[str, ...]])


def _columns(
    header: Sequence[str], cells: Sequence[Sequence[str]]
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Which header gives which field, which are compared as they are, and which are not."""
    sample = [list(row) for row in islice(cells, _SAMPLE_ROWS)]
    mapped = map_columns(header, sample, "guests", Map())
    fields = {field: names[0] for field, names in mapped.items() if field in FIELDS}
    if folded(fields.get("guest_name", "")).startswith("middle"):
        del fields["guest_name"]
    unused = {name for field, names in mapped.items() if field in _NOT_COMPARED for name in names}
    unused |= {name for name in header if folded(name) in _headings()["answer"]}
    for field, words in _headings().items():
        free = [name for name in header if name not in {*fields.values(), *unused}]
        fitting = [name for name in free if folded(name) in words]
        if field in FIELDS and field not in fields and fitting:
            fields[field] = fitting[0]
    left = [place for place, name in enumerate(header) if name not in {*fields.values(), *unused}]
    born = next((place for place in left if _are_birthdays([row[place] for row in cells])), None)
    if "birthday" not in fields and born is not None:
        fields["birthday"] = header[born]
    others = tuple(name for name in header if name not in {*fields.values(), *unused})
    return fields, others, tuple(name for name in header if name in unused)


def _are_birthdays(cells: Sequence[str]) -> bool:
    """Whether a column that no heading tells of holds dates of birth: whole dates, a generation and more apart."""
    said = [cell for cell in cells if cell]
    found = [match for cell in said if (match := _DATE.fullmatch(cell))]
    years = sorted(year for match in found if (year := int(match[1] or match[2])) in _BORN)
    if len(said) < 2 or len(years) < 0.9 * len(said):
        return False
    # What a few mistyped years are must not decide.
    edge = len(years) // 20
    return years[-1 - edge] - years[edge] >= _GENERATION


def _id_header(header: Sequence[str], cells: Sequence[Sequence[str]]) -> str | None:
    """The column of the rows' own ids: by its heading, or the first where it ends with id and never repeats."""
    known = [*_headings()["id"], *_headings()["customer"]]
    by_word = [name for name in header if folded(name) in known]
    if by_word:
        return min(by_word, key=lambda name: known.index(folded(name)) if folded(name) in known else len(known))
    first = [row[0] for row in cells]
    is_id = folded(header[0]).split()[-1:] == ["id"] and len(set(first)) == len(first)
    return header[0] if is_id else None


def _ids(
    path: Path, cells: Sequence[Sequence[str]], header: Sequence[str], id_header: str | None, lines: Sequence[int]
) -> list[str]:
    if id_header is None:
        return [str(number) for number in range(1, len(cells) + 1)]
    place = header.index(id_header)
    at: dict[str, list[int]] = defaultdict(list)
    for row, line in zip(cells, lines, strict=True):
        at[row[place]].append(line)
    if "" in at:
        raise Invalid(
            "{name} has rows without an id in the column {column}: line {lines}.",
            field="input", code="missing-ids", name=path.name, column=id_header, lines=_told(at[""]),
            mend="Give each row an id of its own, or take that column out: rows are then numbered.",
        )  # fmt: skip
    twice = [each for each in at.values() if len(each) > 1]
    if twice:
        raise Invalid(
            "{name} has ids that are there more than once in the column {column}: {lines}.",
            field="input", code="duplicate-ids", name=path.name, column=id_header,
            lines="; ".join(f"lines {_told(each)}" for each in twice[:_NAMED_LINES]),
            mend="Give each row an id of its own, or take that column out: rows are then numbered.",
        )  # fmt: skip
    return [row[place] for row in cells]


def _told(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:_NAMED_LINES])) + (", ..." if len(lines) > _NAMED_LINES else "")


def resolve_file(path: Path, output: Path, *, country: str | None = None, step: Callable[[str], None]) -> Answer:
    """Say who is who in a file: `output` gets each id with the number of its person. Nothing is stored.

    Invalid where the file cannot be read, or the answer not be written where it should.
    """
    _check(path, output, country)
    step("Reading")
    people = read_people(path)
    days = _days(people)
    taken = sheet(people.rows, people.fields, people.others, partial(_birthday, days=days), country)
    from servery.guests.matching.listed import resolve

    resolved = resolve(taken, step)
    rows = [("id", "cluster"), *zip(people.ids, resolved.people, strict=True)]
    _write(output, lines(rows, "\n", inert=False))
    compared = tuple(taken.named.get(each.name, each.name) for each in taken.comparisons)
    return Answer(people, len(set(resolved.people)), compared, tuple(_unread(people, taken.rows, days)))


def _check(path: Path, output: Path, country: str | None) -> None:
    """What would be a pity to find out after all the computing."""
    if country is not None and country not in SUPPORTED_REGIONS:
        raise Invalid(
            "There is no country {country}.", field="country", country=country,
            mend="Take two letters such as DK or GB.",
        )  # fmt: skip
    if output.exists() and path.exists() and output.samefile(path):
        raise Invalid("The answer would take the place of {name} itself.", field="output", name=path.name)
    if output.is_dir():
        raise Invalid("{path} is a folder.", field="output", path=str(output))
    if not output.parent.is_dir():
        raise Invalid("There is no folder {folder}.", field="output", folder=str(output.parent))


def _write(output: Path, text: str) -> None:
    draft = output.with_name(f".{output.name}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(output)
    except OSError as error:
        raise Invalid(
            "{path} cannot be written: {reason}.", field="output", path=str(output), reason=error.strerror or ""
        ) from error


def _unread(people: People, rows: Sequence[Mapping[str, str | None]], days: Days) -> Iterator[Unread]:
    """Values of which nothing was made in their column, by column and reason."""
    at: dict[tuple[str, Why], list[int]] = defaultdict(list)
    for cells, row, line in zip(people.rows, rows, people.lines, strict=True):
        said = {field: cells[header].strip() for field, header in people.fields.items()}
        for field, why in _left_out(said, row, days):
            at[people.fields[field], why].append(line)
    for (header, why), lines_ in at.items():
        yield Unread(header, why, len(lines_), tuple(lines_[:_NAMED_LINES]))


def _left_out(said: Mapping[str, str], row: Mapping[str, str | None], days: Days) -> Iterator[tuple[str, Why]]:
    """The fields of a row that say something of which nothing was made there."""
    email, phone, born = said.get("guest_email", ""), said.get("guest_phone", ""), said.get("birthday", "")
    taken = contacts(email or None, phone or None)
    if email and (row["email"] is None or taken[0] != email):
        yield "guest_email", "a phone" if taken[1] == email else "no e-mail"
    if phone and (row["phone"] is None or taken[1] != phone):
        yield "guest_phone", "an e-mail" if taken[0] == phone else "no phone"
    if born and row["birth_month_day"] is None:
        yield "birthday", "nobody's birthday" if digits_of(born, days) else "a number" if is_serial(born) else "no day"


def _days(people: People) -> Days:
    """How this file's birthdays prove to be written."""
    evidence = DateEvidence()
    column = people.fields.get("birthday")
    for row, line in zip(people.rows, people.lines, strict=True):
        if column and row[column]:
            evidence.add(row[column], line)
    orders = evidence.open_orders
    order: DateOrder = orders[0] if orders else "ymd" if evidence.maybe_year_first else "dmy"
    return Days(order, evidence.are_serials)


def _birthday(text: str, days: Days) -> str | None:
    """A birthday as digits; None where nobody has it: a day to come, or one that systems write when they know none."""
    digits = digits_of(text, days)
    if digits is None or len(digits) < 8:
        return digits
    day = Birthday(month=int(digits[4:6]), day=int(digits[6:]), year=int(digits[:4]))
    return None if is_nobodys(day) else digits


def digits_of(text: str, days: Days) -> str | None:
    """A birthday as digits from the year down, also where a slip has made it no date; None where it is none at all."""
    order = days.order
    if days.are_serials and (serial := serial_day(text)) is not None:
        return f"{serial:%Y%m%d}"
    if match := DAY_AND_MONTH.fullmatch(text.strip()):
        day, month = (match[2], match[1]) if order == "mdy" else (match[1], match[2])
        return f"{int(month):02}{int(day):02}"
    try:
        return f"{read_date(text, order)[0]:%Y%m%d}"
    except (ValueError, OverflowError):
        return _written(text, order)


def _written(text: str, order: DateOrder) -> str | None:
    bare = "".join(filter(str.isdigit, text))
    if len(bare) == 8 and bare == text.strip():
        return bare
    match = _THREE_NUMBERS.match(text.strip())
    if match is None:
        return None
    first, second, third = match.groups()
    year, month, day = (first, second, third) if len(first) == 4 else (third, second, first)
    if order == "mdy" and len(first) < 4:
        month, day = day, month
    return f"{year:0>4}{month:0>2}{day:0>2}" if len(year) == 4 and len(month) < 3 and len(day) < 3 else None
