"""Who is this? Exact keys, guarded by names, decide whether a record joins a guest or starts a new one. Pure.

A wrong merge shows one person's history to another, so wherever a key does not single out one person the record stays
alone: a phone that a family shares, an e-mail under which two names book. No two records whose names or birthdays are
plainly two people's are ever put together here, and where a slip may have made one of another it takes both contacts.
Every record of a guest has a say, whichever came first.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, product
from typing import Literal

from msgspec import Struct, structs

from servery.guests.born import born
from servery.guests.keys import Keys
from servery.guests.matching.guard import is_named_whole
from servery.guests.matching.score import Scored
from servery.guests.names import agreement, is_whole, words

By = Literal["email", "phone", "email and phone", "likeness"]


class Known(Struct, frozen=True):
    """A record as resolving sees it; `guest_id` None when it is not yet anybody's."""

    id: int
    name: str | None
    keys: Keys
    guest_id: int | None = None
    one_time: bool = False
    settled: bool = False
    """A person, or the source itself, said whose record this is: the rules leave it there as long as it bears the name
    that it had."""
    said: bool = False
    """No record, but what staff say of the guest: a name, and contacts by which its next record is known."""
    born: str | None = None
    """The birthday as eight digits from the year down, or as four without it."""


class Decision(Struct, frozen=True):
    """A record joins `guest_id` (None: a new guest) `by` a key; `absorbs` are guests that prove to be the same one.

    `beside` is the record of that guest that has the key, or that it is like, by the score in `scored`.
    """

    record_id: int
    guest_id: int | None
    by: By | None = None
    absorbs: tuple[int, ...] = ()
    beside: int | None = None
    scored: Scored | None = None


class Index:
    """Records by key and by guest, for one set of decisions; `apart` are pairs that are not the same person's."""

    def __init__(self, records: Iterable[Known], apart: Collection[tuple[int, int]] = ()) -> None:
        self._apart: dict[int, set[int]] = defaultdict(set)
        for one, other in apart:
            self._apart[one].add(other)
            self._apart[other].add(one)
        self._records: dict[int, Known] = {}
        self._by_key: dict[str, set[int]] = defaultdict(set)
        self._by_guest: dict[int, set[int]] = defaultdict(set)
        for record in records:
            self.add(record)

    def add(self, record: Known) -> None:
        """Make a record findable, in place of its earlier state."""
        before = self._records.get(record.id)
        if before is not None and before.guest_id is not None:
            self._by_guest[before.guest_id].discard(record.id)
        self._records[record.id] = record
        if record.guest_id is not None:
            self._by_guest[record.guest_id].add(record.id)
        for key in record.keys:
            if key:
                self._by_key[key].add(record.id)

    def move(self, absorbed: Iterable[int], guest_id: int) -> None:
        """Records of absorbed guests are this guest's from now on."""
        for other in absorbed:
            for record_id in list(self._by_guest[other]):
                self.add(structs.replace(self._records[record_id], guest_id=guest_id))

    def now(self, record_id: int) -> Known | None:
        """A record as it is at this point of the decisions."""
        return self._records.get(record_id)

    def same_key(self, record: Known) -> list[Known]:
        """Other records, already somebody's, that have one of this record's keys now."""
        found = {one for key in record.keys if key for one in self._by_key[key]} - {record.id}
        others = [self._records[one] for one in sorted(found)]
        return [one for one in others if one.guest_id is not None and set(record.keys) & set(one.keys) - {None}]

    def bearing(self, key: str) -> list[Known]:
        """All records that have this key now, also those that are not yet anybody's."""
        return [one for record_id in sorted(self._by_key[key]) if key in (one := self._records[record_id]).keys]

    def of_guest(self, guest_id: int, but: int) -> list[Known]:
        """All records of a guest, but for this one."""
        return [self._records[one] for one in sorted(self._by_guest[guest_id] - {but})]

    def are_apart(self, ones: Iterable[Known], others: Iterable[Known]) -> bool:
        """Whether somebody said of two of these records that they are not the same person's."""
        ids = {one.id for one in others}
        return any(self._apart.get(one.id, set()) & ids for one in ones)


def decide(record: Known, index: Index) -> Decision:
    """Find a record's guest among those who share a key with it.

    A record whose name or birthday has become another person's than the rest of its guest leaves that guest.
    """
    home = record.guest_id
    if home is not None and not record.settled and _has_left(record, index.of_guest(home, record.id)):
        home = None
    sharing, houses = _by_guest(record, index), houses_of(record, index)
    accepted = {
        guest
        for guest, records in sharing.items()
        if guest != record.guest_id
        and not index.are_apart([record], index.of_guest(guest, record.id))
        and not is_torn(record, index.of_guest(guest, record.id), index)
        and _is_same(record, records, index.of_guest(guest, record.id), sharing, houses)
    }
    guests = sorted(accepted if home is None else accepted | {home})
    if not guests:
        return Decision(record.id, None)
    guest, absorbs = _chosen(record, home, guests, index)
    beside = sharing.get(guest, []) if guest is not None else []
    return Decision(record.id, guest, _by(record, beside), absorbs, beside[0].id if beside else None)


def _by_guest(record: Known, index: Index) -> dict[int, list[Known]]:
    found: dict[int, list[Known]] = defaultdict(list)
    if not record.one_time:
        for other in index.same_key(record):
            if other.guest_id is not None and not other.one_time:
                found[other.guest_id].append(other)
    return dict(found)


def is_stranger(record: Known, others: Iterable[Known]) -> bool:
    """Whether a record's name is plainly another person's than that of a record of a guest.

    Where a person or the source put records of several names into one guest, each of these names is the guest's; and so
    is the one that staff write, whatever the records say.
    """
    agreed = [(agreement(record.name, one.name), one) for one in others]
    if any(name == "same" and one.said for name, one in agreed):
        return False
    apart = [one for name, one in agreed if name == "apart" and not one.said]
    told = any(name == "same" and one.settled for name, one in agreed)
    return any(not one.settled or not told for one in apart)


def _has_left(record: Known, others: Sequence[Known]) -> bool:
    # A birthday that is written otherwise, where no other person's comes of it, stays where it is.
    return is_stranger(record, others) or any(
        born(record.born, one.born) == "apart" for one in _born_otherwise(record, others)
    )


def is_born_otherwise(record: Known, others: Iterable[Known]) -> bool:
    """Whether a record's birthday is another than that of a record of a guest: then it is another person's.

    A slip is borne where whole name, e-mail and phone are the same. Where a person or the source put records of several
    birthdays into one guest, each of these is the guest's.
    """
    return bool(_born_otherwise(record, others))


def _born_otherwise(record: Known, others: Iterable[Known]) -> list[Known]:
    if record.born is None:
        return []
    dated = [one for one in others if one.born is not None and not one.said]
    told = any(one.settled and born(record.born, one.born) == "same" for one in dated)
    return [one for one in dated if not (told and one.settled) and is_of_other_birth(record, one)]


def is_of_other_birth(one: Known, other: Known) -> bool:
    """Whether two records' birthdays are two people's; a slip is borne by whole name, e-mail and phone."""
    agreed = born(one.born, other.born)
    borne = agreed == "slip" and shares_both(one, [other]) and agreement(one.name, other.name) == "same"
    return agreed in ("slip", "apart") and not borne


def is_torn(record: Known, cluster: Iterable[Known], index: Index) -> bool:
    """Whether one of a record and a guest says no birthday, and may be of either of two born on different days."""
    if record.born is not None and any(one.born is not None for one in cluster):
        return False
    bearers = {one.id: one for key in record.keys if key for one in index.bearing(key)}
    days = {
        one.born
        for one in (record, *bearers.values())
        if one.born is not None and agreement(record.name, one.name) != "apart"
    }
    return any(born(one, other) == "apart" for one, other in combinations(sorted(days), 2))


def are_born_otherwise(ones: Iterable[Known], others: Iterable[Known]) -> bool:
    """Whether of two guests, by their records, one was born on another day than the other."""
    left, right = (
        {structs.replace(one, id=0, guest_id=None) for one in records if one.born is not None and not one.said}
        for records in (ones, others)
    )
    return any(is_of_other_birth(one, other) for one, other in product(left, right))


def houses_of(record: Known, index: Index) -> frozenset[str]:
    """Those of a record's contacts under which two people are known by their names: a family's, or a firm's."""
    return frozenset(key for key in record.keys if key and is_house([record, *index.bearing(key)]))


def is_house(bearers: Iterable[Known]) -> bool:
    """Whether records that all have one contact show that it is several people's."""
    # Two names of one guest are there by a person's word, or the source's.
    named = {(one.name, one.guest_id if one.guest_id is not None else -one.id) for one in bearers if one.name}
    return any(
        home != other_home and agreement(name, other) == "apart"
        for (name, home), (other, other_home) in combinations(sorted(named), 2)
    )


def _is_same(
    record: Known,
    sharing: Sequence[Known],
    cluster: Sequence[Known],
    guests: dict[int, list[Known]],
    houses: frozenset[str],
) -> bool:
    if is_stranger(record, cluster) or is_born_otherwise(record, cluster):
        return False
    by_both = shares_both(record, sharing) and houses.isdisjoint(filter(None, record.keys))
    if not by_both and any(agreement(record.name, one.name) == "slip" for one in cluster):
        return False
    if is_whole(record.name) and any(one.said and agreement(record.name, one.name) == "same" for one in cluster):
        return True
    if any(_is_named_so(record, one, houses, by_both=by_both) for one in sharing):
        return True
    # Without a name on one side only an e-mail, or a phone that nobody else has, can speak for itself.
    email, phone = (key if key not in houses else None for key in record.keys)
    nameless = [one for one in sharing if agreement(record.name, one.name) == "unknown"]
    if any(email and email == one.keys.email for one in nameless):
        return True
    only = phone and sum(any(phone == one.keys.phone for one in records) for records in guests.values()) == 1
    return bool(only) and len(nameless) == len(sharing) and (is_whole(record.name) or not words(record.name))


def _is_named_so(record: Known, other: Known, houses: frozenset[str], *, by_both: bool) -> bool:
    """Whether two records that share a contact are one person's by their names.

    A given or a family name alone is not enough for a phone: whole families are Jensen, and have one. Where a contact
    is known to be several people's, it takes the whole name: an initial is anybody's of them.
    """
    agreed = agreement(record.name, other.name)
    if agreed == "slip":
        return by_both
    if is_named_whole(record.name, other.name):
        return True
    shared = {key for key in record.keys if key and key in other.keys} - houses
    enough = record.keys.email in shared or (bool(shared) and is_whole(record.name) and is_whole(other.name))
    return agreed in ("same", "alike") and enough


def shares_both(record: Known, others: Iterable[Known]) -> bool:
    """Whether one of these records has both the e-mail and the phone of this one."""
    return None not in record.keys and any(record.keys == one.keys for one in others)


def _chosen(record: Known, home: int | None, guests: Sequence[int], index: Index) -> tuple[int | None, tuple[int, ...]]:
    """The oldest of these guests and those it absorbs; where they are plainly different people, none is absorbed."""
    if not _different(guests, record, index):
        return guests[0], tuple(guests[1:])
    if home is not None:
        return home, ()
    exact = [guest for guest in guests if _names_same(record, index.of_guest(guest, record.id))]
    return (exact[0], ()) if len(exact) == 1 else (None, ())


def _different(guests: Sequence[int], record: Known, index: Index) -> bool:
    of_guest = [index.of_guest(guest, record.id) for guest in guests]
    if any(index.are_apart(one, other) for place, one in enumerate(of_guest) for other in of_guest[place + 1 :]):
        return True
    names = [{one.name for one in records} | {record.name} for records in of_guest]
    two = ("apart",) if any(shares_both(record, one) for one in of_guest) else ("apart", "slip")
    if any(are_born_otherwise(one, other) for one, other in combinations(of_guest, 2)):
        return True
    return any(
        agreement(left, right) in two
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        for left in one
        for right in other
    )


def _names_same(record: Known, others: Collection[Known]) -> bool:
    return any(agreement(record.name, one.name) == "same" for one in others)


def _by(record: Known, others: Sequence[Known]) -> By | None:
    email = any(record.keys.email and record.keys.email == one.keys.email for one in others)
    phone = any(record.keys.phone and record.keys.phone == one.keys.phone for one in others)
    if email and phone:
        return "email and phone"
    return "email" if email else "phone" if phone else None
