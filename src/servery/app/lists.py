"""Lists for other programs: guests, and one business day's visits and checks, as CSV that runs no formula."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from servery.accounts.audit import looked
from servery.api import rows, spreadsheet
from servery.guests.hygiene.emails import reaches
from servery.model.guest import Consent
from servery.model.money import Money
from servery.model.order import Check, add_up
from servery.model.viewer import SYSTEM
from servery.profile.story import stories
from servery.storage.pool import Connection as Db

_AT_ONCE = 500


class GuestLine(Struct, frozen=True, kw_only=True):
    """A guest. Contact details are there only where the guest agreed to be written to there: unknown is no consent.

    Nor is an e-mail that reaches nobody, or not the guest: a relay's, a one-time one, a dead or mistyped one.
    """

    id: int
    name: str | None
    email: str | None
    phone: str | None
    marketing: Consent
    language: str | None
    vip: bool
    tags: tuple[str, ...]
    visits: int
    last_visit: date | None
    spend: tuple[Money, ...]


class VisitLine(Struct, frozen=True, kw_only=True):
    """A party's time at the venue."""

    id: int
    guest_id: int | None
    business_date: date
    starts_at: datetime
    ends_at: datetime | None
    walk_in: bool
    covers: int | None
    table: str | None
    currency: str
    spend: Money
    net_sales: Money
    tips: Money


class CheckLine(Struct, frozen=True, kw_only=True):
    """A check."""

    id: int
    visit_id: int | None
    guest_id: int | None
    business_date: date
    connection: str
    external_id: str
    number: str | None
    status: str
    opened_at: datetime
    closed_at: datetime | None
    table: str | None
    covers: int | None
    server: str | None
    currency: str
    total: Money
    net_sales: Money
    tips: Money
    paid: Money


async def write(db: Db, name: str, to: Path, venue_id: int, day: date) -> None:
    """Write one of the lists `guests`, `visits` and `checks` to a file."""
    kind, source, lines = _LISTS[name]
    columns = kind.__struct_fields__
    asked: dict[str, Any] = {} if name == "guests" else {"venue_id": venue_id, "business_date": day}
    with to.open("wb") as file:
        file.write(spreadsheet.header(columns))
        async for found in _pages(db, source, asked):
            file.write(spreadsheet.lines(await lines(db, found), columns))


async def _pages(db: Db, source: rows.Source, asked: Mapping[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
    after = None
    while found := list(await rows.some(db, source, asked, after, _AT_ONCE)):
        await looked(db, SYSTEM, {guest for row in found if (guest := row.get("guest_id", row["id"]))}, "export")
        yield found
        after = found[-1]["id"]


async def _guests(db: Db, found: list[dict[str, Any]]) -> list[Struct]:
    told = await stories(db, SYSTEM, [row["id"] for row in found])
    return [_guest(one) for one in told.values() if not one.one_time]


def _guest(one: Any) -> GuestLine:
    agreed = {channel for channel, state in one.marketing_by_channel.items() if state == "granted"}
    return GuestLine(
        id=one.id,
        name=one.name,
        email=one.email if "email" in agreed and reaches(one.email) else None,
        phone=one.phone if agreed >= {"sms", "phone"} else None,
        marketing=one.marketing,
        language=one.language,
        vip=bool(one.vip),
        tags=tuple(one.tags),
        visits=one.figures.visits,
        last_visit=one.figures.last.day if one.figures.last else None,
        spend=tuple(Money(each.total, each.currency) for each in one.spend),
    )


async def _visits(db: Db, found: list[dict[str, Any]]) -> list[Struct]:
    return [_visit(row) for row in found]


def _visit(row: Mapping[str, Any]) -> VisitLine:
    told = dict(row) | {name: Money(row[name], row["currency"]) for name in ("spend", "net_sales", "tips")}
    return VisitLine(**{name: told[name] for name in VisitLine.__struct_fields__})


async def _checks(db: Db, found: list[dict[str, Any]]) -> list[Struct]:
    return [_check(row) for row in found]


def _check(row: Mapping[str, Any]) -> CheckLine:
    check = msgspec.convert(row["body"], Check)
    sums = add_up(check)
    money = {
        "total": sums.total,
        "net_sales": sums.net_sales,
        "tips": sums.tips,
        "paid": sums.paid,
    }
    told = {name: getattr(check, name) for name in CheckLine.__struct_fields__ if hasattr(check, name)}
    told |= {name: row[name] for name in CheckLine.__struct_fields__ if name in row}
    return CheckLine(**(told | {name: Money(minor, check.currency) for name, minor in money.items()}))


_Lines = Callable[[Db, list[dict[str, Any]]], Awaitable[list[Struct]]]
_LISTS: dict[str, tuple[type[Struct], rows.Source, _Lines]] = {
    "guests": (GuestLine, rows.GUESTS, _guests),
    "visits": (VisitLine, rows.VISITS, _visits),
    "checks": (CheckLine, rows.CHECKS, _checks),
}
