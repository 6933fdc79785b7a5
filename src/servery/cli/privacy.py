"""`servery privacy`: everything of a guest, erasing one, what guests ask for, and what is kept how long."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from msgspec import structs

from servery.accounts.rows import Language
from servery.app.privacy import RoomPrivacy
from servery.app.retaining import keep_to_rules
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, settings
from servery.language.words import words
from servery.model.consent import MARKETING, Channel
from servery.model.guest import Consent, SourceGuest
from servery.model.viewer import SYSTEM
from servery.privacy.before import Before
from servery.privacy.consent import Said
from servery.privacy.controller import Controller, Written
from servery.privacy.requests import Kind, Outcome
from servery.privacy.retention import Kind as Kept
from servery.privacy.rewrite import rewrite
from servery.storage.migrate import migrate
from servery.storage.pool import Pool, by_itself, open_pool
from servery.storage.server import database
from servery.web.privacy.paper import export_html, notice_html, register_html

group = typer.Typer(no_args_is_help=True)
Result = TypeVar("Result")
GuestId = Annotated[int, typer.Argument(metavar="ID")]
To = Annotated[
    Path | None, typer.Option("--output", help="The file to write; standard output without.", dir_okay=False)
]
In = Annotated[Language, typer.Option(help="The language of what is written.")]

_REQUESTS = ["id", "kind", "guest_id", "received_on", "due_on", "extended_on", "closed_at", "outcome"]
_RECEIPTS = ["erasure_id", "id", "connection", "external_id", "state", "outcome", "done_at"]
_CONSENT = ["at", "state", "channel", "purpose", "text_version", "source", "by_guest", "written_by"]
_RULES = ["kind", "months", "suggested", "now"]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="privacy", help="What guests ask for under the law.")


def _with_rooms(work: Callable[[RoomPrivacy, Pool], Awaitable[Result]]) -> Result:
    chosen = settings()

    async def run(dsn: str) -> Result:
        async with open_pool(dsn, largest=4) as pool:
            return await work(RoomPrivacy(pool, chosen), pool)

    with database(chosen) as dsn:
        migrate(dsn)
        return asyncio.run(run(dsn))


@group.command("export")
def export(
    guest_id: GuestId,
    output: To = None,
    html: Annotated[bool, typer.Option("--html", help="For people to read.")] = False,
    language: In = "en",
) -> None:
    """Give everything that is held of a guest, as JSON or with --html for people to read.

    Example: servery privacy export 42 --html --output guest.html
    """
    whole = _with_rooms(lambda rooms, _: rooms.export(SYSTEM, guest_id))
    text = export_html(whole, words(language)) if html else msgspec.json.encode(whole).decode() + "\n"
    _written(text, output)


@group.command("erase")
def erase(
    guest_id: GuestId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a guest here, and in each system that can be told. It cannot be undone.

    Example: servery privacy erase 42
    """
    seen = None
    if not yes:
        found = _with_rooms(lambda rooms, _: rooms.before(SYSTEM, guest_id))
        _say_who(found)
        typer.confirm(f"Erase guest {found.guest_id} for ever?", abort=True, err=True)
        guest_id, seen = found.guest_id, found.seen
    erased = _with_rooms(lambda rooms, _: rooms.erase(SYSTEM, guest_id, seen))
    if as_json:
        give({"erasure": erased.id, "counts": erased.counts})
        return
    say(f"Guest {guest_id} is erased. See what is to be done elsewhere: servery privacy receipts")


def _say_who(found: Before) -> None:
    """Who would be erased, and how much there is of them."""
    say(f"Guest {found.guest_id}: {found.name or 'without a name'}.")
    say(f"Records: {len(found.records)}. Bookings: {found.bookings}. Checks: {found.checks}, kept without a name.")
    for record in found.records:
        say(f"  {record.connection} {record.external_id}: {record.name or 'without a name'}")
    if found.absorbed:
        say(f"Guests merged into them go along: {', '.join(map(str, found.absorbed))}.")


@group.command("clean")
def clean(as_json: AsJson = False) -> None:
    """Write emptied tables anew at once, so that PostgreSQL's own files are clean; nobody can use them meanwhile.

    Example: servery privacy clean
    """

    async def work(_: RoomPrivacy, pool: Pool) -> list[str]:
        async with by_itself(pool) as db:
            return await rewrite(db, large=True)

    done = _with_rooms(work)
    give({"rewritten": done}) if as_json else say(f"{len(done)} tables were written anew.")


@group.command("receipts")
def show_receipts(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List what is to be erased in other systems, and what was.

    Example: servery privacy receipts
    """
    found = _with_rooms(lambda rooms, _: rooms.erasures(SYSTEM))
    rows = [msgspec.to_builtins(receipt) for one in found for receipt in one.receipts]
    give_list(rows, _RECEIPTS, as_json=as_json, as_csv=as_csv)


@group.command("receipt-done")
def receipt_done(receipt_id: GuestId) -> None:
    """Say that a record was erased by hand in its system.

    Example: servery privacy receipt-done 7
    """
    _with_rooms(lambda rooms, _: rooms.receipt_done(SYSTEM, receipt_id))
    say("Noted.")


@group.command("requests")
def show_requests(
    closed: Annotated[bool, typer.Option("--closed", help="Those that are closed.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List what guests asked for, what is due first at the top.

    Example: servery privacy requests
    """
    found = _with_rooms(lambda rooms, _: rooms.requests(SYSTEM, closed=closed))
    give_list([msgspec.to_builtins(one) for one in found], _REQUESTS, as_json=as_json, as_csv=as_csv)


@group.command("request")
def open_request(
    kind: Kind,
    guest: Annotated[int | None, typer.Option(help="The guest's number, where known.")] = None,
    received: Annotated[str | None, typer.Option(help="The day it was received, YYYY-MM-DD; today without.")] = None,
    asked_by: Annotated[str | None, typer.Option(help="Who asked, and how to answer.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start the clock of a guest's request.

    Example: servery privacy request access --guest 42
    """
    try:
        day = date.fromisoformat(received) if received else None
    except ValueError:
        raise typer.BadParameter("Give --received as YYYY-MM-DD.") from None
    made = _with_rooms(lambda rooms, _: rooms.open_request(SYSTEM, kind, day, guest, asked_by))
    give(made) if as_json else say(f"Request {made.id} is to be answered by {made.due_on}.")


@group.command("extend")
def extend(request_id: GuestId, reason: Annotated[str, typer.Option(help="Why, as the guest is told.")]) -> None:
    """Take two months more for a request.

    Example: servery privacy extend 3 --reason "Two systems answer slowly."
    """
    made = _with_rooms(lambda rooms, _: rooms.extend_request(SYSTEM, request_id, reason))
    say(f"Request {made.id} is to be answered by {made.due_on}.")


@group.command("close")
def close(request_id: GuestId, outcome: Outcome = "done") -> None:
    """Stop the clock of a request.

    Example: servery privacy close 3
    """
    _with_rooms(lambda rooms, _: rooms.close_request(SYSTEM, request_id, outcome))
    say(f"Request {request_id} is closed.")


@group.command("reopen")
def reopen(request_id: GuestId) -> None:
    """Let the clock of a closed request run on: it was closed by mistake.

    Example: servery privacy reopen 3
    """
    made = _with_rooms(lambda rooms, _: rooms.reopen_request(SYSTEM, request_id))
    say(f"Request {made.id} is to be answered by {made.due_on}.")


@group.command("consent")
def show_consent(guest_id: GuestId, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List what a guest agreed to, line by line.

    Example: servery privacy consent 42
    """
    ledger = _with_rooms(lambda rooms, _: rooms.consents(SYSTEM, guest_id))
    rows = [msgspec.to_builtins(one) | {"written_by": ledger.written_by(one)} for one in ledger.lines]
    give_list(rows, _CONSENT, as_json=as_json, as_csv=as_csv)


@group.command("note-consent")
def note_consent(
    guest_id: GuestId,
    state: Consent,
    channel: Channel = "any",
    purpose: Annotated[str, typer.Option(help="What for: marketing, or allergies.")] = MARKETING,
    text: Annotated[str | None, typer.Option(help="The version of the text that the guest saw.")] = None,
    source: Annotated[str, typer.Option(help="Where or how they said it.")] = "guest",
) -> None:
    """Write down what a guest said of consent. A line is never changed: what they say next is another one.

    Example: servery privacy note-consent 42 denied --channel sms --source "by phone"
    """
    said = Said(state=state, channel=channel, purpose=purpose, text_version=text, source=source)
    _with_rooms(lambda rooms, _: rooms.note_consent(SYSTEM, guest_id, said))
    say("The line stands in the ledger.")


@group.command("let-in")
def let_in(
    person: Annotated[typer.FileText, typer.Argument(metavar="FILE", help="JSON: name, email, phone; - for stdin.")],
) -> None:
    """Let somebody in again who was erased and asks for it. What was erased does not come back.

    Example: echo '{"name": "Anna Berg", "email": "anna@example.com"}' | servery privacy let-in -
    """
    try:
        whom = msgspec.json.decode(person.read(), type=SourceGuest)
    except msgspec.MsgspecError:
        raise typer.BadParameter("Give JSON with name, and email or phone.") from None
    _with_rooms(lambda rooms, _: rooms.let_in(SYSTEM, whom))
    say("What is new of them comes in again.")


@group.command("old")
def old(
    kind: Kept,
    months: Annotated[int, typer.Option(help="So many months.")] = 36,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the first of what would go after so many months; nothing goes by looking.

    Example: servery privacy old guests --months 24
    """
    found = _with_rooms(lambda rooms, _: rooms.would_go(SYSTEM, kind, months))
    say(f"{found.found} are older than {months} months.")
    columns = ["id", "day", "last", "name"] if kind == "guests" else ["id", "day", "name"]
    give_list([msgspec.to_builtins(one) for one in found.first], columns, as_json=as_json, as_csv=as_csv)


@group.command("retention")
def show_retention(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List how long things are kept, and how many are older now (than suggested, where nobody chose).

    Example: servery privacy retention
    """
    found = _with_rooms(lambda rooms, _: rooms.retention(SYSTEM))
    rows = [{**msgspec.to_builtins(rule), "now": now} for rule, now in found]
    give_list(rows, _RULES, as_json=as_json, as_csv=as_csv)


@group.command("keep")
def keep(
    kind: Kept, months: Annotated[int | None, typer.Option(help="So many months; without it for ever.")] = None
) -> None:
    """Choose how long something is kept.

    Example: servery privacy keep guests --months 36
    """
    _with_rooms(lambda rooms, _: rooms.keep(SYSTEM, kind, months))
    say(f"{kind} are kept {f'{months} months' if months else 'for ever'}.")


@group.command("retain")
def retain(as_json: AsJson = False) -> None:
    """Have all rules done now, and not in the quiet hours.

    Example: servery privacy retain
    """
    done = _with_rooms(lambda _, pool: keep_to_rules(pool, settings(), at_once=True))
    give({"done": done}) if as_json else say(f"{done} were too old and went.")


@group.command("notice")
def notice(output: To = None, language: In = "en") -> None:
    """Write the privacy notice for guests, made of what is connected, as HTML.

    Example: servery privacy notice --language da --output notice.html
    """
    found = _with_rooms(lambda rooms, _: rooms.register(SYSTEM))
    _written(notice_html(found, words(language)), output)
    _say_if_missing(found.controller)


@group.command("register")
def show_register(output: To = None, language: In = "en", as_json: AsJson = False) -> None:
    """Write the register of processing, as HTML or JSON.

    Example: servery privacy register --json
    """
    found = _with_rooms(lambda rooms, _: rooms.register(SYSTEM))
    if as_json:
        give(found)
    else:
        _written(register_html(found, words(language)), output)
    _say_if_missing(found.controller)


@group.command("controller")
def controller(  # noqa: PLR0913, PLR0917 (a command's options)
    name: Annotated[str | None, typer.Option(help="The company or person that runs the house.")] = None,
    address: Annotated[
        list[str] | None, typer.Option(metavar="LINE", help="The postal address; once for each line.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="For questions on privacy.")] = None,
    phone: Annotated[str | None, typer.Option(help="If there is one.")] = None,
    website: Annotated[str | None, typer.Option(metavar="URL", help="If there is one.")] = None,
    officer: Annotated[str | None, typer.Option(help="The data protection officer, if any: name and contact.")] = None,
    authority: Annotated[
        str | None, typer.Option(help="The supervisory authority that guests may complain to.")
    ] = None,
    authority_website: Annotated[str | None, typer.Option(metavar="URL", help="Where that is found.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who answers for guests' data, or with options write it down; what no option names stays, "" empties it.

    Example: servery privacy controller --name "Havnen ApS" --address "Havnegade 1" --address "1058 København K"
    --email privacy@example.com
    """
    given = {
        "name": name, "address": "\n".join(address) if address else None, "email": email, "phone": phone,
        "website": website, "officer": officer, "authority": authority, "authority_website": authority_website,
    }  # fmt: skip
    changed = {field: value for field, value in given.items() if value is not None}

    def wanted(now: Written) -> Controller:
        return structs.replace(now.controller or _NOBODY, **changed)

    def work(rooms: RoomPrivacy, _: Pool) -> Awaitable[Written]:
        return rooms.write_controller(SYSTEM, wanted) if changed else rooms.controller(SYSTEM)

    found = _with_rooms(work).controller
    if as_json:
        give(found)
    elif found:
        typer.echo("\n".join(_lines(found)))
    _say_if_missing(found)


_NOBODY = Controller(name="", address="", email="")


def _lines(one: Controller) -> Iterator[str]:
    """Field by field, further lines below the first."""
    for field, value in structs.asdict(one).items():
        label = field.replace("_", " ")
        for place, line in enumerate((value or "").splitlines()):
            yield f"{label if place == 0 else '':<18} {line}"


def _say_if_missing(found: Controller | None) -> None:
    if found is None:
        say(
            "Contact details are missing: guests are to be told who answers for their data and how to reach them. "
            "Write it down: servery privacy controller --name NAME --address LINE --email EMAIL"
        )


def _written(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        say(f"{output} is written.")
