"""`servery guests`: finding a guest, and telling their story."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from msgspec import Struct

from servery.accounts.audit import looked
from servery.cli import tags
from servery.cli.resolving import resolve
from servery.cli.same_person import COMMANDS
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.cli.values import values
from servery.guests.search import Found, find
from servery.model.money import to_decimal
from servery.model.viewer import SYSTEM
from servery.profile.listing import GuestRow, guest_rows
from servery.profile.provenance import Provenance, provenance
from servery.profile.story import Story, story
from servery.profile.taste import Favourite
from servery.profile.visits import PastVisit, visits_of
from servery.storage.pool import Connection

group = typer.Typer(no_args_is_help=True)
group.command("resolve")(resolve)
for _name, _command in COMMANDS.items():
    # So that a number below zero is read as one, and refused as one.
    group.command(_name, context_settings={"ignore_unknown_options": True})(_command)
tags.register(group)
group.command("values")(values)

_FOUND = [
    "id", "name", "reference", "by", "found", "email", "phone", "visits", "last_visit", "spend", "vip", "allergies",
]  # fmt: skip
_FOUND_BY_EYE = ["id", "name", "visits", "last_visit", "spend", "allergies", "by", "found"]
_VISITED = ["id", "business_date", "venue", "table", "covers", "walk_in", "spend", "dishes"]

Limit = Annotated[int, typer.Option(min=1, max=1000, help="The most to show.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="guests", help="The guests: find, show, resolve.")


@group.command("find")
def find_guests(
    text: Annotated[
        str,
        typer.Argument(help="A name, e-mail, end of a phone number, word of a tag or note, or number at the source."),
    ],
    limit: Limit = 20,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Find guests, the likeliest first.

    Example: servery guests find "soren jensn"
    """

    async def work(db: Connection) -> list[dict[str, Any]]:
        found = await find(db, SYSTEM, text, limit)
        rows = await guest_rows(db, SYSTEM, [one.id for one in found])
        await looked(db, SYSTEM, [one.id for one in found], "command")
        return [_row(one, rows[one.id]) for one in found]

    rows = with_database(work)
    if not rows and not (as_json or as_csv):
        say(f"No guest is found by {text}.")
        return
    if as_json:
        give(rows)
    elif as_csv:
        give_list([_flat(row) for row in rows], _FOUND, as_csv=True)
    else:
        give_list([_flat(row) | {"name": row["name"] or row["reference"]} for row in rows], _FOUND_BY_EYE)


class _Shown(Struct, frozen=True):
    """Everything told of one guest."""

    guest: Story
    visits: list[PastVisit]
    sources: Provenance
    merged_into: int | None = None
    """Whose story this is, where the guest that was asked for was merged."""


@group.command("show")
def show(
    guest_id: Annotated[int, typer.Argument(metavar="ID")],
    visits: Annotated[int, typer.Option(min=0, max=10_000, help="How many visits to show, the latest first.")] = 5,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Tell a guest's story. With --csv: their visits.

    Example: servery guests show 42
    """

    async def work(db: Connection) -> _Shown:
        told = await story(db, SYSTEM, guest_id)
        shown = _Shown(
            told,
            await visits_of(db, SYSTEM, told.id, limit=visits),
            await provenance(db, SYSTEM, told.id),
            told.id if told.id != guest_id else None,
        )
        await looked(db, SYSTEM, [told.id], "command")
        return shown

    shown = with_database(work)
    if as_json:
        give(shown)
    elif as_csv:
        give_list([_visit(one) for one in shown.visits], _VISITED, as_csv=True)
    else:
        if shown.merged_into:
            say(f"Guest {guest_id} was merged into {shown.merged_into}.")
        give_list(_facts(shown.guest), ["what", "is"])
        give_list([_visit(one) for one in shown.visits], _VISITED)


def _row(found: Found, row: GuestRow) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in GuestRow.__struct_fields__}
    told = found.quote.text if found.quote else None
    return facts | {"by": found.by, "found": told, "reference": found.reference or row.reference}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    amounts = [(one.amount, one.currency) for one in row["spend"]]
    return row | {"spend": _amounts(amounts), "allergies": "; ".join(row["allergies"])}


def _amounts(amounts: Sequence[tuple[int, str]]) -> str:
    return " + ".join(f"{to_decimal(amount, currency)} {currency}" for amount, currency in amounts)


def _visit(visit: PastVisit) -> dict[str, Any]:
    sums: dict[str, int] = {}
    for check in visit.checks:
        sums[check.currency] = sums.get(check.currency, 0) + (check.total or 0) - (check.refunded or 0)
    dishes = [f"{dish.quantity.normalize():f} {dish.name}" for check in visit.checks for dish in check.dishes]
    return {
        "id": visit.id,
        "business_date": visit.business_date.isoformat(),
        "venue": visit.venue,
        "table": visit.table,
        "covers": visit.covers,
        "walk_in": visit.walk_in,
        "spend": _amounts([(amount, currency) for currency, amount in sums.items()]),
        "dishes": ", ".join(dishes),
    }


def _facts(told: Story) -> list[dict[str, str]]:
    """The story as lines for a terminal; what is not known is not told."""
    figures, liked = told.figures, told.favourites
    facts: list[tuple[str, Any]] = [
        ("guest", f"{told.name or told.reference or 'nameless'} ({told.id})"),
        ("allergies", ", ".join(told.allergies)),
        ("vip", "yes" if told.vip else ""),
        ("e-mail", told.email),
        ("phone", told.phone),
        ("birthday", told.birthday and f"{told.birthday.month:02}-{told.birthday.day:02}"),
        ("visits", f"{figures.visits}, {figures.last_year} in the last year"),
        ("first visit", figures.first and figures.first.day),
        ("last visit", figures.last and f"{figures.last.day} {figures.last.venue}"),
        ("days between visits", figures.days_between),
        *((f"spend {one.currency}", to_decimal(one.total, one.currency)) for one in told.spend),
        *((f"per visit {one.currency}", to_decimal(one.per_visit, one.currency)) for one in told.spend),
        *(
            (f"per cover {one.currency}", to_decimal(one.per_cover, one.currency))
            for one in told.spend
            if one.per_cover is not None
        ),
        ("dish", _liked(liked.dish)),
        ("drink", _liked(liked.drink)),
        ("wine", _liked(liked.wine)),
        ("table", figures.table and f"{figures.table.name} ({figures.table.times} of {figures.table.visits} visits)"),
        ("party", figures.party),
        ("no-shows", figures.no_shows or None),
        ("cancelled", figures.cancelled or None),
        ("likes", ", ".join(told.preferences)),
        ("tags", ", ".join(told.tags)),
        ("asks for", "; ".join(one.text for one in told.requests)),
        ("notes", "; ".join(note.text for note in told.notes)),
        ("coming", "; ".join(f"{one.starts_at:%Y-%m-%d %H:%M} UTC {one.venue}" for one in told.upcoming)),
    ]
    return [{"what": what, "is": str(value)} for what, value in facts if value not in (None, "")]


def _liked(favourite: Favourite | None) -> str | None:
    if favourite is None:
        return None
    size = f", {favourite.size}" if favourite.size else ""
    return f"{favourite.name}{size} ({favourite.times} of {favourite.visits} visits)"
