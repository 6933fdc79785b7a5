"""Lists as CSV files that a spreadsheet opens safely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from litestar import Response

from servery.language import sheet


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[bytes]:
    """Rows as a CSV file to save. None is an empty cell; the file is UTF-8 with the mark that spreadsheets look for."""
    return Response(
        sheet.lines([header, *rows]).encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}.csv"'},
    )
