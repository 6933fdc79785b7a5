"""Files are taken in whole, by the reader of CSV: there are no records to translate one by one."""

from collections.abc import Sequence

from msgspec import Raw

from servery.errors import Quarantine
from servery.model.changes import Change


def translate(resource: str, record: Raw) -> Sequence[Change]:
    """Nobody hands a record over. Quarantine, always."""
    raise Quarantine("A folder's files are taken in whole.")
