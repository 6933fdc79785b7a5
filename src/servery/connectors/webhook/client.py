"""Setting up: nobody can be asked, so what the owner entered is looked through. Nothing is polled."""

import base64
from binascii import Error as NotBase64
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from servery.connectors.contract import Account, Location, Page, Resource, Session, Span
from servery.connectors.standard_webhooks import address_to_connect, is_public
from servery.connectors.webhook.building import LOCATION
from servery.connectors.webhook.mapping import read as read_mapping
from servery.errors import Invalid, NeedsPerson
from servery.model.money import known_currency

_SECRET_BYTES = range(24, 65)
"""How long a secret is by Standard Webhooks 1.0."""


async def check(session: Session) -> Account:
    """Look through the settings: NeedsPerson names the one at fault, Retry where the address leads nowhere now."""
    entered = session.settings
    for name in ("secret", "sending_secret"):
        for secret in entered.get(name, "").split():
            key_of(secret, name)
    _check_mapping(entered.get("mapping", ""))
    if entered.get("url"):
        await _check_url(session)
    elif not entered.get("secret"):
        raise NeedsPerson(
            "Nothing can come in and nothing can go out.", field="secret",
            mend="Enter the secret of what comes in, or the address to send to.",
        )  # fmt: skip
    return Account(entered["restaurant"], (_place(session),))


def _place(session: Session) -> Location:
    zone, currency = session.settings["time_zone"], session.settings["currency"].upper()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NeedsPerson(
            "There is no time zone {zone}.", field="time_zone", mend="Take a name such as Europe/Copenhagen.", zone=zone
        ) from error
    if not known_currency(currency):
        raise NeedsPerson("There is no currency {code}.", field="currency", code=currency, mend="Three letters: DKK.")
    return Location(
        external_id=LOCATION, name=session.settings["restaurant"], time_zone=zone, currency=currency
    )  # fmt: skip


def key_of(secret: str, field: str) -> bytes:
    """The key that a secret stands for. NeedsPerson where it is none."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) not in _SECRET_BYTES:
        raise NeedsPerson(
            "This is no secret of Standard Webhooks.", field=field,
            mend="It begins with whsec_ and ends in base64 of 24 to 64 bytes.",
        )  # fmt: skip
    return key


def _check_mapping(text: str) -> None:
    try:
        if text:
            read_mapping(text)
    except Invalid as error:
        raise NeedsPerson("The mapping cannot be used: {why}", field="mapping", why=str(error)) from error


async def _check_url(session: Session) -> None:
    url = session.settings["url"]
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and not parts.username and (parts.port or 1)
    except ValueError:
        sound = False
    if not sound:
        raise NeedsPerson("This is no address to send to.", field="url", mend="For example https://example.com/hooks.")
    if not session.settings.get("sending_secret"):
        raise NeedsPerson("What goes out must be signed.", field="sending_secret", mend="Enter a secret for it.")
    await destination(session)


async def destination(session: Session) -> tuple[httpx.URL, str]:
    """Where what leaves goes: the URL, and the address its name leads to now, which is the one to connect to.

    NeedsPerson where that is an address inside whose name the owner did not enter, or where what we tell of guests
    would go over the internet for everybody to read; Retry where the name leads nowhere.
    """
    url = httpx.URL(session.settings["url"])
    allowed = url.host.casefold() in session.settings.get("inside", "").casefold().split()
    inside = NeedsPerson(
        "{host} is an address inside this network.",
        field="url",
        host=url.host,
        mend="Where that is meant, enter {host} under the inside addresses.",
    )
    address = await address_to_connect(url, None if allowed else inside)
    if url.scheme != "https" and is_public(address):
        raise NeedsPerson(
            "What goes out would be open to everybody on its way.", field="url",
            mend="Enter an address that begins with https://.",
        )  # fmt: skip
    return url, address


async def read(session: Session, resource: Resource, account: Account, span: Span | None, token: str | None) -> Page:
    """Nothing: the other system tells of itself."""
    return Page(())
