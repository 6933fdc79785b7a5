"""What records say after staff overruled them: by that a word of theirs counts again. Pure."""

from collections.abc import Sequence

from msgspec import structs

from servery.guests.edits import Entry, Said
from servery.guests.golden import Record, as_one, texts


def listened(said: Said, records: Sequence[Record]) -> Said:
    """What staff said, as it holds now that their guest's records say this (nothing left out that grew old)."""
    return structs.replace(said, entries=[_denial(one, records) for one in said.entries])


def _denial(entry: Entry, records: Sequence[Record]) -> Entry:
    """What is not so is so no more for a record that stopped saying it: should it say it again, that is news."""
    silent = {one.id for one in records if as_one(entry.text) not in map(as_one, texts(entry.kind, one.guest))}
    if silent.isdisjoint(entry.over_records):
        return entry
    return structs.replace(entry, over_records=tuple(one for one in entry.over_records if one not in silent))
