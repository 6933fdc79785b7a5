"""Records as they arrive, with all that deciding about them and telling of them goes by."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, convert, structs

from servery.guests import rows
from servery.guests.apart import APART, Pair, pairs_in
from servery.guests.golden import Record
from servery.guests.habits import USUAL, Usual, at_usual
from servery.guests.keys import Keys, keys
from servery.guests.matching.features import Features, features_of
from servery.guests.names import agreement
from servery.guests.resolve import Known
from servery.guests.rows import Db
from servery.model.guest import SourceGuest
from servery.storage.names import fold


class Arrived(Struct, frozen=True):
    """A record as it arrived: its `keys` and `features`, and `known` and `compared` for what counts of them.

    What too many share does not count. `merged`: its source merged it with another record.
    """

    record: Record
    keys: Keys
    features: Features
    known: Known
    compared: Features
    removed: bool
    merged: bool


class Arrival(Struct, frozen=True):
    """A set of records; the pairs that are apart in which one of them is; when the weights that count were trained."""

    records: list[Arrived]
    apart: frozenset[Pair]
    trained_at: datetime | None


_ARRIVED = f"""
select s.id, s.connection_id, s.guest_id, s.removed, {rows.RECORD}, {rows.SETTLED} as settled, {APART} as apart,
       (select m.body from match_features m where m.source_guest_id = s.id) as before,
       s.merged_into is not null or exists (select from source_guest o where o.connection_id = s.connection_id
                                            and o.merged_into = s.external_id) as merged,
       {USUAL} as usual, (select trained_at from match_weights order by version desc limit 1) as trained_at
from json_array_elements_text(%s::json) as i(id) join source_guest s on s.id = i.id::bigint
where s.revision >= 0 order by s.id"""


async def arrival(db: Db, source_guest_ids: Collection[int]) -> Arrival:
    """Read these records, without those that were only referred to so far."""
    cursor = await db.execute(_ARRIVED, [rows.as_json(set(source_guest_ids))])
    found = [row | {"guest": convert(row["body"], SourceGuest)} for row in await cursor.fetchall()]
    abroad = {row["connection_id"] for row in found if _needs_country(row["guest"])}
    countries = await rows.countries(db, abroad) if abroad else {}
    records = [_arrived(row, countries.get(row["connection_id"])) for row in found]
    crowd = await _crowd(db, [one.known for one in records])
    trained_at = found[0]["trained_at"] if found else None
    return Arrival([_counting(one, crowd) for one in records], pairs_in(found), trained_at)


def _needs_country(guest: SourceGuest) -> bool:
    """Whether a phone number can only be read by whoever knows in which country it was written."""
    return guest.phone is not None and guest.country is None and not guest.phone.lstrip().startswith("+")


def _arrived(row: Mapping[str, Any], country: str | None) -> Arrived:
    record = rows.record_of(row)
    guest = record.guest
    contact = keys(guest.email, guest.phone, guest.country or country)
    features = features_of(guest, country)
    settled = bool(row["settled"]) and not _is_renamed(features, row["before"])
    known = Known(
        record.id,
        guest.name,
        contact,
        row["guest_id"],
        guest.one_time,
        settled,
        born=features.born,
    )
    compared = at_usual(features, convert(row["usual"], Usual | None))
    record = structs.replace(record, phone=contact.phone)
    return Arrived(record, contact, features, known, compared, bool(row["removed"]), bool(row["merged"]))


def _is_renamed(features: Features, before: Mapping[str, str] | None) -> bool:
    """Whether a record bears plainly another name than when it was last decided about: a till gives its numbers anew.

    What a person said of it then, they said of somebody else; also where it had no name.
    """
    if before is None:
        return False
    was = " ".join(before[part] for part in ("given", "family") if part in before)
    now = " ".join(filter(None, (features.given, features.family)))
    return bool(now) and agreement(was, now) in ("apart", "unknown")


_MOST_GUESTS = 12
"""People who may share an e-mail or a phone: with more of them it is a company's, and tells nobody from anybody."""


async def _crowd(db: Db, arrived: Sequence[Known]) -> frozenset[str]:
    """Contacts that are shared by too many, among those known already and among those that arrive; remembered."""
    names: dict[str, set[str]] = defaultdict(set)
    for one in arrived:
        for key in filter(None, one.keys):
            names[key].add(fold(one.name or ""))
    found = frozenset(key for key, sharing in names.items() if len(sharing) > _MOST_GUESTS)
    found |= await _crowded(db, names)
    if found:
        await rows.keep_crowded(db, found)
    return found


# Of an address that one guest uses a thousand times only so many records need be looked at.
_CROWDED = f"""
select k.contact from json_array_elements_text(%s::json) as k(contact)
where exists (select from crowded_contact c where c.contact = k.contact) or {_MOST_GUESTS} < (
    select count(distinct guest_id) from (
        select guest_id from source_guest where email_key = k.contact
        union all select guest_id from source_guest where phone_key = k.contact limit 200) s)"""


async def _crowded(db: Db, contacts: Iterable[str]) -> frozenset[str]:
    """Those of these e-mails and phones under which too many guests are known, now or at any time before."""
    asked = sorted(contacts)
    cursor = await db.execute(_CROWDED, [rows.as_json(asked)]) if asked else None
    return frozenset(row["contact"] for row in await cursor.fetchall()) if cursor else frozenset()


def _counting(one: Arrived, crowd: frozenset[str]) -> Arrived:
    if crowd.isdisjoint(filter(None, one.keys)):
        return one
    left = Keys(*(None if key in crowd else key for key in one.keys))
    return structs.replace(one, known=structs.replace(one.known, keys=left), compared=_unsaid(one.compared, crowd))


def _unsaid(features: Features, crowd: frozenset[str]) -> Features:
    phone = None if features.phone in crowd else features.phone
    if features.email in crowd:
        return structs.replace(features, phone=phone, email=None, email_local=None)
    return structs.replace(features, phone=phone)
