"""What the guests' pages show: the list, and one guest with where each fact came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from servery.guests.edits import EntryKind
from servery.guests.fitting import Quote
from servery.guests.log import Action
from servery.guests.matching.score import Reason
from servery.guests.search import By
from servery.guests.tagging.rule import Condition, Match
from servery.model.consent import Channel
from servery.model.guest import Birthday, Consent, Fact, Note
from servery.model.money import Money
from servery.model.reservation import ReservationStatus
from servery.model.visit import MatchBy
from servery.profile.figures import Spend
from servery.profile.provenance import Why
from servery.web.tonight.sentence import Story

FactKind = Literal[
    "name", "email", "phone", "birthday", "language", "company", "city", "postcode", "vip", "marketing",
    "loyalty", "allergy", "preference", "tag",
]  # fmt: skip


class GuestsAsked(Struct, frozen=True):
    """What of the list is wanted: guests that `text` finds (all when empty), after the place `cursor`."""

    text: str = ""
    cursor: str | None = None
    limit: int = 50


class GuestRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One guest in the list. What the viewer may not see is None or empty; `spend` is by currency."""

    id: int
    name: str | None
    visits: int
    last_visit: date | None = None
    email: str | None = None
    phone: str | None = None
    spend: tuple[Money, ...] = ()
    vip: bool = False
    allergies: tuple[str, ...] = ()
    by: By | None = None
    """By what a search found them; `quote` where their name does not say it."""
    quote: Quote | None = None


class GuestList(Struct, frozen=True):
    """A page of the list; `cursor` asks for the next one. `total` counts all that were found.

    With `more` there are more than `total`, and nobody counted them.
    """

    rows: Sequence[GuestRow]
    total: int
    cursor: str | None = None
    more: bool = False


class Dish(Struct, frozen=True, omit_defaults=True):
    """One line of a check as it is shown: its modifiers and components are in `details`."""

    name: str
    quantity: Decimal = Decimal(1)
    amount: Money | None = None
    """With what is nested in it, before discounts; None for who may not see money."""
    details: tuple[str, ...] = ()
    note: str | None = None


class VisitCheck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check of a visit: `by` says who joined it to the visit's booking, None without one.

    `difference` is what the till states more than the parts add up to, in minor units of `currency`; None for who may
    not see money.
    """

    id: int
    opened_at: datetime
    currency: str
    number: str | None = None
    difference: int | None = None
    by: MatchBy | None = None


class VisitRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One visit, with what was eaten. Money is by currency; there is none for who may not see it."""

    id: int
    venue: str
    time_zone: str
    starts_at: datetime
    ends_at: datetime | None = None
    table: str | None = None
    covers: int | None = None
    walk_in: bool = False
    dishes: tuple[Dish, ...] = ()
    spend: tuple[Money, ...] = ()
    tips: tuple[Money, ...] = ()
    checks: tuple[VisitCheck, ...] = ()
    notes: str | None = None
    occasion: str | None = None

    @property
    def numbers(self) -> list[str]:
        """The numbers of the checks, for whoever looks for the paper."""
        return [each.number for each in self.checks if each.number]


class Upcoming(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A booking that is still to come."""

    venue: str
    time_zone: str
    starts_at: datetime
    party_size: int
    status: ReservationStatus
    tables: tuple[str, ...] = ()
    requests: str | None = None
    occasion: str | None = None


class Favourite(Struct, frozen=True):
    """Something a guest has again and again; `times` of how many `visits` it was looked for in."""

    name: str
    times: int
    visits: int


class GuestFigures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guest in numbers. `spend` is by currency, none for who may not see money."""

    visits: int = 0
    first_visit: date | None = None
    last_visit: date | None = None
    days_between: float | None = None
    """The usual gap between visits (median, days)."""
    spend: tuple[Spend, ...] = ()
    dish: Favourite | None = None
    drink: Favourite | None = None
    wine: Favourite | None = None
    table: Favourite | None = None
    party: int | None = None
    no_shows: int = 0
    cancelled: int = 0


class Known(Struct, frozen=True):
    """One fact as it is shown, with its source; `also` are the other records that say the same."""

    kind: FactKind
    fact: Fact
    why: Why | None = None
    also: tuple[Fact, ...] = ()

    @property
    def sources(self) -> tuple[Fact, ...]:
        """All that say so."""
        return (self.fact, *self.also)

    @property
    def connections(self) -> list[str]:
        """The systems that say so, each once."""
        return list(dict.fromkeys(one.connection for one in self.sources))


class SourceRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One system's record that was joined into this guest, what it says of who they are, and why.

    E-mail and phone are None for who may not see them.
    """

    id: int = 0
    connection: str
    external_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    birthday: Birthday | None = None
    by: str | None = None
    """The key it shares with the others, or likeness: then by a score of `probability` for these `reasons`."""
    probability: float | None = None
    reasons: tuple[Reason, ...] = ()
    joined_by: str | None = None
    at: datetime | None = None


class LogLine(Struct, frozen=True, kw_only=True):
    """One step of a guest's log. `author` is a name, rules, or source."""

    id: int
    at: datetime
    action: Action
    other_id: int
    author: str
    reason: str
    records: int
    undone: bool
    run: int | None = None
    probability: float | None = None
    reasons: tuple[Reason, ...] = ()
    """Of a run over all guests: its number, and the score it joined them for."""

    @property
    def by_rules(self) -> bool:
        """Whether nobody said so: a record that left because its name became another person's cannot be put back."""
        return self.author == "rules"


class EntryRow(Struct, frozen=True, kw_only=True):
    """Something that staff wrote down; `present` false: that it is not so.

    `of_both`: it was written while this guest and another were one, and is held to be of both.
    """

    id: int
    kind: EntryKind
    text: str
    author: str
    at: datetime
    present: bool = True
    business_date: date | None = None
    of_both: bool = False


class RuledTag(Struct, frozen=True, kw_only=True):
    """A tag that the guest has as long as a rule holds."""

    tag: str
    rule_id: int
    match: Match
    conditions: tuple[Condition, ...]
    since: datetime | None = None


class Profile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One guest. `id` is the oldest: it differs from the one asked for where records were merged."""

    id: int
    name: str | None
    story: Story
    figures: GuestFigures
    venue: str | None = None
    """The venue of the usual table, for a group."""
    time_zone: str | None = None
    """Of the venue whose notation the figures take: that of the last visit, or of the next booking."""
    vip: bool = False
    birthday: Birthday | None = None
    marketing: Mapping[Channel, Consent] = {}
    """What holds for each channel."""
    sees_contact: bool = False
    """Whether the viewer may see e-mail and phone, so that "not known" and "not shown" differ."""
    facts: Sequence[Known] = ()
    ruled: Sequence[RuledTag] = ()
    notes: Sequence[Note] = ()
    requests: Sequence[str] = ()
    visits: Sequence[VisitRow] = ()
    upcoming: Sequence[Upcoming] = ()
    records: Sequence[SourceRecord] = ()
    pronunciation: str | None = None
    """How to say the name."""
    entries: Sequence[EntryRow] = ()
    """What staff wrote down, the latest first; of notes for tonight only today's."""
    log: Sequence[LogLine] = ()
    """What was merged and parted, the latest first."""

    def known(self, *kinds: FactKind) -> list[Known]:
        """The facts of these kinds."""
        return [each for each in self.facts if each.kind in kinds]
