"""Applying people's records, whole or in parts."""

from collections.abc import Sequence

import msgspec

from servery.model.changes import Applied, GuestSeen, state_key
from servery.sync import rows
from servery.sync.guests import PartedGuest, joined_guest, parted_guest
from servery.sync.judge import count, judged, note_all, revisions, state

_JSON = msgspec.json.Encoder()
_KEY = "connection_id, external_id"


async def apply_guests(db: rows.Db, connection_id: int, changes: Sequence[GuestSeen], applied: Applied) -> None:
    """Write what is new in these people's records."""
    await _apply_whole(db, connection_id, [one for one in changes if one.complete], applied)
    await _apply_parts(db, connection_id, [one for one in changes if not one.complete], applied)


async def _apply_whole(db: rows.Db, connection_id: int, changes: Sequence[GuestSeen], applied: Applied) -> None:
    if not changes:
        return
    states = [(state(one.external_id, one.revision, _JSON.encode(one.guest)), one) for one in changes]
    held = await rows.held(db, "source_guest", connection_id, [one.external_id for one in changes])
    sorted_ = judged(held, states)
    # A guest that was only referred to so far has an empty row of revision -1, so it counts as updated here.
    write = [
        (seen.external_id, seen.revision, seen.digest, seen.body.decode(), None)
        for seen, _ in (*sorted_["created"], *sorted_["updated"])
    ]
    applied.guests += await rows.put(db, "source_guest", rows.GUEST, _KEY, connection_id, write)
    await rows.refresh(db, "source_guest", revisions(sorted_["refreshed"], held))
    note_all(applied, held, states, sorted_)


async def _apply_parts(db: rows.Db, connection_id: int, changes: Sequence[GuestSeen], applied: Applied) -> None:
    if not changes:
        return
    held = {
        row["external_id"]: parted_guest(row["guest"], row["revision"], row["parts"])
        for row in await rows.whole_guests(db, connection_id, [one.external_id for one in changes])
    }
    seen = dict[str, PartedGuest]()
    for change in changes:
        part = PartedGuest(change.guest, change.revision)
        before = seen.get(change.external_id) or held.get(change.external_id)
        seen[change.external_id] = whole = joined_guest(before, part) if before else part
        if before is None or before.guest != whole.guest:
            applied.effects.add(state_key(change))
    write = []
    for external_id, whole in seen.items():
        known = held.get(external_id)
        same = known is not None and known.guest == whole.guest
        count(applied, "unchanged" if same else "updated" if known else "created")
        if whole != known:
            body, parts = _JSON.encode(whole.guest).decode(), _JSON.encode(whole.older).decode()
            # Parts are compared with what is held and not by digest, for they may come in any order.
            write.append((external_id, whole.revision, b"", body, parts))
    applied.guests += await rows.put(db, "source_guest", rows.GUEST, _KEY, connection_id, write)
