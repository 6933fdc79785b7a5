"""Setting a folder up: it is there, it can be written to, and the server's key is kept."""

import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from servery.connectors.contract import Account, Location, Page, Resource, Session, Span
from servery.connectors.folder.entered import OUT, wishes
from servery.connectors.folder.place import Place, opened
from servery.errors import NeedsPerson
from servery.model.money import known_currency

LOCATION = "restaurant"
_HELLO = "servery.txt"


async def check(session: Session) -> Account:
    """Look into the folder and put a file there. The server's fingerprint becomes the account's id: it is pinned."""
    settings = session.settings
    place = _restaurant(settings["restaurant"], settings["time_zone"], settings["currency"].upper())
    wish = wishes(settings)
    async with opened(settings, None) as folder:
        await folder.entries()
        if wish.out:
            await _try_writing(folder)
        return Account(settings["restaurant"], (place,), folder.fingerprint)


async def _try_writing(folder: Place) -> None:
    with tempfile.TemporaryDirectory() as made:
        hello = Path(made) / _HELLO
        hello.write_text("Servery puts its lists here.\n", "utf-8")
        await folder.put(OUT, _HELLO, hello)


def _restaurant(name: str, zone: str, currency: str) -> Location:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NeedsPerson(
            "There is no time zone {zone}.", field="time_zone", mend="Take a name such as Europe/Copenhagen.", zone=zone
        ) from error
    if not known_currency(currency):
        raise NeedsPerson("There is no currency {code}.", field="currency", code=currency, mend="Three letters: DKK.")
    return Location(external_id=LOCATION, name=name, time_zone=zone, currency=currency)


async def read(session: Session, resource: Resource, account: Account, span: Span | None, token: str | None) -> Page:
    """Nothing: files are taken in whole, not record by record."""
    return Page(())
