"""Changes as `hear_by` wrote them down. What they mean was settled there, by the owner's mapping."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from servery.errors import Quarantine
from servery.model.changes import Change


def translate(resource: str, record: Raw) -> Sequence[Change]:
    """One change. Quarantine where it is none."""
    try:
        return (msgspec.json.decode(record, type=Change),)
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise Quarantine("This is no change in our words: {why}", why=str(error)) from error
