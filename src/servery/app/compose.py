"""What a system is to hold of a guest, a party or a visit now, cut to the fields that may go there.

The same state composes to the same command, byte for byte: by that the outbox knows that there is nothing to send.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct, structs

from servery.app.ownership import Outlet, outlet
from servery.guests.log import Step, steps
from servery.model.commands import (
    Command,
    CommandKind,
    ErasureTold,
    Field,
    Figures,
    GuestCard,
    MergeTold,
    PartyCard,
    Usual,
    VisitReport,
)
from servery.model.guest import Consent, SourceGuest
from servery.model.ownership import goes
from servery.model.venue import table_key
from servery.model.viewer import SYSTEM
from servery.profile import cards
from servery.profile.story import Story, stories
from servery.storage.pool import Connection as Db
from servery.sync.connections import Connection
from servery.sync.fields import Ruled, ruled
from servery.visits.pairs import Pairs, pairs

Composed = tuple[Command, frozenset[Field]]


async def compose(
    db: Db, connection: Connection, kind: CommandKind, subject_ids: Collection[int]
) -> dict[int, Composed | None]:
    """The commands of these guests, bookings or visits with the fields that may go; None: nothing is to be there."""
    found = await ruled(db)
    to = next((outlet(one) for one in found if one.connection.id == connection.id), None)
    if to is None or kind not in to.kinds:
        return dict.fromkeys(subject_ids)
    composed = await _COMPOSERS[kind](db, to, {one.connection.id: one for one in found}, subject_ids)
    fields = to.of(kind)
    return {one: (composed[one], fields) if one in composed else None for one in subject_ids}


async def _guests(db: Db, to: Outlet, _: Mapping[int, Ruled], ids: Collection[int]) -> dict[int, GuestCard]:
    told = await stories(db, SYSTEM, ids)
    return {asked: guest_card(one, to.of("guest")) for asked, one in told.items() if not one.one_time}


def guest_card(story: Story, fields: frozenset[Field]) -> GuestCard:
    """A guest as far as these fields tell."""
    whole: dict[Field, dict[str, Any]] = {
        "name": {"name": story.name, "language": story.language},
        "contact": {"email": story.email, "phone": story.phone},
        "consent": {"consent": told_as_one(story)},
        "vip": {"vip": story.vip},
        "tags": {"tags": story.tags},
        "allergies": {"allergies": story.allergies},
        "preferences": {"preferences": story.preferences},
        "notes": {"notes": story.notes},
        "figures": {"figures": _figures(story)},
        "usual": {"usual": _usual(story)},
    }
    told = {name: value for field in whole if field in fields for name, value in whole[field].items()}
    return GuestCard(guest_id=story.id, **told)


def told_as_one(story: Story) -> Consent:
    """Consent where a system knows no channels: who refused one of them is written to by none."""
    return "denied" if "denied" in story.channels.values() else story.marketing


def _figures(story: Story) -> Figures:
    spent = story.spend[0] if story.spend else None
    return Figures(
        visits=story.figures.visits,
        last_visit=story.figures.last.day if story.figures.last else None,
        currency=spent.currency if spent else None,
        spend=spent.total if spent else None,
        average_check=spent.per_visit if spent else None,
    )


def _usual(story: Story) -> Usual | None:
    liked, table = story.favourites, story.figures.table
    drink = liked.drink or liked.wine
    usual = Usual(
        dish=liked.dish.name if liked.dish else None,
        drink=drink.name if drink else None,
        table=table.name if table else None,
    )
    return None if usual == Usual() else usual


class _Scene(Struct, frozen=True):
    """What parties are told with: the guests as they were when the day began, their records there, the tables."""

    to: Outlet
    sources: Mapping[int, Ruled]
    guests: Mapping[tuple[int, date, int], Story]
    records: Mapping[int, str]
    tables: Mapping[int, Mapping[str, str]]
    paired: Pairs


async def _parties(db: Db, to: Outlet, sources: Mapping[int, Ruled], ids: Collection[int]) -> dict[int, PartyCard]:
    found = await cards.parties(db, to.connection_id, ids)
    venue_ids = {one.venue_id for one in found.values()}
    guest_ids = {one.guest_id for one in found.values() if one.guest_id is not None}
    paired = await pairs(db, venue_ids)
    scene = _Scene(
        to,
        sources,
        await _guests_before(db, found.values()),
        await cards.records_at(db, to.connection_id, guest_ids),
        _by_venue_key(await cards.tables_at(db, to.connection_id, venue_ids), to.connection_id, paired),
        paired,
    )
    return {party_id: _party(one, scene) for party_id, one in found.items()}


async def _guests_before(db: Db, parties: Collection[cards.Party]) -> dict[tuple[int, date, int], Story]:
    """The guests' stories as each party's day began: tonight's own visit is not the last one."""
    days: dict[tuple[int, date], set[int]] = {}
    for one in parties:
        if one.guest_id is not None:
            days.setdefault((one.venue_id, one.business_date), set()).add(one.guest_id)
    return {
        (venue_id, day, guest_id): story
        for (venue_id, day), guest_ids in days.items()
        for guest_id, story in (await stories(db, SYSTEM, guest_ids, venue_id=venue_id, before=day)).items()
    }


def _by_venue_key(
    tables: Mapping[int, Mapping[str, str]], connection_id: int, paired: Pairs
) -> dict[int, dict[str, str]]:
    return {
        venue_id: {paired.key(venue_id, connection_id, key): name for key, name in named.items()}
        for venue_id, named in tables.items()
    }


def _party(party: cards.Party, scene: _Scene) -> PartyCard:
    booked, fields = party.reservation, scene.to.of("party") & _heard(scene.sources.get(party.connection_id))
    guest = scene.guests.get((party.venue_id, party.business_date, party.guest_id)) if party.guest_id else None
    return PartyCard(
        reservation_id=party.id,
        location=party.location,
        status="cancelled" if party.removed else booked.status,
        starts_at=booked.starts_at,
        duration=booked.duration,
        party_size=booked.party_size if "party_size" in fields else None,
        tables=_tables(party, scene) if "table" in fields else (),
        requests=booked.requests if "requests" in fields else None,
        occasion=booked.occasion if "occasion" in fields else None,
        visit_notes=booked.notes if "visit_notes" in fields else None,
        guest=guest_card(guest, scene.to.fields) if guest else _written(booked.guest, scene.to.fields),
        guest_external_id=scene.records.get(guest.id) if guest else None,
    )


def _heard(source: Ruled | None) -> frozenset[Field]:
    """The fields that the owner lets a source speak for: what is not taken from it is not passed on."""
    rules = source.rules if source else {}
    every: tuple[Field, ...] = ("party_size", "table", "requests", "occasion", "visit_notes")
    return frozenset(field for field in every if field not in rules or goes(rules[field], "in"))


def _tables(party: cards.Party, scene: _Scene) -> tuple[str, ...]:
    """The tables in the words of the system; those it does not have are left out, if it names any at all."""
    named = scene.tables.get(party.venue_id)
    if named is None:
        return party.reservation.tables
    keys = (scene.paired.key(party.venue_id, party.connection_id, table_key(name)) for name in party.reservation.tables)
    return tuple(named[key] for key in keys if key in named)


def _written(guest: SourceGuest | None, fields: frozenset[Field]) -> GuestCard | None:
    """A guest of whom there is nothing but what the booking says."""
    if guest is None:
        return None
    return GuestCard(
        guest_id=None,
        name=guest.name if "name" in fields else None,
        email=guest.email if "contact" in fields else None,
        phone=guest.phone if "contact" in fields else None,
        allergies=guest.allergies if "allergies" in fields else (),
        preferences=guest.preferences if "preferences" in fields else (),
    )


async def _visits(db: Db, to: Outlet, _: Mapping[int, Ruled], ids: Collection[int]) -> dict[int, VisitReport]:
    found = await cards.visits(db, to.connection_id, ids)
    guest_ids = {one.guest_id for one in found.values() if one.guest_id is not None}
    told = await _guests_after(db, found.values())
    records = await cards.records_at(db, to.connection_id, guest_ids)
    return {
        visit_id: _visit(one, to.fields, told.get((one.business_date, guest)), records.get(guest))
        for visit_id, one in found.items()
        for guest in (one.guest_id or 0,)
    }


async def _guests_after(db: Db, visits: Collection[cards.Visit]) -> dict[tuple[date, int], Story]:
    """The guests' stories as each visit's day ended: a later visit is no news of this one."""
    days: dict[date, set[int]] = {}
    for one in visits:
        if one.guest_id is not None:
            days.setdefault(one.business_date, set()).add(one.guest_id)
    return {
        (day, guest_id): story
        for day, guest_ids in days.items()
        for guest_id, story in (await stories(db, SYSTEM, guest_ids, before=day + timedelta(days=1))).items()
    }


def _visit(visit: cards.Visit, fields: frozenset[Field], guest: Story | None, record: str | None) -> VisitReport:
    bare = VisitReport(
        visit_id=visit.id,
        reservation=visit.reservation,
        guest_external_id=record,
        business_date=visit.business_date,
        currency=visit.currency,
        guest=guest_card(guest, fields) if guest else None,
    )
    if visit.gone:
        return bare
    paid = bool(visit.checks) and "spend" in fields
    return structs.replace(
        bare,
        spend=visit.spend if paid else None,
        tips=visit.tips if paid else None,
        covers=visit.covers if visit.covers_source == "pos" and "covers" in fields else None,
        items=cards.items(visit.checks) if "items" in fields else (),
        checks=tuple(one.number for one in visit.checks if one.number),
        seated_at=_seated(visit),
        left_at=visit.ends_at,
    )


def _seated(visit: cards.Visit) -> datetime | None:
    """When they sat down, where anybody saw it: a booking's own time is only when they were expected."""
    return visit.seated_at or min((one.opened_at for one in visit.checks), default=None)


async def _merges(db: Db, to: Outlet, _: Mapping[int, Ruled], ids: Collection[int]) -> dict[int, MergeTold]:
    return {one.id: _merge(one) for one in await steps(db, ids)}


def _merge(step: Step) -> MergeTold:
    return MergeTold(
        step_id=step.id,
        guest_id=step.guest_id,
        other_id=step.other_id,
        merged=step.action == "merged",
        at=step.at,
        by="rules" if step.author == "rules" else "source" if step.author == "source" else "staff",
        records=len(step.moved),
    )


async def _erasures(db: Db, to: Outlet, _: Mapping[int, Ruled], ids: Collection[int]) -> dict[int, ErasureTold]:
    cursor = await db.execute(
        "select e.id as erasure_id, e.guest_ids, e.at, array(select r.external_id from erasure_receipt r "
        "where r.erasure_id = e.id and r.connection_id = %s and r.external_id is not null order by 1) as records "
        "from erasure e where e.id = any(%s)",
        [to.connection_id, list(ids)],
    )
    return {row["erasure_id"]: msgspec.convert(row, ErasureTold) for row in await cursor.fetchall()}


_COMPOSERS: dict[CommandKind, Callable[..., Awaitable[Mapping[int, Command]]]] = {
    "guest": _guests,
    "party": _parties,
    "visit": _visits,
    "merge": _merges,
    "erasure": _erasures,
}
