"""Guests: found, listed, told. What a role may see of them is decided in the room that tells their story."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Response
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from servery.accounts.audit import looked
from servery.api import rows
from servery.api.asked import Id, Paging, ThePaging, ThePool, UpdatedSince, listed, searched, shown, with_zone
from servery.api.guest_story import Birthday, Favourites, Figures, Note, Repeated, Spend, Upcoming, spend
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.api.projection import Rights
from servery.api.single import single
from servery.errors import Invalid
from servery.guests.search import By, Found, find
from servery.model.consent import Channel
from servery.model.guest import Consent
from servery.model.money import Money
from servery.model.viewer import Viewer
from servery.profile.listing import GuestRow, guest_rows
from servery.profile.rights import FIELDS
from servery.profile.story import story
from servery.storage.pool import Connection


class FoundBy(Struct, frozen=True, kw_only=True):
    """By what a search found a guest."""

    by: By
    score: Annotated[float, Meta(description="How well it fits, up to 100.")]
    text: Annotated[
        str | UnsetType,
        Meta(description="The tag, another name, or some of the note; left out where the guest's own name says it."),
    ] = UNSET
    marks: Annotated[
        tuple[tuple[int, int], ...] | UnsetType,
        Meta(description="Where in `text` it fits: from and up to which character, counted in Unicode code points."),
    ] = UNSET


class _Named(Struct, frozen=True, kw_only=True):
    """By what a guest is known, in a list and alone."""

    rights: ClassVar[Rights] = FIELDS

    id: int
    merged_into: Annotated[
        int | UnsetType,
        Meta(
            description="There only where this guest was absorbed: the id under which they live on, whose facts follow."
        ),
    ] = UNSET
    name: str | None
    reference: Annotated[str | None, Meta(description="What the source calls a guest whose name is not known.")]


class GuestSummary(_Named, frozen=True, kw_only=True):
    """A guest as a list shows them. Fields that the key's role does not see are left out."""

    vip: bool
    visits: int
    last_visit: date | None
    updated_at: datetime
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    allergies: tuple[str, ...] | UnsetType = UNSET
    spend: Annotated[tuple[Money, ...] | UnsetType, Meta(description="By currency; less refunds, tips apart.")] = UNSET
    found: Annotated[FoundBy | UnsetType, Meta(description="There only in what a search found.")] = UNSET


class Guest(_Named, frozen=True, kw_only=True):
    """One guest as all systems together know them. Fields that the key's role does not see are left out."""

    pronunciation: Annotated[str | None, Meta(description="How to say the name, as staff write it.")]
    birthday: Birthday | None
    language: str | None
    vip: bool
    one_time: Annotated[bool, Meta(description="A throw-away record of a till or marketplace.")]
    marketing: Annotated[
        Consent,
        Meta(description="What holds by the ledger of consent where no channel is named; unknown is no consent."),
    ]
    marketing_by_channel: Annotated[
        dict[Channel, Consent], Meta(description="What holds for each channel; unknown is no consent to it.")
    ]
    tags: tuple[str, ...]
    figures: Figures
    favourites: Favourites
    upcoming: tuple[Upcoming, ...]
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    company: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET
    postcode: str | UnsetType | None = UNSET
    loyalty_id: str | UnsetType | None = UNSET
    allergies: tuple[str, ...] | UnsetType = UNSET
    preferences: tuple[str, ...] | UnsetType = UNSET
    notes: tuple[Note, ...] | UnsetType = UNSET
    requests: tuple[Repeated, ...] | UnsetType = UNSET
    spend: tuple[Spend, ...] | UnsetType = UNSET


class Guests(Page[GuestSummary], frozen=True):
    """A page of guests."""

    items: tuple[GuestSummary, ...]


_LISTING = Listing(
    "guests",
    GuestSummary,
    ("id", "name", "reference", "email", "phone", "vip", "visits", "last_visit", "spend", "allergies", "updated_at"),
    lambda one: one.merged_into or one.id,
)
Typed = Annotated[
    str | None,
    QueryParameter(
        name="q",
        max_length=200,
        description="What somebody typed: a name with slips of the pen, an e-mail address, the end of a phone number, "
        "words of a tag or of what is noted, as far as the key's role sees it. The likeliest come first, on one page. "
        "An address may be kept in logs on its way here: `POST /api/v1/guests/search` takes the same in its body.",
    ),
]


class GuestSearch(Struct, frozen=True, kw_only=True):
    """What is looked for. It is in the body, since addresses are kept in logs."""

    q: Annotated[str, Meta(max_length=200, description="As `q` of the list of guests.")]
    limit: Annotated[int, Meta(ge=1, le=200, description="Guests in the answer.")] = 50


@listed("/guests", tags=["Guests"])
async def guests(
    request: Asked, pool: ThePool, paging: ThePaging, text: Typed = None, updated_since: UpdatedSince = None
) -> Response[Guests]:
    """Guests, all or those that a text may mean. With `updated_since` also those absorbed since."""
    if text is None:
        asked = {"updated_since": with_zone(updated_since)}
        return await answered(request, pool, _LISTING, partial(_read, request.user, asked), paging, asked)
    if updated_since or paging.cursor:
        raise Invalid("A search is one page and goes with no other filter.", field="q")
    found = partial(_search, request.user, text, paging.limit)
    return await answered(request, pool, _LISTING, found, paging, {})


@searched("/guests/search", tags=["Guests"])
async def search_guests(request: Asked, pool: ThePool, data: JSONBody[GuestSearch]) -> Response[Guests]:
    """Guests that a text may mean, the likeliest first; with `Accept: text/csv` as CSV."""
    found = partial(_search, request.user, data.q, data.limit)
    as_csv = request.accept.best_match(["application/json", "text/csv"]) == "text/csv"
    return await answered(request, pool, _LISTING, found, Paging(data.limit, None, as_csv), {})


async def _read(
    viewer: Viewer, asked: dict[str, Any], db: Connection, after: int | None, limit: int
) -> list[GuestSummary]:
    found = await rows.some(db, rows.GUESTS, asked, after, limit)
    told = await guest_rows(db, viewer, [row["id"] for row in found])
    return [_summary(row["id"], told[row["id"]]) for row in found]


async def _search(
    viewer: Viewer, text: str, most: int, db: Connection, after: int | None, _: int
) -> list[GuestSummary]:
    if after is not None:
        return []
    found = await find(db, viewer, text, most)
    told = await guest_rows(db, viewer, [one.id for one in found])
    return [structs.replace(_summary(one.id, told[one.id]), found=_found_by(one)) for one in found]


def _found_by(found: Found) -> FoundBy:
    if found.quote is None:
        return FoundBy(by=found.by, score=found.score)
    return FoundBy(by=found.by, score=found.score, text=found.quote.text, marks=found.quote.marks)


def _summary(asked_id: int, row: GuestRow) -> GuestSummary:
    names = {*GuestRow.__struct_fields__} & {*GuestSummary.__struct_fields__}
    facts = {name: getattr(row, name) for name in names} | _identity(asked_id, row.id)
    return GuestSummary(**facts)


@shown("/guests/{guest_id:int}", tags=["Guests"])
async def guest(request: Asked, pool: ThePool, guest_id: Id) -> Response[Guest]:
    """One guest's story. An absorbed id answers with the story of whom it was merged into, and `merged_into`."""
    async with pool.connection() as db:
        found = await read_guest(db, request.user, guest_id)
    return single(request, found)


async def read_guest(db: Connection, viewer: Viewer, guest_id: int) -> Guest:
    """One guest as the API tells of them; the look is written down. NotFound."""
    told = await story(db, viewer, guest_id)
    await looked(db, viewer, [told.id], "api")
    facts = {name: getattr(told, name) for name in Guest.__struct_fields__ if hasattr(told, name)}
    facts |= {"spend": spend(told.spend)} | _identity(guest_id, told.id)
    return msgspec.convert(facts, Guest, from_attributes=True)


def _identity(asked_id: int, id_now: int) -> dict[str, int]:
    return {"id": asked_id} if asked_id == id_now else {"id": asked_id, "merged_into": id_now}
