"""Matching parties to reservations: scored evidence, weighed in log-odds, with a reason for every part. Pure.

A check is first put together with those of the same party (split bills); a party is then held against each booking
it could be. It is joined to one only when the evidence is clear and no other booking is nearly as likely; otherwise it
stays unmatched and is listed with its candidates for a person to decide.
"""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from rapidfuzz.distance import DamerauLevenshtein

from servery.model.reservation import NEVER_CAME, ReservationStatus
from servery.model.visit import Match, MatchBy, Reason

JOINED_AT = 0.8
"""From this probability on a party is joined to a booking."""
WORTH_ASKING = 0.4
"""From this probability on a booking is shown to a person as a candidate."""
CLEAR = 3.0
"""How many times likelier than the next candidate a booking must be."""

# Log-odds. Two strangers at one table in one window of time are rare, so an equal table weighs most besides a person
# recognised; a party that moved keeps its old table in the book, so another table speaks against, but not for ever.
_PRIOR = -2.5
_TABLE_SAME, _TABLE_OTHER = 4.0, -4.0
_NAME_SAME, _NAME_OTHER = 4.0, -3.0
_GUEST_SAME, _GUEST_OTHER = 7.0, -1.0
_COVERS_SAME, _COVERS_OTHER = 1.0, -1.5
# At the edge of the window, which is the venue's to set, an equal table alone is just enough.
_TIME_BEST, _TIME_AT_EDGE, _TIME_WORST = 1.5, -0.1, -3.0
_BEFORE_SEATED = -2.0
_SEATED_LATE = 5
"""Minutes by which staff mark a party seated after its check was opened."""


class Booking(Struct, frozen=True, kw_only=True):
    """A reservation as matching sees it; `tables` are keys, `guest_id` the guest (not the source record)."""

    id: int
    starts_at: datetime
    status: ReservationStatus
    party_size: int
    tables: frozenset[str] = frozenset()
    guest_id: int | None = None
    name_words: frozenset[str] = frozenset()
    seated_at: datetime | None = None
    left_at: datetime | None = None


class Bill(Struct, frozen=True, kw_only=True):
    """A check as matching sees it. `told` is the reservation its source names, or that a person chose (None: none)."""

    id: int
    opened_at: datetime
    closed_at: datetime | None = None
    table: str | None = None
    name_words: tuple[str, ...] = ()
    covers: int | None = None
    guest_id: int | None = None
    split_from: int | None = None
    told: int | None = None
    told_by: MatchBy | None = None


class Rules(Struct, frozen=True):
    """A venue's window: minutes before and after a booking's time in which its check may open."""

    before: int = 20
    after: int = 25


class Candidate(Struct, frozen=True):
    """A booking that a party may be, with what speaks for and against."""

    booking_id: int
    score: float
    reasons: tuple[Reason, ...]


class Party(Struct, kw_only=True):
    """Checks of one party, the booking they were joined to, and else the bookings a person should choose from."""

    bills: list[Bill]
    booking_id: int | None = None
    match: Match | None = None
    candidates: tuple[Candidate, ...] = ()


def match(bookings: Sequence[Booking], bills: Sequence[Bill], rules: Rules) -> list[Party]:
    """Group one business day's checks into parties and join each to the booking it belongs to, where that is clear.

    Where nothing else decides, what stands first in `bookings` and `bills` does: give them in an order of their own.
    """
    parties = [Party(bills=found) for found in together(bills)]
    open_parties = [party for party in parties if not _told(party, {one.id for one in bookings})]
    taken = {party.booking_id for party in parties if party.booking_id is not None}
    possible = {one.id: one for one in bookings if one.status not in NEVER_CAME and one.id not in taken}
    by_time = _ByTime(list(possible.values()))
    _assign(open_parties, [_offers(party, by_time.near(party.bills, rules), rules) for party in open_parties], possible)
    return parties


def together(bills: Iterable[Bill]) -> list[list[Bill]]:
    """Put checks of one party together: split from one another, or on one table side by side in time."""
    groups: list[list[Bill]] = []
    by_place: dict[object, list[list[Bill]]] = defaultdict(list)
    families: dict[int, list[Bill]] = {}
    by_id = {bill.id: bill for bill in bills}
    for bill in sorted(by_id.values(), key=lambda one: one.opened_at):
        origin = _origin(bill, by_id)
        place = bill.table or frozenset(bill.name_words) or None
        near = [one for one in by_place[place] if any(_side_by_side(bill, other) for other in one)] if place else []
        likely = [families[origin]] if origin in families else near
        group = next((one for one in likely if _may_be_one(bill, one)), None)
        if group is None:
            group = []
            groups.append(group)
            by_place[place].append(group)
        group.append(bill)
        families.setdefault(origin, group)
    return groups


def _origin(bill: Bill, by_id: Mapping[int, Bill]) -> int:
    """The check that this one was split from in the beginning; itself when from none."""
    passed = [bill.id]
    while (before := bill.split_from) is not None:
        if before in passed:
            # A ring, which a source may tell: whoever hangs on to it is of its origin, and not of a ring of their own.
            return min(passed[passed.index(before) :])
        passed.append(before)
        if before not in by_id:
            break
        bill = by_id[before]
    return passed[-1]


def _may_be_one(bill: Bill, group: Iterable[Bill]) -> bool:
    """Whether nothing that was said of these checks keeps them apart; what a person took from a party stays alone."""
    said = {(one.told_by, one.told) for one in (bill, *group) if one.told_by is not None}
    return len(said) < 2 and ("staff", None) not in said


def _side_by_side(later: Bill, earlier: Bill) -> bool:
    """Overlapping, and opened or closed together: bills split at the end, or begun apart.

    A bill that was merely left open while the next party sat down is neither.
    """
    if earlier.closed_at is not None and later.opened_at > earlier.closed_at + timedelta(minutes=2):
        return False
    if later.opened_at - earlier.opened_at <= timedelta(minutes=10):
        return True
    if earlier.closed_at is None or later.closed_at is None:
        return False
    return abs(later.closed_at - earlier.closed_at) <= timedelta(minutes=20)


def _told(party: Party, known: Collection[int]) -> bool:
    """Take what a person or the source has said; the rules do not touch such a party."""
    said = next((bill for bill in party.bills if bill.told_by is not None), None)
    if said is None or said.told_by is None:
        return False
    party.booking_id = said.told if said.told in known else None
    party.match = Match(1.0, said.told_by, (Reason(said.told_by, 0.0),))
    return True


class _ByTime:
    """Bookings by the times from which a check may be theirs: of hundreds in a day, few are near any one check."""

    def __init__(self, bookings: Sequence[Booking]) -> None:
        self._bookings = bookings
        self._starts = sorted((one.starts_at, place) for place, one in enumerate(bookings))
        self._seated = sorted((one.seated_at, place) for place, one in enumerate(bookings) if one.seated_at)

    def near(self, bills: Sequence[Bill], rules: Rules) -> list[Booking]:
        """All that `weigh` could find likely, in the order in which they were given."""
        opened = min(bill.opened_at for bill in bills)
        latest = opened - timedelta(minutes=rules.after)
        places = _between(self._starts, latest, opened + timedelta(minutes=rules.before))
        places |= _between(self._seated, latest, opened + timedelta(minutes=_SEATED_LATE))
        return [self._bookings[place] for place in sorted(places)]


def _between(times: Sequence[tuple[datetime, int]], since: datetime, until: datetime) -> set[int]:
    first = bisect_left(times, since, key=lambda one: one[0])
    last = bisect_right(times, until, key=lambda one: one[0])
    return {place for _, place in times[first:last]}


def _offers(party: Party, bookings: Iterable[Booking], rules: Rules) -> list[Candidate]:
    weighed = (weigh(party.bills, booking, rules) for booking in bookings)
    found = [one for one in weighed if one is not None and one.score >= WORTH_ASKING]
    return sorted(found, key=lambda one: -one.score)


def weigh(bills: Sequence[Bill], booking: Booking, rules: Rules) -> Candidate | None:
    """How likely these checks are this booking's; None when they were opened outside its window."""
    first = min(bills, key=lambda one: one.opened_at)
    since_booked = _minutes(first.opened_at - booking.starts_at)
    since_seated = _minutes(first.opened_at - booking.seated_at) if booking.seated_at else None
    in_window = -rules.before <= since_booked <= rules.after
    after_seating = since_seated is not None and -_SEATED_LATE <= since_seated <= rules.after
    if not (in_window or after_seating):
        return None
    reasons = [_time(since_booked, since_seated, rules), *_table(bills, booking), *_who(bills, booking)]
    reasons += _covers(bills, booking)
    score = 1 / (1 + math.exp(-(_PRIOR + sum(reason.weight for reason in reasons))))
    return Candidate(booking.id, round(score, 4), tuple(reasons))


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def _time(since_booked: float, since_seated: float | None, rules: Rules) -> Reason:
    minutes = since_booked if since_seated is None else since_seated
    edge = max(1, rules.after if minutes > 0 else rules.before)
    weight = max(_TIME_WORST, _TIME_BEST - (_TIME_BEST - _TIME_AT_EDGE) * (minutes / edge) ** 2)
    if since_seated is not None and since_seated < -_SEATED_LATE:
        weight += _BEFORE_SEATED
    return Reason("time", round(weight, 2), f"{since_booked:+.0f}")


def _table(bills: Sequence[Bill], booking: Booking) -> list[Reason]:
    tables = {bill.table for bill in bills if bill.table}
    if not tables or not booking.tables:
        return []
    same = tables & booking.tables
    return [Reason("table", _TABLE_SAME, min(same)) if same else Reason("other-table", _TABLE_OTHER, min(tables))]


def _who(bills: Sequence[Bill], booking: Booking) -> list[Reason]:
    guests = {bill.guest_id for bill in bills if bill.guest_id is not None}
    if booking.guest_id is not None and booking.guest_id in guests:
        return [Reason("guest", _GUEST_SAME)]
    reasons = [Reason("other-guest", _GUEST_OTHER)] if guests and booking.guest_id is not None else []
    written = {word for bill in bills for word in bill.name_words}
    if written and booking.name_words:
        same = any(_same_word(word, name) for word in written for name in booking.name_words)
        reasons.append(Reason("name", _NAME_SAME) if same else Reason("other-name", _NAME_OTHER))
    return reasons


def _same_word(word: str, name: str) -> bool:
    if word == name:
        return True
    allowed = 0 if min(len(word), len(name)) < 4 else 1 if len(word) < 7 else 2
    return allowed > 0 and DamerauLevenshtein.distance(word, name) <= allowed


def _covers(bills: Sequence[Bill], booking: Booking) -> list[Reason]:
    counted = [bill.covers for bill in bills if bill.covers]
    if not counted:
        return []
    apart = abs(max(counted) - booking.party_size)
    if apart == 0:
        return [Reason("covers", _COVERS_SAME, str(max(counted)))]
    return [Reason("other-covers", _COVERS_OTHER, str(max(counted)))] if apart > 1 else []


def _assign(parties: Sequence[Party], offers: Sequence[list[Candidate]], bookings: Mapping[int, Booking]) -> None:
    """Join the likeliest pairs first; a booking that is taken is no candidate any more, but for its other tables."""
    pairs = [(candidate, place) for place, found in enumerate(offers) for candidate in found]
    served: dict[int, set[str | None]] = defaultdict(set)

    def free(candidate: Candidate, tables: set[str | None]) -> bool:
        return _free(bookings[candidate.booking_id], tables, served[candidate.booking_id])

    for candidate, place in sorted(pairs, key=lambda pair: -pair[0].score):
        party = parties[place]
        tables = {bill.table for bill in party.bills}
        if party.booking_id is not None or candidate.score < JOINED_AT or not free(candidate, tables):
            continue
        rivals = [one for one in offers[place] if one.booking_id != candidate.booking_id and free(one, tables)]
        if all(_odds(candidate) >= CLEAR * _odds(rival) for rival in rivals):
            party.booking_id = candidate.booking_id
            party.match = Match(candidate.score, "rules", candidate.reasons)
            served[candidate.booking_id] |= tables
    for party, found in zip(parties, offers, strict=True):
        if party.booking_id is None:
            party.candidates = tuple(one for one in found if free(one, {bill.table for bill in party.bills}))


def _free(booking: Booking, tables: set[str | None], served: set[str | None]) -> bool:
    """A booking takes one party; a booking over several tables takes one for each of them."""
    return not served or (len(booking.tables) > 1 and None not in served and not tables & served)


def _odds(candidate: Candidate) -> float:
    return candidate.score / max(1 - candidate.score, 1e-9)
