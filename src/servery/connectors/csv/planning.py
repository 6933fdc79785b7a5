"""Looks a file over and decides how it is to be read; asks where the file itself does not decide."""

from pathlib import Path

from servery.connectors.csv.mapping import DateOrder, FileKind, Map, Plan


def plan(
    path: Path, kind: FileKind, *, overrides: Map | None = None, date_order: DateOrder | None = None, has_venue: bool
) -> Plan:
    """How the file will be read. Raises Invalid when it cannot be, NeedsPerson when a person must decide (`field` is
    the option: date_order, decimal, venue, map)."""
    raise NotImplementedError
