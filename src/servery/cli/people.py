"""`servery invite`, `servery people`, `servery keys`: who may come in, and by what."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
import typer

from servery.accounts import keys, links, people, sessions
from servery.accounts.audit import acted
from servery.accounts.rows import ApiKey, Person, Session
from servery.app.rotating import rotate_vault
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, settings, with_database
from servery.errors import NotFound
from servery.model.viewer import SYSTEM, Role
from servery.storage.pool import Connection

people_app = typer.Typer(no_args_is_help=True)
keys_app = typer.Typer(no_args_is_help=True)

_DAYS = {"d": 1, "w": 7, "y": 365}
_Email = Annotated[str, typer.Argument(help="The e-mail address they sign in with.")]
_RoleOption = Annotated[Role, typer.Option(help="What they may see and do.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("invite", short_help="Let somebody in, by a link good once.")(invite)
    app.add_typer(people_app, name="people", help="Who may sign in: list, role, link, sessions, sign-out, deactivate.")
    app.add_typer(keys_app, name="keys", help="What programs sign in with: create, list, revoke, rotate-vault.")


def invite(
    email: _Email,
    name: Annotated[str, typer.Option(help="Their name, as others will read it.")],
    role: _RoleOption,
    as_json: AsJson = False,
) -> None:
    """Let somebody in and give the link by which they come, once, within 48 hours.

    Example: servery invite hanna@example.com --name "Hanna Holm" --role host
    """

    async def work(db: Connection) -> links.Link:
        return await links.invite(db, SYSTEM, name=name, email=email, role=role)

    _give_link(with_database(work), as_json)


@people_app.command("list")
def list_people(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List everybody, those who left last."""
    everybody = with_database(lambda db: people.everybody(db, SYSTEM))
    rows = [_person(person) for person in everybody]
    give_list(rows, ["id", "name", "email", "role", "language", "state"], as_json=as_json, as_csv=as_csv)


@people_app.command("role")
def role_of(email: _Email, role: Role, as_json: AsJson = False) -> None:
    """Give somebody another role, in force at once.

    Example: servery people role hanna@example.com manager
    """
    _change(email, lambda db, person: people.change_role(db, SYSTEM, person.id, role), as_json, f"has the role {role}")


@people_app.command("deactivate")
def deactivate(email: _Email, as_json: AsJson = False) -> None:
    """End somebody's access at once, on every device. Invite them again to let them back in."""
    _change(email, lambda db, person: people.deactivate(db, SYSTEM, person.id), as_json, "can no longer sign in")


@people_app.command("link")
def link(email: _Email, as_json: AsJson = False) -> None:
    """Give a sign-in link, good once within 48 hours, for somebody who forgot the password."""

    async def work(db: Connection) -> links.Link:
        person = await _known(db, email)
        return await links.make_link(db, SYSTEM, person.id, lasts=links.INVITE_LASTS)

    _give_link(with_database(work), as_json)


@people_app.command("sessions")
def list_sessions(email: _Email, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the browsers in which somebody is signed in, the one seen last first."""

    async def work(db: Connection) -> list[Session]:
        return await sessions.sessions_of(db, (await _known(db, email)).viewer)

    rows = [msgspec.structs.asdict(one) for one in with_database(work)]
    give_list(rows, ["id", "device", "created_at", "last_seen"], as_json=as_json, as_csv=as_csv)


@people_app.command("sign-out")
def sign_out(
    email: _Email,
    session: Annotated[int | None, typer.Option(help="Only this one, by its number in the list.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sign somebody out everywhere, or of one browser: a tablet that was lost. They may sign in again.

    Example: servery people sign-out hanna@example.com
    """

    async def end(db: Connection, person: Person) -> Person:
        if session is None:
            await sessions.close_all(db, person.viewer)
        else:
            await sessions.revoke_session(db, person.viewer, session)
        await acted(db, SYSTEM, "signed-out", f"person:{person.id}", {"session": session})
        return person

    _change(email, end, as_json, "is signed out")


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What will use it.")],
    role: _RoleOption,
    expires: Annotated[str, typer.Option(help="How long it lasts, such as 90d, 26w or 2y (two years at most).")] = "1y",
    as_json: AsJson = False,
) -> None:
    """Make an API key. It is shown this once: put it where the program keeps its secrets.

    Example: servery keys create "Loyalty app" --role integrator --expires 90d > loyalty.key
    """
    lasts = span(expires)
    key, token = with_database(lambda db: keys.create_key(db, SYSTEM, name=name, role=role, lasts=lasts))
    if as_json:
        give(_key(key) | {"key": token.reveal()})
        return
    typer.echo(token.reveal())
    say(f"Key {key.id} for {key.name} lasts until {_told(key.expires_at)}. It cannot be shown again.")


@keys_app.command("list")
def list_keys(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the keys, those in force first."""
    rows = [_key(key) for key in with_database(lambda db: keys.all_keys(db, SYSTEM))]
    columns = ["id", "name", "role", "prefix", "created_at", "expires_at", "last_used", "revoked_at"]
    give_list(rows, columns, as_json=as_json, as_csv=as_csv)


@keys_app.command("revoke")
def revoke_key(
    key_id: Annotated[int, typer.Argument(metavar="ID", help="Its number in the list.")], as_json: AsJson = False
) -> None:
    """End a key at once."""
    key = with_database(lambda db: keys.revoke_key(db, SYSTEM, key_id))
    if as_json:
        give(_key(key))
    else:
        say(f"The key {key.prefix}… of {key.name} opens nothing any more.")


@keys_app.command("rotate-vault")
def rotate_vault_key(as_json: AsJson = False) -> None:
    """Make a new key for the credentials of outside systems, and seal them all anew with it.

    For when somebody may have seen the old one. It stays in the key file, for older backups, and opens nothing else.
    """
    home = settings().home

    async def work(db: Connection) -> int:
        sealed = await rotate_vault(db, home)
        await acted(db, SYSTEM, "vault-key-made", "vault", {"sealed": sealed})
        return sealed

    sealed = with_database(work)
    if as_json:
        give({"sealed": sealed})
    else:
        say(f"A new key seals from now on. Credentials sealed anew: {sealed}. Make a backup: it holds the key.")


def span(text: str) -> timedelta:
    """A span of days, weeks or years, such as 90d."""
    match = re.fullmatch(r"([0-9]{1,4})([dwy])", text)
    if match is None:
        raise typer.BadParameter(f"{text} is not a span of time such as 90d, 26w or 1y.")
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


def _change(email: str, change: Callable[[Connection, Person], Awaitable[Person]], as_json: bool, outcome: str) -> None:
    async def work(db: Connection) -> Person:
        return await change(db, await _known(db, email))

    person = with_database(work)
    if as_json:
        give(_person(person))
    else:
        say(f"{person.name} {outcome}.")


async def _known(db: Connection, email: str) -> Person:
    person = await people.person_by_email(db, email)
    if person is None:
        raise NotFound("Nobody here has this e-mail address.", field="email", mend="See: servery people list")
    return person


def _give_link(made: links.Link, as_json: bool) -> None:
    url = f"{settings().public_url}/sign-in/{made.token.reveal()}"
    if as_json:
        give({"person": _person(made.person), "link": url, "expires_at": made.expires_at})
        return
    typer.echo(url)
    say(f"This link signs {made.person.name} in once, until {_told(made.expires_at)}.")


def _person(person: Person) -> dict[str, Any]:
    state = "left" if person.deactivated_at else "active" if person.has_password else "invited"
    return msgspec.structs.asdict(person) | {"state": state}


def _key(key: ApiKey) -> dict[str, Any]:
    return msgspec.structs.asdict(key)


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
