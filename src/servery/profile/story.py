"""The guest's story: who they are, how they come, what they have. Made for many guests at a time."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from msgspec import Struct, structs
from psycopg.rows import DictRow

from servery.model.consent import CHANNELS, Channel, Line, by_channel
from servery.model.guest import Birthday, Consent, Golden, Known, Note
from servery.model.reservation import EXPECTED, ReservationStatus
from servery.model.venue import table_key
from servery.model.viewer import Viewer
from servery.profile import rows
from servery.profile.figures import USUAL_FROM, Figures, Spend, Visited, figures, spend
from servery.profile.rights import admit, hidden
from servery.profile.rows import Booked, Db, Kept
from servery.profile.taste import Favourites, Ordered, favourites


class Repeated(Struct, frozen=True):
    """A request, as it was last written, and on how many bookings it was made."""

    text: str
    times: int


class Upcoming(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A booking that is still to come."""

    id: int
    venue_id: int
    venue: str
    time_zone: str
    starts_at: datetime
    party_size: int
    status: ReservationStatus
    tables: tuple[str, ...] = ()
    requests: str | None = None
    occasion: str | None = None


class Story(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One guest as all systems together know them, cut to what a viewer may see: the rest is None or empty.

    `id` is the guest's own now: it differs from the one asked for where records were merged.
    """

    id: int
    name: str | None = None
    reference: str | None = None
    """What the guest is called at the source where no name is known: as a rule a number."""
    pronunciation: str | None = None
    """How to say the name, as staff write it."""
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    city: str | None = None
    postcode: str | None = None
    loyalty_id: str | None = None
    birthday: Birthday | None = None
    language: str | None = None
    vip: bool = False
    one_time: bool = False
    marketing: Consent = "unknown"
    """What holds by the ledger of consent where no channel was named; `marketing_by_channel` is what holds for each."""
    channels: Mapping[Channel, Consent] = {}
    """What holds for the channels of which something else is said."""
    allergies: tuple[str, ...] = ()
    """Those on the guest's records and those on any of their bookings, as written."""
    preferences: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    figures: Figures = Figures()
    spend: tuple[Spend, ...] = ()
    favourites: Favourites = Favourites()
    requests: tuple[Repeated, ...] = ()
    """What was asked for on more than one booking, the most frequent first."""
    upcoming: tuple[Upcoming, ...] = ()
    hidden: tuple[str, ...] = ()
    """The names of fields that are empty because the viewer's role does not see them."""

    @property
    def marketing_by_channel(self) -> dict[Channel, Consent]:
        """What holds by the ledger of consent for each channel; unknown is no consent to it."""
        return {one: self.channels.get(one, self.marketing) for one in CHANNELS}


async def stories(
    db: Db,
    viewer: Viewer,
    guest_ids: Collection[int],
    *,
    venue_id: int | None = None,
    before: date | None = None,
    now: datetime | None = None,
) -> dict[int, Story]:
    """The stories of these guests, by the ids asked for; ids that nobody ever had are left out.

    With `venue_id` the usual table is one of that venue's. With `before` only visits and bookings on earlier business
    dates count in the figures: what was known when that day began. `now` (UTC) divides past from upcoming.
    """
    admit(viewer)
    ids = await rows.survivors(db, guest_ids)
    told = await _told(db, set(ids.values()), venue_id, before, now or datetime.now(UTC))
    seen = {guest_id: _cut(story, viewer) for guest_id, story in told.items()}
    return {asked: seen[guest_id] for asked, guest_id in ids.items()}


async def story(
    db: Db, viewer: Viewer, guest_id: int, *, venue_id: int | None = None, now: datetime | None = None
) -> Story:
    """One guest's story; NotFound when there never was such a guest."""
    admit(viewer)
    current = await rows.survivor(db, guest_id)
    return (await stories(db, viewer, [current], venue_id=venue_id, now=now))[current]


class _Read(Struct, frozen=True, kw_only=True):
    """What was read of one guest."""

    guest: Kept
    records: Sequence[DictRow] = ()
    ledger: Sequence[Line] = ()
    visits: Sequence[Visited] = ()
    bookings: Sequence[Booked] = ()
    ordered: Sequence[Ordered] = ()


async def _told(
    db: Db, ids: Collection[int], venue_id: int | None, before: date | None, now: datetime
) -> dict[int, Story]:
    guests = await rows.kept(db, ids)
    records = await rows.records(db, ids)
    ledgers = await rows.consents(db, ids)
    visits = await rows.visits(db, ids, before)
    bookings = await rows.reservations(db, ids)
    ordered = await rows.ordered(db, visits)
    told = {
        guest_id: _story(
            _Read(
                guest=guest,
                records=records.get(guest_id, ()),
                ledger=ledgers.get(guest_id, ()),
                visits=visits.get(guest_id, ()),
                bookings=bookings.get(guest_id, ()),
                ordered=ordered.get(guest_id, ()),
            ),
            venue_id,
            before,
            now,
        )
        for guest_id, guest in guests.items()
    }
    return await _with_areas(db, told)


def _story(read: _Read, venue_id: int | None, before: date | None, now: datetime) -> Story:
    counted = Counter(one.status for one in read.bookings if before is None or one.business_date < before)
    with_check = sum(bool(one.spent) for one in read.visits)
    return Story(
        id=read.guest.id,
        **_who(read.guest, read.records),
        **_agreed(read.ledger),
        allergies=allergies(read.guest.golden, (one.allergies for one in read.bookings)),
        figures=figures(
            read.visits,
            now,
            venue_id=venue_id,
            no_shows=counted["no_show"],
            cancelled=counted["cancelled"],
        ),
        spend=spend(read.visits),
        favourites=favourites(read.ordered, with_check),
        requests=repeated(one.requests for one in read.bookings),
        upcoming=tuple(_upcoming(one) for one in read.bookings if one.status in EXPECTED and one.starts_at >= now),
    )


def _who(guest: Kept, records: Sequence[DictRow]) -> dict[str, Any]:
    golden = guest.golden
    bodies = [record["body"] for record in records if not record["removed"]]
    return {
        "name": guest.name,
        "reference": records[0]["external_id"] if records and not guest.name else None,
        **{name: _value(getattr(golden, name)) for name in _SINGLE},
        "loyalty_id": next((body["loyalty_id"] for body in reversed(bodies) if body.get("loyalty_id")), None),
        "birthday": golden.birthday,
        "vip": golden.vip is not None,
        "one_time": golden.one_time,
        "preferences": _values(golden.preferences),
        "tags": _values(golden.tags),
        "notes": golden.notes,
    }


_SINGLE = ("pronunciation", "email", "phone", "company", "city", "postcode", "language")


def _value(known: Known | None) -> str | None:
    return known.value if known else None


def _values(known: Iterable[Known]) -> tuple[str, ...]:
    return tuple(one.value for one in known)


def _agreed(ledger: Sequence[Line]) -> dict[str, Any]:
    held = by_channel(ledger)
    whole = held["any"]
    return {"marketing": whole, "channels": {name: one for name, one in held.items() if one != whole}}


def allergies(golden: Golden, on_bookings: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Every allergy on the guest's records and bookings, each once, as first written."""
    found = {known.value.strip().casefold(): known.value.strip() for known in golden.allergies}
    for written in on_bookings:
        for one in written:
            found.setdefault(one.strip().casefold(), one.strip())
    return tuple(found[key] for key in sorted(found) if key)


def repeated(requests: Iterable[str | None]) -> tuple[Repeated, ...]:
    """Requests made on more than one booking, however they were capitalised and spaced; given in order of time."""
    times: Counter[str] = Counter()
    latest: dict[str, str] = {}
    for text in requests:
        key = " ".join((text or "").casefold().split()).rstrip(".!")
        if text and key:
            times[key] += 1
            latest[key] = text.strip()
    return tuple(Repeated(latest[key], count) for key, count in times.most_common() if count >= USUAL_FROM)


def _upcoming(booked: Booked) -> Upcoming:
    return Upcoming(**{name: getattr(booked, name) for name in Upcoming.__struct_fields__})


async def _with_areas(db: Db, told: Mapping[int, Story]) -> dict[int, Story]:
    """Usual tables by the venue's own name for them, with their area."""
    venue_ids = {one.figures.table.venue_id for one in told.values() if one.figures.table}
    known = await rows.tables(db, venue_ids) if venue_ids else {}
    return {guest_id: _with_area(one, known) for guest_id, one in told.items()}


def _with_area(story: Story, known: Mapping[tuple[int, str], tuple[str, str | None]]) -> Story:
    table = story.figures.table
    found = known.get((table.venue_id, table_key(table.name))) if table else None
    if table is None or found is None:
        return story
    placed = structs.replace(table, name=found[0], area=found[1])
    return structs.replace(story, figures=structs.replace(story.figures, table=placed))


_NOTHING = Story(id=0)


def _cut(story: Story, viewer: Viewer) -> Story:
    names = hidden(viewer)
    emptied: dict[str, Any] = {name: getattr(_NOTHING, name) for name in names}
    if not viewer.may("see_notes"):
        emptied["upcoming"] = tuple(structs.replace(one, requests=None, occasion=None) for one in story.upcoming)
    return structs.replace(story, **emptied, hidden=names)
