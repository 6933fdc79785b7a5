"""Records that joined a guest by a contact which has turned out to be several people's: shown, for a person to part.

Who books as K. Brandt may be Karin until Karl is heard of under the same address. What was joined before that is not
parted by rules; it is told of where all guests are gone over.
"""

from collections import defaultdict
from collections.abc import Sequence, Set

import duckdb

from servery.guests.born import born
from servery.guests.keys import Keys
from servery.guests.matching.engine import RECORDS
from servery.guests.matching.guard import is_named_whole
from servery.guests.names import agreement
from servery.guests.resolve import Known, is_house

_TOLD = "id, written, email, phone, guest_id, coalesce(birthday, birth_day)"
# Contacts of guests who bear more than one name, where another guest has them too.
_SHARED = f"""
with varied as (select guest_id from {RECORDS} group by 1 having count(distinct written) > 1),
bearing as (select email as contact, id, guest_id from {RECORDS} where email is not null
            union all select phone, id, guest_id from {RECORDS} where phone is not null),
shared as (select contact from bearing semi join (select contact from bearing semi join varied using (guest_id))
           using (contact) group by 1 having count(distinct guest_id) > 1)
select contact, list(id) from bearing semi join shared using (contact) group by 1"""


def loosely_joined(db: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Guests, each with a record that only a contact of several people and a part of the name hold there."""
    shared = db.execute(_SHARED).fetchall()
    known = {one.id: one for one in _told(db, "id", {id_ for _, ids in shared for id_ in ids})}
    houses = frozenset(contact for contact, ids in shared if is_house(known[id_] for id_ in ids))
    homes = {known[id_].guest_id or 0 for contact, ids in shared if contact in houses for id_ in ids}
    of_guest: dict[int, list[Known]] = defaultdict(list)
    for one in _told(db, "guest_id", homes):
        of_guest[one.guest_id or 0].append(one)
    return sorted((guest, one.id) for guest, records in of_guest.items() for one in _loose(records, houses))


def _told(db: duckdb.DuckDBPyConnection, column: str, ids: Set[int]) -> list[Known]:
    found = db.execute(
        f"select {_TOLD} from {RECORDS} where {column} in (select unnest($ids::bigint[])) order by id",
        {"ids": sorted(ids)},
    ).fetchall()
    return [Known(id_, name, Keys(email, phone), guest, born=day) for id_, name, email, phone, guest, day in found]


def _loose(records: Sequence[Known], houses: Set[str]) -> list[Known]:
    loose = [
        one
        for one in records
        if not houses.isdisjoint(filter(None, one.keys))
        and not any(_holds(one, other, houses) for other in records if other.id != one.id)
    ]
    # Somebody is to stay.
    return loose if len(loose) < len(records) else loose[1:]


def _holds(one: Known, other: Known, houses: Set[str]) -> bool:
    shared = {key for key in one.keys if key and key in other.keys}
    if is_named_whole(one.name, other.name):
        return bool(shared) or born(one.born, other.born) == "same"
    return bool(shared - houses) and agreement(one.name, other.name) != "apart"
