"""Authorising by OAuth2: the way to a vendor's page and back, with a state that opens once and to one session only.

The code flow of RFC 6749 with PKCE (RFC 7636). What was entered before the way lies sealed meanwhile.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from msgspec import Struct
from psycopg.rows import DictRow

from servery.app import connect, credentials
from servery.app.tokens import address, asked
from servery.connectors import registry
from servery.connectors.contract import Account, Manifest, OAuth2
from servery.errors import NeedsPerson, Refuse
from servery.model.viewer import Viewer
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.connections import Connection

CALLBACK = "/connections/authorised"
"""Where vendors send people back to, under SERVERY_PUBLIC_URL."""
LASTS = timedelta(minutes=15)
FOR_COMMAND = ""
"""The session of one who was sent by the command line: there is none, so the state alone opens."""


class Way(Struct, frozen=True):
    """The way to a vendor's page. `url` holds the state: it is shown to nobody but who asked for it."""

    url: str
    state: str


class Granted(Struct, frozen=True, kw_only=True):
    """What somebody brought back: settings with the tokens in them, for a new connection or one that there is."""

    connector: str
    settings: dict[str, str]
    name: str
    connection_id: int | None


class Brought(Struct, frozen=True, kw_only=True):
    """What became of it: another access for the connection that there is, or a set-up to go on with."""

    account: Account
    granted: Granted
    connection_id: int | None


async def begin(
    db: Db,
    house: Settings,
    connector: str,
    given: Mapping[str, str],
    *,
    name: str = "",
    who: Viewer | None = None,
    session: str = FOR_COMMAND,
    connection: Connection | None = None,
) -> Way:
    """Send somebody to a vendor. NeedsPerson where the application's id and secret were not entered yet."""
    manifest = registry.manifest(connector)
    flow = _flow(manifest)
    application = await credentials.application(db, house.home, connector)
    if not application.get("client_id"):
        raise NeedsPerson(
            "The application at {title} is not entered yet.",
            code="application-missing",
            field="client_id",
            title=manifest.title,
            mend="Enter its id and secret first: servery application set {connector}",
            connector=connector,
        )
    before = credentials.all_settings(house.home, connection) if connection else {}
    settings = credentials.entered(manifest, {**before, **given}, later=credentials.given_by_vendor(manifest))
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48) if flow.pkce else None
    hashed = _hash(state, session)
    await db.execute(
        "with old as (delete from authorisation where expires_at < now()) insert into authorisation "
        "(state_hash, connector, connection_id, person_id, verifier, given, name, expires_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            hashed,
            connector,
            connection.id if connection else None,
            who.id if who else None,
            verifier,
            await credentials.sealed_text(db, house.home, settings, _purpose(hashed)),
            name,
            datetime.now(UTC) + LASTS,
        ],
    )
    return Way(_url(flow, settings, application, state, verifier, house.public_url), state)


def _flow(manifest: Manifest) -> OAuth2:
    if manifest.oauth2 is None:
        raise Refuse("{title} is connected by settings, not by authorising.", title=manifest.title)
    return manifest.oauth2


def _url(
    flow: OAuth2,
    settings: Mapping[str, str],
    application: Mapping[str, str],
    state: str,
    verifier: str | None,
    public_url: str,
) -> str:
    asks = {
        "response_type": "code",
        "client_id": application["client_id"],
        "redirect_uri": public_url + CALLBACK,
        "scope": flow.scope_joint.join(flow.scopes),
        "state": state,
    }
    if verifier:
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        asks |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    there = address(flow.authorize_url, settings)
    return there + ("&" if "?" in there else "?") + urlencode({name: value for name, value in asks.items() if value})


def _hash(state: str, session: str) -> bytes:
    return hashlib.sha256(f"{state}\n{session}".encode()).digest()


def _purpose(state_hash: bytes) -> str:
    return f"authorisation:{state_hash.hex()}"


async def bring_back(
    pool: Pool, house: Settings, answer: Mapping[str, str], *, viewer: Viewer, session: str
) -> Brought:
    """Take what a vendor sent somebody back with; an access for a connection that there is takes effect at once.

    The state is used up whatever comes of it. Refuse where it is unknown here, used, expired, or somebody else's, and
    where the person did not agree at the vendor; NeedsPerson and Retry as the vendor's answers have it.
    """
    async with pool.connection() as db:
        row = await _taken(db, answer.get("state", ""), session)
    if row is None or row["person_id"] not in (None, viewer.id):
        raise Refuse(
            "This authorisation was begun elsewhere, was used already, or has expired.",
            code="state-unknown",
            mend="Begin it again.",
        )
    manifest = registry.manifest(row["connector"])
    if "code" not in answer:
        raise Refuse(
            "{title} was not authorised.", code="not-authorised", mend="Nothing was changed.", title=manifest.title
        )
    before = credentials.opened_text(house.home, row["given"], _purpose(bytes(row["state_hash"])))
    async with pool.connection() as db:
        application = await credentials.application(db, house.home, manifest.name)
    grant = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": house.public_url + CALLBACK}
    grant |= {"code_verifier": row["verifier"]} if row["verifier"] else {}
    settings = before | await asked(manifest, application, before, grant)
    granted = Granted(connector=manifest.name, settings=settings, name=row["name"], connection_id=row["connection_id"])
    return await _proved(pool, house.home, granted)


async def _taken(db: Db, state: str, session: str) -> DictRow | None:
    """Use a state up. Committed before the vendor is asked: a code that was seen once is not tried again."""
    cursor = await db.execute(
        "delete from authorisation where state_hash = any(%s) and expires_at > now() returning *",
        [[_hash(state, session), _hash(state, FOR_COMMAND)]],
    )
    return await cursor.fetchone()


async def _proved(pool: Pool, home: Path, granted: Granted) -> Brought:
    if granted.connection_id is None:
        account = await connect.check(granted.connector, granted.settings)
        return Brought(account=account, granted=granted, connection_id=None)
    async with pool.connection() as db:
        found = await connections.connection(db, granted.connection_id)
        account = await connect.change(db, home, found, granted.settings)
    return Brought(account=account, granted=granted, connection_id=found.id)


async def waits(db: Db, state: str) -> bool:
    """Whether nobody has come back yet from the way that the command line sent them."""
    cursor = await db.execute(
        "select from authorisation where state_hash = %s and expires_at > now()", [_hash(state, FOR_COMMAND)]
    )
    return await cursor.fetchone() is not None
