"""What records say after staff overruled them: by that a word of theirs counts again. Pure."""

from collections.abc import Sequence

from msgspec import structs

from servery.guests.edits import HEARD, Edit, Entry, Said, digest, is_kept
from servery.guests.golden import Record, as_one, texts, told


def listened(said: Said, records: Sequence[Record]) -> Said:
    """What staff said, as it holds now that their guest's records say this (nothing left out that grew old)."""
    edits = {field: _edit(one, records) for field, one in said.edits.items()}
    return structs.replace(said, edits=edits, entries=[_denial(one, records) for one in said.entries])


def _edit(edit: Edit, records: Sequence[Record]) -> Edit:
    """A record that came since takes its place among those overruled; one that changed its word leaves it for good."""
    if edit.field == "pronunciation":
        return edit
    over = dict(edit.over)
    for one in records:
        value, before = told(edit.field, one), edit.over.get(str(one.id))
        if before is None:
            over[str(one.id)] = digest(edit.field, value)
        elif value is not None and not is_kept(before, edit.field, value):
            over[str(one.id)] = HEARD
    return edit if over == edit.over else structs.replace(edit, over=over)


def _denial(entry: Entry, records: Sequence[Record]) -> Entry:
    """What is not so is so no more for a record that stopped saying it: should it say it again, that is news."""
    silent = {one.id for one in records if as_one(entry.text) not in map(as_one, texts(entry.kind, one.guest))}
    if silent.isdisjoint(entry.over_records):
        return entry
    return structs.replace(entry, over_records=tuple(one for one in entry.over_records if one not in silent))
