"""Who is this? Exact keys, guarded by names, decide whether a record joins a guest or starts a new one. Pure.

A wrong merge shows one person's history to another, so wherever a key does not single out one person the record stays
alone: a phone that a family shares, an e-mail under which two names book.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct, structs

from servery.guests.keys import Keys
from servery.guests.names import agreement

By = Literal["email", "phone", "email and phone"]


class Known(Struct, frozen=True):
    """A record as resolving sees it; `guest_id` None when it is not yet anybody's."""

    id: int
    name: str | None
    keys: Keys
    guest_id: int | None = None
    one_time: bool = False


class Decision(Struct, frozen=True):
    """A record joins `guest_id` (None: a new guest) `by` a key; `absorbs` are guests that prove to be the same one."""

    record_id: int
    guest_id: int | None
    by: By | None = None
    absorbs: tuple[int, ...] = ()


class Index:
    """Records by key, for one set of decisions."""

    def __init__(self, records: Iterable[Known]) -> None:
        self._by_key: dict[str, dict[int, Known]] = defaultdict(dict)
        for record in records:
            self.add(record)

    def add(self, record: Known) -> None:
        """Make a record findable, in place of its earlier state."""
        for key in record.keys:
            if key:
                self._by_key[key][record.id] = record

    def move(self, absorbed: Sequence[int], guest_id: int) -> None:
        """Records of absorbed guests are this guest's from now on."""
        if absorbed:
            for found in self._by_key.values():
                for one in found.values():
                    if one.guest_id in absorbed:
                        found[one.id] = structs.replace(one, guest_id=guest_id)

    def same_key(self, record: Known) -> list[Known]:
        """Other records, already somebody's, with one of this record's keys."""
        found = {one.id: one for key in record.keys if key for one in self._by_key[key].values()}
        return [one for one in found.values() if one.id != record.id and one.guest_id is not None]


def decide(record: Known, index: Index) -> Decision:
    """Find a record's guest among those who share a key with it."""
    others = [] if record.one_time else [one for one in index.same_key(record) if not one.one_time]
    by_guest: dict[int, list[Known]] = defaultdict(list)
    for other in others:
        if other.guest_id is not None:
            by_guest[other.guest_id].append(other)
    accepted = sorted(guest for guest, records in by_guest.items() if _is_same(record, records, len(by_guest)))
    if record.guest_id is not None:
        accepted = sorted({*accepted, record.guest_id})
    if not accepted:
        return Decision(record.id, None)
    chosen = _chosen(record, accepted, by_guest)
    if chosen is None:
        return Decision(record.id, record.guest_id)
    guest, absorbs = chosen
    return Decision(record.id, guest, _by(record, by_guest.get(guest, ())), absorbs)


def _is_same(record: Known, others: Sequence[Known], guests_with_key: int) -> bool:
    agreed = {agreement(record.name, other.name) for other in others}
    if "apart" in agreed:
        return False
    if agreed == {"unknown"}:
        # Without a name on one side only an e-mail, or a phone that nobody else has, can speak for itself.
        shares_email = any(record.keys.email and record.keys.email == other.keys.email for other in others)
        return shares_email or guests_with_key == 1
    return True


def _chosen(
    record: Known, accepted: Sequence[int], by_guest: dict[int, list[Known]]
) -> tuple[int, tuple[int, ...]] | None:
    """The oldest of the accepted guests and those it absorbs; None when they are plainly different people."""
    if len(accepted) == 1:
        return accepted[0], ()
    names = {guest: [one.name for one in by_guest[guest]] or [record.name] for guest in accepted}
    flat = [name for found in names.values() for name in found]
    if all(agreement(one, other) in ("same", "alike") for one in flat for other in flat):
        return accepted[0], tuple(accepted[1:])
    if record.guest_id is not None:
        return None
    exact = [guest for guest in accepted if any(agreement(record.name, name) == "same" for name in names[guest])]
    return (exact[0], ()) if len(exact) == 1 else None


def _by(record: Known, others: Sequence[Known]) -> By | None:
    email = any(record.keys.email and record.keys.email == one.keys.email for one in others)
    phone = any(record.keys.phone and record.keys.phone == one.keys.phone for one in others)
    if email and phone:
        return "email and phone"
    return "email" if email else "phone" if phone else None
