"""Setting up an installation to look around in: two systems joined, and somebody to sign in as."""

import shutil
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from msgspec import structs

from servery.accounts import links, people
from servery.app import connect
from servery.errors import NeedsPerson
from servery.model.venue import Venue
from servery.model.viewer import SYSTEM
from servery.settings import Settings
from servery.storage import guardian
from servery.storage.pool import Connection as Db
from servery.sync.pace import Rhythm, keep_rhythm
from servery.venues.rows import change_venue

OWNER = "owner@example.com"
_MARK = "demo"
_LINK_LASTS = timedelta(hours=12)
_ENDS_WITHIN = 10.0
"""Seconds that what an earlier demo left running may take to end."""


def clear(home: Path) -> None:
    """Make an empty home for a demo; only what an earlier demo left there is removed.

    Raises NeedsPerson where the folder holds an installation of somebody's, or an earlier demo still runs there.
    """
    if home.exists() and any(home.iterdir()):
        if not (home / _MARK).exists():
            raise NeedsPerson(
                "{home} holds an installation, and a demo would mix with it.",
                field="SERVERY_HOME",
                home=home,
                mend="Set SERVERY_HOME to another folder, or leave it unset.",
            )
        _let_end(home)
        for left in home.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    home.mkdir(parents=True, exist_ok=True)
    (home / _MARK).touch()


def _let_end(home: Path) -> None:
    until = time.monotonic() + _ENDS_WITHIN
    while (home / guardian.LOCKS).is_dir() and guardian.is_held(home, guardian.ALIVE):
        if time.monotonic() > until:
            raise NeedsPerson(
                "Another demo runs in {home}.",
                field="SERVERY_HOME",
                home=home,
                mend="Stop it, or set SERVERY_HOME to another folder.",
            )
        time.sleep(0.1)


async def furnish(db: Db, settings: Settings, systems: Mapping[str, Mapping[str, str]], venue: Venue, days: int) -> str:
    """Join the till, then the book, with `days` of history, both ways at once; the link that signs the owner in.

    The venue's plan and hours are entered as its owner would, for the till's API tells neither.
    """
    history = {connect.HISTORY_DAYS: str(days)}
    till = await connect.connect(
        db, settings.home, "square", {**systems["square"], **history}, name=None, venue_name=None
    )
    place = till.venues[0]
    known = structs.replace(
        place.venue,
        areas=venue.areas,
        tables=venue.tables,
        opening_hours=venue.opening_hours,
        dayparts=venue.dayparts,
    )
    await change_venue(db, place.id, known)
    book = {**systems["resos"], **history}
    reservations = await connect.connect(db, settings.home, "resos", book, name=None, venue_name=place.venue.name)
    for one in (till, reservations):
        await keep_rhythm(db, one.id, Rhythm())
    owner = await people.add(db, SYSTEM, name="Demo owner", email=OWNER, role="owner")
    link = await links.make_link(db, SYSTEM, owner.id, lasts=_LINK_LASTS)
    return f"{settings.public_url}/sign-in/{link.token.reveal()}"
