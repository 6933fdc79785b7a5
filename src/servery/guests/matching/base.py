"""All guests at once on DuckDB or Spark: which of them the scores say are one. Loaded only where a run needs it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain, combinations, islice, product
from math import log2
from pathlib import Path
from typing import Any

import duckdb
from msgspec import Struct

from servery.guests.born import born
from servery.guests.keys import Keys
from servery.guests.matching.cluster import ALWAYS, NEVER, Pair, clusters
from servery.guests.matching.comparisons import COMPARISONS
from servery.guests.matching.conditions import Engine
from servery.guests.matching.engine import RECORDS, duck, whole
from servery.guests.matching.features import COLUMNS, Features
from servery.guests.matching.found import Ask, Copied, Joins, Why
from servery.guests.matching.guard import CONTACTS, is_named_so, is_named_whole, may_be_one, telling, within_house
from servery.guests.matching.guard import asked as asked_of
from servery.guests.matching.listed import Step
from servery.guests.matching.loose import loosely_joined
from servery.guests.matching.pairs import PAIRS, scored_pairs
from servery.guests.matching.score import Scored, scored
from servery.guests.matching.train import train
from servery.guests.matching.weights import Weights
from servery.guests.names import agreement
from servery.guests.resolve import Known, is_house, is_of_other_birth
from servery.guests.suggest import LIKELY, is_worth_asking

_LARGEST_BLOCK = 40
"""Records that may share a key and still be looked at pair by pair."""
_NO_DOUBT = 2.0
"""Bits below which a pair of two guests is not even counted as evidence for them."""
_OF_NO_WEIGHT = 0.0
"""The evidence of a pair by which nobody is joined, whatever its score; a third record may still join the two."""

_ASKED_AT_ONCE = 5000
"""Pairs of guests that a person is asked about after one run, the likeliest: more would never be looked at."""
_LOOKED_AT = 10 * _ASKED_AT_ONCE
"""Pairs of guests among which they are found: of many no person could say more than the score."""
LEAST_BEARERS = 20
"""Records that must say a value before weights may hold it as a frequent one: a rarer one could tell of a person."""

_AS_COPIED = """header = false, auto_detect = false, delim = ',', quote = '"', escape = '"'"""


def joins(copied: Copied, weights: Weights, step: Step = lambda _: None, engine: Engine = "duckdb") -> Joins:
    """Which guests are one, so surely that nobody need be asked; what is together stays together."""
    with duck() as db:
        step("Preparing")
        records = load(db, copied.records)
        step("Scoring pairs")
        scored_pairs(db, COMPARISONS, weights, engine=engine)
        step("Putting guests together")
        between = _between(db, weights)
        pairs = chain(_evidence(db, between), _settled(db, copied.never))
        guest_of = dict(db.execute(f"select id, guest_id from {RECORDS}").fetchall())
        guests = sorted(_of_guests(clusters(pairs), guest_of))
        step("Asking")
        _keep(db, guests)
        odd = sorted({*_unlike(db, weights), *loosely_joined(db)})
        return Joins(records, guests, _asks(db, copied.never, weights), odd, _why(db, weights))


def learnt(copied: Copied, version: int) -> Weights:
    """Weights learnt from all guests' records."""
    with duck() as db:
        load(db, copied.records)
        return train(db, COMPARISONS, version, LEAST_BEARERS)


def load(db: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Make the table of features of what was copied; how many records there are."""
    shape = ", ".join(f'"{column}": "VARCHAR"' for column in COLUMNS)
    db.execute(
        f"create table told as select id, guest_id, keys, written, unnest(from_json(body, '{{{shape}}}')) "
        f"from read_csv($path, {_AS_COPIED}, columns = {{'id': 'BIGINT', 'guest_id': 'BIGINT', 'keys': 'VARCHAR', "
        "'written': 'VARCHAR', 'body': 'VARCHAR'})",
        {"path": str(path)},
    ).fetchall()
    db.execute(
        "create table shared as select id, list(key) as keys from (select id, key from (select id, "
        "unnest(string_split(keys, ' '))::bigint as key from told where keys <> '') "
        f"qualify count(*) over (partition by key) between 2 and {_LARGEST_BLOCK}) group by id"
    ).fetchall()
    db.execute(
        f"create table {RECORDS} as select told.* exclude (keys), coalesce(shared.keys, []) as keys "
        "from told left join shared using (id)"
    ).fetchall()
    db.execute("drop table told").fetchall()
    db.execute("drop table shared").fetchall()
    return whole(db, f"select count(*) from {RECORDS}")


class _Between(Struct, frozen=True):
    """Two records of two guests: the bits beyond what is asked of a match that nobody checks, and shared contacts."""

    one: Known
    other: Known
    bits: float
    shared: frozenset[str]

    @property
    def contacts(self) -> dict[str, str]:
        """The e-mail and the phone that both have."""
        pairs = zip(Keys._fields, self.one.keys, self.other.keys, strict=True)
        return {kind: key for kind, key, other in pairs if key and key == other}


def _between(db: duckdb.DuckDBPyConnection, weights: Weights) -> list[_Between]:
    """The pairs of guests that anything speaks for."""
    asked = log2(weights.prior / (1 - weights.prior)) - log2(weights.same_from / (1 - weights.same_from))
    shared = ", ".join(f"case when a.{contact} = b.{contact} then '{contact}' end" for contact in CONTACTS)
    known = ", ".join(
        f"{side}.id, {side}.written, {side}.email, {side}.phone, {side}.guest_id, "
        f"coalesce({side}.birthday, {side}.birth_day)"
        for side in "ab"
    )
    found = db.execute(
        f"with said as (select one, other, bits + {asked!r} as bits, a.guest_id as g, b.guest_id as h "
        f"from {PAIRS} join {RECORDS} a on a.id = one join {RECORDS} b on b.id = other where a.guest_id <> b.guest_id) "
        f"select bits, concat_ws(' ', {shared}), {known} from said "
        f"join {RECORDS} a on a.id = one join {RECORDS} b on b.id = other where (least(g, h), greatest(g, h)) in "
        f"(select (least(g, h), greatest(g, h)) from said where bits > -{_NO_DOUBT})"
    ).fetchall()
    return [
        _Between(_known(said[:_SAID]), _known(said[_SAID:]), bits, frozenset(contacts.split()))
        for bits, contacts, *said in found
    ]


_SAID = 6
"""Columns that tell of one record."""


def _known(said: Sequence[Any]) -> Known:
    id_, name, email, phone, guest, born_on = said
    return Known(id_, name, Keys(email, phone), guest, born=born_on)


def _are_two(one: Known, other: Known) -> bool:
    return agreement(one.name, other.name) == "apart" or is_of_other_birth(one, other)


def _evidence(db: duckdb.DuckDBPyConnection, between: Sequence[_Between]) -> Iterator[Pair]:
    """The evidence of pairs of two guests, as an arrival hears it.

    A pair whose names or birthdays say that it is two people is never one; one that shares nothing telling joins nobody
    by itself, no more than an initial does by what is several people's.
    """
    houses = _houses(db, between)
    heard: list[tuple[_Between, float]] = []
    unsure = []
    for each in between:
        if each.bits <= 0:
            yield each.one.id, each.other.id, each.bits
        elif is_of_other_birth(each.one, each.other):
            heard.append((each, NEVER))
        elif (bits := _heard(each, each.shared, houses)) == _OF_NO_WEIGHT and each.one.born and each.other.born:
            unsure.append(each)
        else:
            heard.append((each, bits))
    heard.extend(_by_birthday(db, unsure, houses))
    torn = _torn(each for each, bits in heard if bits > 0)
    for each, bits in heard:
        yield each.one.id, each.other.id, min(bits, _OF_NO_WEIGHT) if torn(each) else bits


def _torn(likely: Iterable[_Between]) -> Callable[[_Between], bool]:
    """Which of these pairs join nobody, because one of the two may as well be a third, who is not the other."""
    partners: dict[int, dict[int, list[tuple[Known, Known]]]] = defaultdict(lambda: defaultdict(list))
    for each in likely:
        for mine, theirs in ((each.one, each.other), (each.other, each.one)):
            partners[mine.guest_id or 0][theirs.guest_id or 0].append((mine, theirs))
    left: dict[int, set[int]] = {}
    for guest, others in partners.items():
        records = [{theirs for _, theirs in pairs} for pairs in others.values()]
        if any(_are_two(*two) for some, more in combinations(records, 2) for two in product(some, more)):
            same = {
                other for other, pairs in others.items() if any(agreement(a.name, b.name) == "same" for a, b in pairs)
            }
            left[guest] = same if len(same) == 1 else set()
    return lambda each: any(
        mine.guest_id in left and theirs.guest_id not in left[mine.guest_id]
        for mine, theirs in ((each.one, each.other), (each.other, each.one))
    )


def _heard(each: _Between, shared: Set[str], houses: Set[str]) -> float:
    name, other = each.one.name, each.other.name
    if not is_named_whole(name, other):
        shared = within_house(shared, {kind for kind, key in each.contacts.items() if key in houses})
    agreed = agreement(name, other)
    if not may_be_one(agreed, shared):
        return NEVER
    nameless = agreed == "unknown" and ("email" in shared or len(shared) > 1)
    return each.bits if nameless or is_named_so(name, other, shared) else _OF_NO_WEIGHT


def _houses(db: duckdb.DuckDBPyConnection, between: Iterable[_Between]) -> frozenset[str]:
    """The contacts by which two might be joined who are not named alike, and that are several people's."""
    asked = {
        key
        for each in between
        if each.bits > 0 and not is_named_whole(each.one.name, each.other.name)
        for key in each.contacts.values()
    }
    found = db.execute(
        "with asked as materialized (select unnest($asked::varchar[]) as contact), "
        f"bearing as (select contact, id, written, guest_id from {RECORDS} join asked on email = contact "
        f"union all select contact, id, written, guest_id from {RECORDS} join asked on phone = contact) "
        "select contact, list(distinct {'id': id, 'name': written, 'guest': guest_id}) from bearing group by 1",
        {"asked": sorted(asked)},
    ).fetchall()
    none = Keys(None, None)
    return frozenset(
        contact
        for contact, bearers in found
        if is_house(Known(one["id"], one["name"], none, one["guest"]) for one in bearers)
    )


def _by_birthday(
    db: duckdb.DuckDBPyConnection, pairs: Sequence[_Between], houses: Set[str]
) -> Iterator[tuple[_Between, float]]:
    """The evidence of pairs in which all depends on when the two were born."""
    said = _features(db, {one.id for each in pairs for one in (each.one, each.other)})
    features = {record: each.columns() for record, each in said.items()}
    for pair in pairs:
        left, right = features[pair.one.id], features[pair.other.id]
        levels = {each.name: found.name for each in COMPARISONS if (found := each.found(left, right)) is not None}
        shared = telling(levels, left["birth_month_day"])
        yield pair, _heard(pair, shared, houses)


def _settled(db: duckdb.DuckDBPyConnection, never: Path) -> Iterator[Pair]:
    together = db.execute(
        f"select lag(id) over (partition by guest_id order by id) as before, id from {RECORDS} qualify before not null"
    ).fetchall()
    yield from ((one, other, ALWAYS) for one, other in together)
    apart = db.execute(
        f"select one, other from read_csv($path, {_AS_COPIED}, columns = {{'one': 'BIGINT', 'other': 'BIGINT'}})",
        {"path": str(never)},
    ).fetchall()
    yield from ((one, other, NEVER) for one, other in apart)


def _asks(db: duckdb.DuckDBPyConnection, never: Path, weights: Weights) -> list[Ask]:
    """The likeliest pair of each two guests that may be one, with why.

    None of whom somebody said never, and none who are joined: those would leave no room for the others.
    """
    least = max(weights.ask_from, LIKELY)
    asked = log2(least / (1 - least)) - log2(weights.prior / (1 - weights.prior))
    found = db.execute(
        "with apart as (select least(a.guest_id, b.guest_id) as g, greatest(a.guest_id, b.guest_id) as h "
        f"from read_csv($path, {_AS_COPIED}, columns = {{'one': 'BIGINT', 'other': 'BIGINT'}}) "
        f"join {RECORDS} a on a.id = one join {RECORDS} b on b.id = other), "
        "said as (select one, other, bits, a.written as name, b.written as other_name, "
        "least(a.guest_id, b.guest_id) as g, greatest(a.guest_id, b.guest_id) as h "
        f"from {PAIRS} join {RECORDS} a on a.id = one join {RECORDS} b on b.id = other "
        f"where a.guest_id <> b.guest_id and bits >= {asked!r}), "
        "together as (select a.guest_id as g, b.guest_id as h from joined a join joined b using (place)) "
        "select one, other, name, other_name from said anti join apart using (g, h) anti join together using (g, h) "
        "qualify row_number() over (partition by g, h order by bits desc, one, other) = 1 "
        f"order by bits desc, one, other limit {_LOOKED_AT}",
        {"path": str(never)},
    ).fetchall()
    likely = [(one, other) for one, other, *names in found if agreement(*names) != "apart"]
    features = _features(db, {record for pair in likely for record in pair})
    names = {record: name for one, other, *both in found for record, name in zip((one, other), both, strict=True)}
    told = ((one, other, _asked(names, features, weights, one, other)) for one, other in likely)
    asks = (Ask(one, other, said) for one, other, said in told if said is not None)
    return list(islice((ask for ask in asks if is_worth_asking(ask.scored)), _ASKED_AT_ONCE))


def _asked(
    names: Mapping[int, str | None], features: Mapping[int, Features], weights: Weights, one: int, other: int
) -> Scored | None:
    days = (features[record].born for record in (one, other))
    return asked_of(names[one], names[other], scored(features[one], features[other], weights), born(*days))


def _keep(db: duckdb.DuckDBPyConnection, joins: Sequence[tuple[int, ...]]) -> None:
    """Make the table of guests that are joined, each with the place of its join."""
    db.execute(
        "create table joined as select unnest($guests::bigint[]) as guest_id, unnest($places::bigint[]) as place",
        {
            "guests": [guest for join in joins for guest in join],
            "places": [place for place, join in enumerate(joins) for _ in join],
        },
    ).fetchall()


def _why(db: duckdb.DuckDBPyConnection, weights: Weights) -> dict[int, Why]:
    """Of each guest that is joined with others the likeliest pair between it and one of them."""
    prior = log2(weights.prior / (1 - weights.prior))
    found = db.execute(
        "with said as (select one, other, bits, g.guest_id as g, h.guest_id as h "
        f"from {PAIRS} join {RECORDS} a on a.id = one join {RECORDS} b on b.id = other "
        "join joined g on g.guest_id = a.guest_id join joined h on h.guest_id = b.guest_id and h.place = g.place "
        "where a.guest_id <> b.guest_id) "
        "select guest, one, other, bits from (select unnest([g, h]) as guest, one, other, bits from said) "
        "qualify row_number() over (partition by guest order by bits desc, one, other) = 1"
    ).fetchall()
    return {guest: Why(one, other, bits + prior) for guest, one, other, bits in found}


def _features(db: duckdb.DuckDBPyConnection, records: set[int]) -> dict[int, Features]:
    columns = ", ".join(f"r.{column}" for column in COLUMNS)
    rows = db.execute(
        f"select id, {columns} from {RECORDS} r where id in (select unnest($records::bigint[]))",
        {"records": list(records)},
    ).fetchall()
    return {record: Features(**dict(zip(COLUMNS, said, strict=True))) for record, *said in rows}


def _unlike(db: duckdb.DuckDBPyConnection, weights: Weights) -> list[tuple[int, int]]:
    """Records that were compared with others of their guest and are like none of them; the guest's first stays."""
    even = -log2(weights.prior / (1 - weights.prior))
    return db.execute(
        f"with home as (select guest_id from {RECORDS} group by 1 having count(*) > 1), "
        f"liked as (select unnest([one, other]) as id from {PAIRS} join {RECORDS} a on a.id = one "
        f"join {RECORDS} b on b.id = other where a.guest_id = b.guest_id and bits > {even!r}), "
        f"odd as (select r.id, r.guest_id, r.keys from {RECORDS} r semi join home using (guest_id) "
        "anti join liked using (id)) "
        f"select distinct o.guest_id, o.id from odd o join {RECORDS} r on r.guest_id = o.guest_id and r.id < o.id "
        "and list_has_any(r.keys, o.keys) order by all"
    ).fetchall()


def _of_guests(groups: Iterable[list[int]], guest_of: dict[int, int]) -> Iterator[tuple[int, ...]]:
    for group in groups:
        guests = {guest_of[record] for record in group}
        if len(guests) > 1:
            yield tuple(sorted(guests))
