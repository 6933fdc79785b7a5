"""From what rooms tell of guests and evenings to what screens show. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from servery.guests.edits import Entry, EntryKind
from servery.guests.matching.score import Reason
from servery.guests.search import Found
from servery.guests.suggest import CERTAIN
from servery.guests.tagging.rule import Rule
from servery.model.money import Money
from servery.model.viewer import Viewer
from servery.profile.listing import GuestRow as Listed
from servery.profile.provenance import Provenance
from servery.profile.provenance import SourceRecord as Recorded
from servery.profile.story import Story
from servery.profile.story import Upcoming as Coming
from servery.profile.taste import Favourite as Liked
from servery.profile.tonight import Expected, Tonight, Unbooked
from servery.profile.visits import Dish as Ordered
from servery.profile.visits import PastVisit
from servery.profile.visits import VisitCheck as Paid
from servery.web.guests.page import (
    Dish,
    EntryRow,
    FactKind,
    Favourite,
    GuestFigures,
    GuestRow,
    Known,
    LogLine,
    Profile,
    RuledTag,
    SourceRecord,
    Upcoming,
    VisitCheck,
    VisitRow,
)
from servery.web.tonight import sentence
from servery.web.tonight.page import Booking, Evening, ForTonight, OpenCheck

_KINDS: dict[str, FactKind] = {
    "name": "name",
    "email": "email",
    "phone": "phone",
    "birthday": "birthday",
    "language": "language",
    "company": "company",
    "city": "city",
    "postcode": "postcode",
    "vip": "vip",
    "marketing": "marketing",
    "allergies": "allergy",
    "preferences": "preference",
    "tags": "tag",
    "loyalty_id": "loyalty",
}
"""What the facts that a page shows are called there, by their field."""


def evening(told: Tonight, today: date, now: datetime) -> Evening:
    """One business date, as it is seen `now` on `today`."""
    return Evening(
        day=told.day,
        today=today,
        now=now,
        bookings=[_booking(one) for one in told.bookings],
        checks=[_open_check(one) for one in told.unbooked if one.status == "open"],
    )


def _booking(one: Expected) -> Booking:
    story = one.story
    return Booking(
        id=one.id,
        status=one.status,
        starts_at=one.starts_at,
        party_size=one.party_size,
        name=one.name,
        guest_id=one.guest_id,
        pronunciation=story.pronunciation if story else None,
        for_tonight=_for_tonight(one),
        tables=one.tables,
        area=one.area,
        channel=one.channel,
        phone=one.phone,
        story=spoken_story(story, one.visits_before) if story else None,
        vip=bool(story and story.vip),
        no_shows=story.figures.no_shows if story else 0,
        requests=one.requests,
        occasion=one.occasion,
        notes=one.notes,
        deposit=one.deposit,
        preferences=story.preferences if story else (),
        left_at=one.left_at,
        spend=sum(money.amount for money in one.spend) if len({money.currency for money in one.spend}) == 1 else None,
        walk_in=one.walk_in,
    )


def spoken_story(story: Story, visits: int | None = None) -> sentence.Story:
    """What a host may say of a guest; `visits` counts those before a booking, without it all of them."""
    liked, table = story.favourites, story.figures.table
    return sentence.Story(
        visits=story.figures.visits if visits is None else visits,
        allergies=story.allergies,
        dish=liked.dish.name if liked.dish else None,
        drink=liked.drink.name if liked.drink else None,
        wine=liked.wine.name if liked.wine else None,
        wine_by_glass=bool(liked.wine and liked.wine.by_glass),
        table=table.name if table else None,
        area=table.area if table else None,
        birthday=story.birthday,
    )


def _open_check(one: Unbooked) -> OpenCheck:
    return OpenCheck(
        id=one.id,
        opened_at=one.opened_at,
        currency=one.currency,
        number=one.number,
        table=one.table,
        label=one.label,
        covers=one.covers,
        items=int(one.items),
        total=one.total,
        guest_id=one.guest_id,
        guest_name=one.name,
        pronunciation=one.story.pronunciation if one.story else None,
        for_tonight=_for_tonight(one),
    )


def _for_tonight(one: Expected | Unbooked) -> tuple[ForTonight, ...]:
    return tuple(ForTonight(each.id, each.text, each.author, each.at) for each in one.for_tonight)


def guest_row(row: Listed, found: Found | None = None) -> GuestRow:
    """One guest of the list, or of what a search found."""
    return GuestRow(
        id=row.id,
        name=row.name or row.reference,
        visits=row.visits,
        last_visit=row.last_visit,
        email=row.email,
        phone=row.phone,
        spend=row.spend,
        vip=row.vip,
        allergies=row.allergies,
        by=found.by if found else None,
        quote=found.quote if found else None,
    )


def profile(
    told: Story,
    past: Sequence[PastVisit],
    sources: Provenance,
    viewer: Viewer,
    written: Sequence[Entry] = (),
    log: Sequence[LogLine] = (),
    rules: Mapping[int, Rule] | None = None,
) -> Profile:
    """One guest with the last visits, where each fact came from, which rules give tags, what staff wrote and did."""
    table = told.figures.table
    return Profile(
        id=told.id,
        name=told.name or told.reference,
        story=spoken_story(told),
        figures=_figures(told),
        venue=table.venue if table else None,
        time_zone=past[0].time_zone if past else told.upcoming[0].time_zone if told.upcoming else None,
        vip=told.vip,
        birthday=told.birthday,
        marketing=told.marketing_by_channel,
        sees_contact=viewer.may("see_contact"),
        facts=[Known(_KINDS[one.kind], one.fact, one.why, one.also) for one in sources.facts if one.kind in _KINDS],
        ruled=_ruled(sources, rules or {}),
        notes=told.notes,
        requests=[one.text for one in told.requests],
        visits=[_visit(one) for one in past],
        upcoming=[_upcoming(one) for one in told.upcoming],
        records=[_record(one) for one in sources.records],
        pronunciation=told.pronunciation,
        entries=[_entry(one) for one in reversed(written) if _may_see(viewer, one.kind)],
        log=log,
    )


def _ruled(sources: Provenance, rules: Mapping[int, Rule]) -> list[RuledTag]:
    return [
        RuledTag(tag=one.tag, rule_id=rule.id, match=rule.match, conditions=rule.conditions, since=one.since)
        for one in sources.ruled
        if (rule := rules.get(one.rule_id))
    ]


def _may_see(viewer: Viewer, kind: EntryKind) -> bool:
    return kind == "tag" or viewer.may("see_allergies" if kind == "allergy" else "see_notes")


def _entry(one: Entry) -> EntryRow:
    return EntryRow(
        id=one.id,
        kind=one.kind,
        text=one.text,
        author=one.name,
        at=one.at,
        present=one.present,
        business_date=one.business_date,
        of_both=one.of_both,
    )


def _figures(told: Story) -> GuestFigures:
    counted, liked, table = told.figures, told.favourites, told.figures.table
    return GuestFigures(
        visits=counted.visits,
        first_visit=counted.first.day if counted.first else None,
        last_visit=counted.last.day if counted.last else None,
        days_between=counted.days_between,
        spend=told.spend,
        dish=_favourite(liked.dish),
        drink=_favourite(liked.drink),
        wine=_favourite(liked.wine),
        table=Favourite(table.name, table.times, table.visits) if table else None,
        party=counted.party,
        no_shows=counted.no_shows,
        cancelled=counted.cancelled,
    )


def _favourite(liked: Liked | None) -> Favourite | None:
    return Favourite(liked.name, liked.times, liked.visits) if liked else None


def _visit(one: PastVisit) -> VisitRow:
    totals = (
        Money(check.total - (check.refunded or 0), check.currency) for check in one.checks if check.total is not None
    )
    tips = (Money(check.tips, check.currency) for check in one.checks if check.tips)
    return VisitRow(
        id=one.id,
        venue=one.venue,
        time_zone=one.time_zone,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        table=one.table,
        covers=one.covers,
        walk_in=one.walk_in,
        dishes=tuple(_dish(dish, check.currency) for check in one.checks for dish in check.dishes),
        spend=_by_currency(totals),
        tips=_by_currency(tips),
        checks=tuple(_visit_check(check) for check in one.checks),
        notes=next((booking.notes for booking in one.bookings if booking.notes), None),
        occasion=next((booking.occasion for booking in one.bookings if booking.occasion), None),
    )


def _by_currency(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """The amounts, those of one currency added up, in the order in which the currencies came."""
    found: dict[str, int] = {}
    for one in amounts:
        found[one.currency] = found.get(one.currency, 0) + one.amount
    return tuple(Money(amount, currency) for currency, amount in found.items())


def _visit_check(one: Paid) -> VisitCheck:
    return VisitCheck(
        id=one.id,
        opened_at=one.opened_at,
        currency=one.currency,
        number=one.number,
        difference=one.difference,
        by=one.match.by if one.match else None,
    )


def _dish(one: Ordered, currency: str) -> Dish:
    amount = None if one.amount is None else Money(one.amount, currency)
    details = (*one.modifiers, *one.components)
    return Dish(name=one.name, quantity=one.quantity, amount=amount, details=details, note=one.note)


def _upcoming(one: Coming) -> Upcoming:
    return Upcoming(
        venue=one.venue,
        time_zone=one.time_zone,
        starts_at=one.starts_at,
        party_size=one.party_size,
        status=one.status,
        tables=one.tables,
        requests=one.requests,
        occasion=one.occasion,
    )


def _record(one: Recorded) -> SourceRecord:
    return SourceRecord(
        id=one.id,
        connection=one.connection,
        external_id=one.external_id,
        name=one.name,
        email=one.email,
        phone=one.phone,
        birthday=one.birthday,
        by=one.by,
        probability=None if one.probability is None else min(one.probability, CERTAIN),
        reasons=tuple(Reason(each.comparison, each.level, each.weight) for each in one.reasons),
        joined_by=one.author if one.by else None,
        at=one.seen_at,
    )
