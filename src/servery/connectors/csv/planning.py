"""Looks a file over and decides how it is to be read; asks where the file itself does not decide."""

from io import StringIO
from itertools import islice
from pathlib import Path

from msgspec import Struct

from servery.connectors.csv.columns import Columns, header_words, is_number, map_columns, named
from servery.connectors.csv.decisions import (
    check_totals,
    decided_amounts,
    decided_decimal,
    decided_order,
    per_check,
    require_columns,
    require_times,
    settle_ids,
)
from servery.connectors.csv.encoding import SAMPLE, Encoding, encoding_of, text_of
from servery.connectors.csv.evidence import Evidence
from servery.connectors.csv.mapping import DateOrder, FileKind, Map, Options, Plan
from servery.connectors.csv.outcome import Rejected
from servery.connectors.csv.records import records, rows
from servery.connectors.csv.sniff import Cut, Mark, cut_of, mark_of, opened
from servery.connectors.csv.words import fields
from servery.errors import Invalid

_HEADER_WITHIN = 20
"""Rows among which the header is looked for: reports print a title above it."""
_SAMPLE_ROWS = 1000
BARE_IDS = frozenset(("id", "nr", "no", "number", "nummer", "número"))


class _Look(Struct, frozen=True):
    """The beginning of a file, cut into cells."""

    path: Path
    mark: Mark
    encoding: Encoding
    cut: Cut
    header_line: int
    header: tuple[str, ...]
    sample: list[list[str]]


def plan(
    path: Path, kind: FileKind, *, overrides: Map | None = None, date_order: DateOrder | None = None, has_venue: bool
) -> Plan:
    """How the file will be read. It is read once from end to end.

    Raises Invalid when it cannot be read so, NeedsPerson when a person must decide (`field` names the option:
    file, map, venue, date_order, decimal). `date_order` goes before the one in `overrides`.
    """
    wish = overrides or Map()
    look = _look(path, kind, wish)
    columns = map_columns(look.header, look.sample, kind, wish)
    if has_venue:
        columns.pop("venue", None)
    require_columns(kind, columns, look.header, path.name, has_venue=has_venue)
    evidence = _gathered(look, kind, columns)
    if not evidence.rows:
        raise Invalid("{name} has a header and no rows.", field="file", code="no-rows", name=path.name)
    return _decided(look, kind, columns, wish.options, evidence, date_order or wish.options.date_order, has_venue)


def _look(path: Path, kind: FileKind, wish: Map) -> _Look:
    head = opened(path)
    # Taken before the rest is read: by it a change while that lasts is seen.
    mark = mark_of(path)
    given = wish.options.encoding
    encoding = Encoding(given) if given else encoding_of(path, head)
    try:
        with text_of(path, encoding.name, encoding.fallback) as text:
            beginning = text.read(SAMPLE)
    except (LookupError, UnicodeDecodeError) as error:
        raise Invalid(
            "{name} cannot be read as {encoding}.", field="encoding", name=path.name, encoding=encoding.name
        ) from error
    lines = _whole_lines(beginning)
    cut = _cut(lines, wish.options.delimiter)
    return _with_header(path, mark, encoding, cut, lines, kind, wish)


def _whole_lines(beginning: str) -> list[str]:
    lines = beginning.splitlines(keepends=True)
    return lines[:-1] if len(beginning) == SAMPLE and len(lines) > 1 else lines


def _cut(lines: list[str], given: str | None) -> Cut:
    if not lines:
        return Cut(given or ",", '"')
    stated = lines[0].strip().strip('"').removeprefix("sep=")
    if len(stated) == 1 and "sep=" in lines[0]:
        given = given or stated
    cut = cut_of([line for line in lines[:500] if line.strip()])
    if given and len(given) != 1:
        raise Invalid('The map\'s delimiter is "{delimiter}"; it must be one character.', field="map", delimiter=given)
    return Cut(given, cut.quote) if given else cut


def _with_header(
    path: Path, mark: Mark, encoding: Encoding, cut: Cut, lines: list[str], kind: FileKind, wish: Map
) -> _Look:
    begun = [each for each in records(StringIO("".join(lines), newline=""), cut) if not isinstance(each, Rejected)]
    given = wish.options.header_line
    if given:
        line, cells = next((each for each in begun if each[0] == given), (given, []))
    else:
        line, cells = max(begun[:_HEADER_WITHIN] or [(1, [""])], key=lambda each: header_words(each[1], kind, wish))
    if not any(map(str.strip, cells)) or (not given and not header_words(cells, kind, wish) and _is_data(cells)):
        raise Invalid(
            "{name} has no header: line {line} already holds numbers or nothing.",
            field="file", code="no-header", name=path.name, line=line,
            mend="Put a line with the columns' names above the rows.",
        )  # fmt: skip
    cells = cells[: _width(begun, cells)]
    width = len(cells)
    sample = [row for at, row in begun if at > line and len(row) == width and "\0" not in "".join(row)]
    return _Look(path, mark, encoding, cut, line, named(cells), list(islice(sample, _SAMPLE_ROWS)))


def _is_data(cells: list[str]) -> bool:
    return any(is_number(cell) for cell in cells if cell.strip())


def _width(begun: list[tuple[int, list[str]]], header: list[str]) -> int:
    """How many columns there are: empty cells at the header's end, below which there is nothing either, are none."""
    filled = max(place for place, cell in enumerate(header, 1) if cell.strip())
    return len(header) if any(cell.strip() for _, row in begun for cell in row[filled:]) else filled


def _gathered(look: _Look, kind: FileKind, columns: Columns) -> Evidence:
    shapes = {name: field.shape for name, field in fields(kind).items()}
    evidence = Evidence(look.header, columns, shapes, _doubtful_id(kind, columns))
    with text_of(look.path, look.encoding.name, look.encoding.fallback) as text:
        evidence.gather(
            row for row in rows(text, look.cut, look.header, look.header_line) if not isinstance(row, Rejected)
        )
    return evidence


def _doubtful_id(kind: FileKind, columns: Columns) -> str | None:
    """The column that may or may not be the rows' own id."""
    field = {"orders": "id", "reservations": "reservation", "guests": "guest_id", "menu": "product_id"}[kind]
    names = columns.get(field, ())
    return names[0] if names and (field == "id" or names[0].casefold() in BARE_IDS) else None


def _decided(
    look: _Look,
    kind: FileKind,
    columns: Columns,
    options: Options,
    evidence: Evidence,
    date_order: DateOrder | None,
    has_venue: bool,
) -> Plan:
    reasons: dict[str, str] = {}
    decimal = options.decimal or decided_decimal(evidence.style, reasons)
    order = date_order or decided_order(evidence.dates, reasons)
    settle_ids(kind, columns, evidence.repeated, evidence.rows, reasons)
    check_totals(columns, look.header, look.sample, decimal, reasons)
    amounts = options.amounts or decided_amounts(columns, look.header, look.sample, decimal, reasons)
    require_times(kind, columns, evidence.dates, look.header, look.path.name)
    mapped = {name for names in columns.values() for name in names}
    return Plan(
        path=str(look.path),
        kind=kind,
        size=look.mark.size,
        rows=evidence.rows,
        revision=look.mark.revision,
        encoding=look.encoding.name,
        fallback=look.encoding.fallback,
        fallback_lines=look.encoding.fallback_lines,
        fallback_count=look.encoding.fallback_count,
        delimiter=look.cut.delimiter,
        quote=look.cut.quote,
        header_line=look.header_line,
        header=look.header,
        columns=columns,
        unmapped=tuple(name for name in look.header if name not in mapped),
        decimal=decimal,
        date_order=order,
        serial_birthdays=any(evidence.dates[name].are_serials for name in columns.get("birthday", ())),
        times=options.times,
        amounts=amounts,
        tax=options.tax or "included",
        check_numbers=options.check_numbers,
        per_check=per_check(columns, look.header, look.sample),
        has_venue=has_venue,
        reasons=reasons,
    )
