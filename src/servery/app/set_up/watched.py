"""What a verification looks for in what was read: the newest record, one that a person just made, and whose it is."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct

from servery.connectors.contract import Manifest, Webhook
from servery.errors import ServeryError
from servery.storage.pool import Connection as Db
from servery.sync import state
from servery.sync.connections import Connection
from servery.sync.proof import Merged, Step

_LONGEST_DELAY = 3600.0
"""Seconds: a record that is older than this when it comes was not just made."""
_EXAMPLES = 3
"""Guests shown as merged."""


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated where it is shown."""
    return message


class FirstRead(Struct, frozen=True):
    """How far a connection was read: whether at all, how many records, how many minutes ago the newest came."""

    read: bool
    records: int
    minutes: int
    trouble: ServeryError | None


async def first_read(db: Db, connection_id: int, manifest: Manifest) -> FirstRead:
    """How far the first reading of a connection is."""
    states = await state.states(db, connection_id)
    error = next((at.error for at in states.values() if at.error), None)
    names = {resource.name for resource in manifest.resources}
    cursor = await db.execute(
        "select count(*) as n, coalesce(extract(epoch from now() - max(seen_at)), 0) as seconds from ("
        "select seen_at from reservation where connection_id = %(id)s union all "
        "select seen_at from checks where connection_id = %(id)s union all "
        "select seen_at from source_guest where connection_id = %(id)s) as record",
        {"id": connection_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return FirstRead(
        read=all(name in states and states[name].last_ok_at for name in names),
        records=row["n"],
        minutes=int(row["seconds"] // 60),
        trouble=ServeryError(error["template"], mend=error["mend"], **error["params"]) if error else None,
    )


def what_to_do(manifest: Manifest) -> str | None:
    """What a person does so that something new comes from a system; None where nothing does."""
    if manifest.kind == "pos":
        return _("Make a sale of 1.00 in {title} now, and close it.")
    if manifest.kind == "reservations":
        return _("Make a booking for today in {title} now, under your own name.")
    return None


class SoFar(Struct, frozen=True):
    """The newest records of a connection when waiting began."""

    check_id: int
    reservation_id: int
    at: datetime


async def so_far(db: Db, connection_id: int) -> SoFar:
    """From where on a record is new."""
    cursor = await db.execute(
        "select coalesce((select max(id) from checks where connection_id = %(id)s), 0) as check_id, "
        "coalesce((select max(id) from reservation where connection_id = %(id)s), 0) as reservation_id, "
        "now() as at",
        {"id": connection_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return SoFar(row["check_id"], row["reservation_id"], row["at"])


class Arrived(Struct, frozen=True, kw_only=True):
    """A record that came while it was waited for. `delay`: seconds from its own time until it was here."""

    at: datetime
    delay: float | None
    check_id: int | None = None
    reservation_id: int | None = None


async def arrived(db: Db, connection_id: int, since: SoFar) -> Arrived | None:
    """The first record that is new, and of these last minutes: the past that is read meanwhile is not."""
    cursor = await db.execute(
        "select id, opened_at as at, extract(epoch from seen_at - coalesce(closed_at, opened_at)) as delay from checks "
        "where connection_id = %(id)s and id > %(check)s and not removed and status <> 'void' "
        "and coalesce(closed_at, opened_at) > %(since)s - interval '5 minutes' order by id limit 1",
        {"id": connection_id, "check": since.check_id, "since": since.at},
    )
    if row := await cursor.fetchone():
        return Arrived(at=row["at"], delay=_delay(row["delay"]), check_id=row["id"])
    cursor = await db.execute(
        "select id, starts_at as at, extract(epoch from seen_at - (body ->> 'created_at')::timestamptz) as delay "
        "from reservation where connection_id = %(id)s and id > %(reservation)s and not removed "
        "and starts_at > %(since)s - interval '1 day' "
        "and coalesce((body ->> 'created_at')::timestamptz, %(since)s) > %(since)s - interval '5 minutes' "
        "order by id limit 1",
        {"id": connection_id, "reservation": since.reservation_id, "since": since.at},
    )
    if row := await cursor.fetchone():
        return Arrived(at=row["at"], delay=_delay(row["delay"]), reservation_id=row["id"])
    return None


def _delay(seconds: object) -> float | None:
    """A delay that can be true: another system's clock is not ours."""
    told = None if seconds is None else float(str(seconds))
    return told if told is not None and 0 <= told < _LONGEST_DELAY else None


async def on_a_profile(db: Db, one: Arrived) -> Step:
    """Whose page a new record stands on."""
    table = "checks" if one.check_id else "reservation"
    cursor = await db.execute(
        f"select v.id as visit_id, coalesce(g.guest_id, own.guest_id) as guest_id from {table} r "
        "left join visit v on v.id = r.visit_id left join source_guest g on g.id = v.source_guest_id "
        "left join source_guest own on own.id = r.source_guest_id where r.id = %s",
        [one.check_id or one.reservation_id],
    )
    row = await cursor.fetchone()
    guest_id = row["guest_id"] if row else None
    if guest_id is not None:
        return Step(name="profile", state="ok", template=_("It stands on a guest's page."),
                    guests=(Merged(guest_id, ""),))  # fmt: skip
    if one.check_id is None:
        return Step(
            name="profile",
            state="by_hand",
            template=_("The booking names no guest."),
            mend=_("Make one with a name and an e-mail address or a phone number."),
        )
    return Step(
        name="profile",
        state="by_hand",
        template=_("The check is a walk-in's: no booking was at its table and time, and it names no guest."),
        mend=_("To see one on a guest's page, make it at the table and time of a booking."),
    )


async def merged_guests(db: Db, connection_id: int) -> Step:
    """Some guests whom this system and another know, with the key that says that they are one."""
    cursor = await db.execute(
        "select (select count(*) from connection where removed_at is null) as joined, "
        "(select count(*) from source_guest where connection_id = %s and not removed) as known",
        [connection_id],
    )
    row = await cursor.fetchone()
    assert row is not None
    cursor = await db.execute(
        "select mine.guest_id, coalesce(max(mine.link ->> 'by'), max(theirs.link ->> 'by')) as by "
        "from source_guest mine join source_guest theirs on theirs.guest_id = mine.guest_id "
        "and theirs.connection_id <> mine.connection_id and not theirs.removed "
        "where mine.connection_id = %s and not mine.removed group by 1 "
        "having coalesce(max(mine.link ->> 'by'), max(theirs.link ->> 'by')) is not null order by 1 desc limit %s",
        [connection_id, _EXAMPLES],
    )
    found = tuple(Merged(each["guest_id"], each["by"]) for each in await cursor.fetchall())
    if found:
        return Step(
            name="guests", state="ok", template=_("These guests are known from this system and another. See whether "
            "each is one person; what is wrong is parted on the guest's page."), guests=found,
        )  # fmt: skip
    if row["joined"] < 2 or not row["known"]:
        return Step(
            name="guests", state="skipped", template=_("There is no second system yet to know the same guests.")
        )
    return Step(
        name="guests",
        state="by_hand",
        template=_("No guest is known from both systems yet."),
        mend=_("A guest is one where e-mail or phone are the same in both. Look again when more of the past is read."),
    )


async def webhook(
    db: Db,
    connection: Connection,
    manifest: Manifest,
    public_url: str,
    settings: Mapping[str, str],
    application: Mapping[str, str],
) -> Step:
    """Whether news is pushed to us, and what to enter at the vendor so that it is.

    `settings` are the connection's and `application` those of the vendor's application, each with its secrets.
    """
    hook = manifest.webhook
    if hook is None:
        return Step(name="webhook", state="skipped", template=_("{title} is asked for news, and sends none by itself."),
                    params={"title": manifest.title})  # fmt: skip
    cursor = await db.execute(
        "select max(received_at) as at from inbox_event where connection_id = %s and via = 'webhook'", [connection.id]
    )
    row = await cursor.fetchone()
    if row and row["at"]:
        return Step(name="webhook", state="ok", template=_("{title} sends its news by itself."),
                    params={"title": manifest.title})  # fmt: skip
    for_all = hook.per == "application" or _only_application_proves(hook, settings, application)
    place = f"{public_url}/hooks/" + (f"apps/{manifest.name}" if for_all else str(connection.id))
    if urlsplit(public_url).hostname in ("127.0.0.1", "localhost", "::1"):
        mend = _("It cannot be reached from outside yet: set SERVERY_PUBLIC_URL to the address of this site. "
                 "Until then {title} is asked for news.")  # fmt: skip
    elif (application if for_all else settings).get(hook.secret):
        mend = _("Enter this address at {title} as the one to send events to: {url}")
    else:
        mend = _("Enter this address at {title} as the one to send events to, and here the secret it gives you "
                 "({secret}): {url}")  # fmt: skip
    return Step(
        name="webhook",
        state="by_hand",
        template=_("{title} has not sent anything by itself yet."),
        mend=mend,
        params={"title": manifest.title, "url": place, "secret": hook.secret},
    )


def _only_application_proves(hook: Webhook, settings: Mapping[str, str], application: Mapping[str, str]) -> bool:
    """Whether events can be proved at the address of all the application's merchants alone."""
    return hook.merchant_path is not None and bool(application.get(hook.secret)) and not settings.get(hook.secret)
