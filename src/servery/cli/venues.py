"""`servery venues`: the restaurants."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, cast

import typer
from msgspec import structs

from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.model.venue import Daypart, OpeningHours, Table, Venue, Weekday, table_key
from servery.storage.pool import Connection as Db
from servery.venues.rows import add_venue, change_venue, venue_named, venues
from servery.visits.form import form_visits

group = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="venues", help="The restaurants: list, add, set.")


@group.command("list")
def list_venues(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the venues."""
    kept = with_database(venues)
    rows = [
        {"id": one.id, "name": one.venue.name, "time_zone": one.venue.time_zone, "currency": one.venue.currency}
        for one in kept
    ]
    if not rows and not (as_json or as_csv):
        say("There is no venue yet. Add one: servery venues add NAME --time-zone ZONE --currency CODE")
        return
    give_list(rows, ["id", "name", "time_zone", "currency"], as_json=as_json, as_csv=as_csv)


@group.command("add")
def add(
    name: str,
    time_zone: Annotated[str, typer.Option(help="IANA time zone, such as Europe/Copenhagen.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 currency, such as DKK.")],
    cutoff: Annotated[str, typer.Option(help="When a business day begins, local HH:MM.")] = "04:00",
    as_json: AsJson = False,
) -> None:
    """Add a venue.

    Example: servery venues add "Harbour Kitchen" --time-zone Europe/Copenhagen --currency DKK
    """
    venue = Venue(name=name, time_zone=time_zone, currency=currency.upper(), cutoff=minutes(cutoff))

    async def work(db: Db) -> int:
        return await add_venue(db, venue)

    venue_id = with_database(work)
    if as_json:
        give({"id": venue_id, "name": name})
    else:
        say(f"{name} is added.")


@group.command("set")
def change(  # noqa: PLR0913, PLR0917 (a command's options)
    name: str,
    rename: Annotated[str | None, typer.Option(help="Another name.")] = None,
    match_before: Annotated[int | None, typer.Option(help="Minutes before a booking in which its check opens.")] = None,
    match_after: Annotated[int | None, typer.Option(help="Minutes after a booking in which its check opens.")] = None,
    daypart: Annotated[list[str] | None, typer.Option(help="A meal period, such as Dinner=17:00-23:00.")] = None,
    hours: Annotated[list[str] | None, typer.Option(help="An opening, such as mon-thu=11:30-23:00.")] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="A table, such as 7=4@Garden: seats and area may be left out.")
    ] = None,
    cutoff: Annotated[str | None, typer.Option(help="When a business day begins, before anything is read.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is known of a venue; what is not named stays. Matching is done anew for the last thirty days.

    Example: servery venues set "Harbour Kitchen" --daypart Lunch=11:30-16:00 --daypart Dinner=17:00-23:30
    """
    facts: dict[str, object] = {"name": rename, "match_before": match_before, "match_after": match_after}
    facts["dayparts"] = tuple(_daypart(one) for one in daypart) if daypart else None
    facts["opening_hours"] = tuple(opening for one in hours for opening in _openings(one)) if hours else None
    facts["cutoff"] = minutes(cutoff) if cutoff else None
    facts |= _floor_plan(table) if table else {}
    given = {field: value for field, value in facts.items() if value is not None}

    async def work(db: Db) -> int:
        kept = await venue_named(db, name)
        await change_venue(db, kept.id, structs.replace(kept.venue, **given))
        today = datetime.now(UTC).date()
        await form_visits(db, [(kept.id, today - timedelta(days=back)) for back in range(-1, 30)])
        return kept.id

    venue_id = with_database(work)
    if as_json:
        give({"id": venue_id, "name": rename or name})
    else:
        say(f"{rename or name} is changed.")


_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _daypart(given: str) -> Daypart:
    name, equals, span = given.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{given} is not a meal period such as Dinner=17:00-23:00.")
    starts, ends = _span(span)
    return Daypart(name.strip(), starts, ends)


def _openings(given: str) -> list[OpeningHours]:
    days, equals, span = given.partition("=")
    first, _, last = days.strip().lower().partition("-")
    if not equals or first not in _WEEKDAYS or (last or first) not in _WEEKDAYS:
        raise typer.BadParameter(f"{given} is not an opening such as mon-thu=11:30-23:00.")
    opens, closes = _span(span)
    start, stop = _WEEKDAYS.index(first), _WEEKDAYS.index(last or first)
    weekdays = [day % 7 for day in range(start, stop + 1 if stop >= start else stop + 8)]
    return [OpeningHours(cast(Weekday, day), opens, closes) for day in weekdays]


def _floor_plan(given: list[str]) -> dict[str, object]:
    """A venue's tables, and their areas in the order in which they are first named."""
    tables = tuple(_table(one) for one in given)
    by_key: dict[str, Table] = {}
    for one in tables:
        other = by_key.setdefault(table_key(one.name), one)
        if other is not one:
            raise typer.BadParameter(f"{other.name} and {one.name} are one table.")
    return {"tables": tables, "areas": tuple(dict.fromkeys(one.area for one in tables if one.area))}


def _table(given: str) -> Table:
    plan, _, area = given.partition("@")
    name, _, seats = (part.strip() for part in plan.partition("="))
    if not name or (seats and not (seats.isdecimal() and int(seats))):
        raise typer.BadParameter(f"{given} is not a table such as 7=4@Garden: its name, seats and area.")
    return Table(name, int(seats) if seats else None, area.strip() or None)


def _span(given: str) -> tuple[int, int]:
    """Local minutes from `HH:MM-HH:MM`; an end before the start is past midnight."""
    start, dash, end = given.partition("-")
    if not dash:
        raise typer.BadParameter(f"{given} is not a span of time such as 17:00-23:00.")
    starts, ends = minutes(start.strip()), minutes(end.strip())
    return starts, ends if ends > starts else ends + 1440


def minutes(clock: str) -> int:
    """Local HH:MM as minutes after midnight."""
    hours, colon, rest = clock.partition(":")
    if colon and hours.isdigit() and rest.isdigit() and int(hours) < 24 and int(rest) < 60:
        return int(hours) * 60 + int(rest)
    raise typer.BadParameter(f"{clock} is not a time of day such as 04:00.")
