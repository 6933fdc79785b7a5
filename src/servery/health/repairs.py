"""The list of what waits to be mended. It opens and closes by itself as findings come and go; people put off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound
from servery.health.findings import Finding
from servery.health.kinds import KINDS, Counted, Kind, Severity
from servery.storage.pool import Connection as Db

REOPENS = timedelta(minutes=2)
"""What comes back so soon was never mended: it is the same repair as before."""
LONGEST_SNOOZE = timedelta(days=30)


class Repair(Struct, frozen=True, kw_only=True):
    """One thing to mend. `params` fill the places of its kind's words; `trouble` is the error behind it."""

    id: int
    cause: str
    kind: str
    severity: Severity
    connection_id: int | None
    params: dict[str, Any]
    trouble: dict[str, Any] | None
    since: datetime
    opened_at: datetime
    closed_at: datetime | None
    snoozed_until: datetime | None
    ignored_at: datetime | None

    @property
    def words(self) -> Kind:
        """What is said of it and what mends it."""
        return KINDS[self.kind]

    def leads(self, path: str) -> str:
        """A path whose places are filled in; a place that an older version did not write down is a dash."""
        return path.format_map(_Known({name: quote(str(value), safe="") for name, value in self.params.items()}))

    def is_quiet(self, now: datetime) -> bool:
        """Whether somebody chose not to hear of it now."""
        return self.ignored_at is not None or (self.snoozed_until is not None and self.snoozed_until > now)


class _Known(dict[str, Any]):
    """What fills places. A row outlives the version that wrote it: a place it knew nothing of must not break a page."""

    def __missing__(self, name: str) -> str:
        return "–"


Translate = Callable[[str], str]
Form = Callable[[str, str, int], str]
"""The form of a message for so many things, of its forms for one and for more."""


def _english(one: str, many: str, n: int) -> str:
    return one if n == 1 else many


_COLUMNS = ", ".join(Repair.__struct_fields__)
_ORDER = "array_position(array['critical', 'warning', 'notice'], severity), since, id"


async def settle(db: Db, found: Sequence[Finding], now: datetime) -> bool:
    """Open what is new, close what is gone, and bring the rest up to date. Tells whether the list is another now."""
    columns = [Jsonb([_row(one) for one in found]), now, now - REOPENS]
    again = await db.execute(
        "update repair set closed_at = null where id in (select distinct on (cause) id from repair r "
        "where closed_at > %s and cause in (select x ->> 'cause' from jsonb_array_elements(%s) x) "
        "and not exists (select from repair o where o.cause = r.cause and o.closed_at is null) "
        "order by cause, closed_at desc)",
        [columns[2], columns[0]],
    )
    written = await db.execute(
        "insert into repair (cause, kind, severity, connection_id, params, trouble, since, opened_at) "
        "select cause, kind, severity, connection_id, params, trouble, since, %s from jsonb_to_recordset(%s) as x"
        "(cause text, kind text, severity text, connection_id bigint, params jsonb, trouble jsonb, since timestamptz) "
        "on conflict (cause) where closed_at is null do update set kind = excluded.kind, "
        "severity = excluded.severity, params = excluded.params, trouble = excluded.trouble "
        "where (repair.kind, repair.severity, repair.params, repair.trouble) "
        "is distinct from (excluded.kind, excluded.severity, excluded.params, excluded.trouble)",
        [now, columns[0]],
    )
    closed = await db.execute(
        "update repair set closed_at = %s where closed_at is null and cause <> all(%s)",
        [now, [one.cause for one in found]],
    )
    return bool(again.rowcount + written.rowcount + closed.rowcount)


def _row(one: Finding) -> dict[str, Any]:
    return {**msgspec.structs.asdict(one), "severity": one.severity}


async def repairs(db: Db, connection_id: int | None = None) -> list[Repair]:
    """What is open, the gravest first; of one connection or of all."""
    cursor = await db.execute(
        f"select {_COLUMNS} from repair where closed_at is null and (%s::bigint is null or connection_id = %s) "
        f"order by {_ORDER}",
        [connection_id, connection_id],
    )
    return [msgspec.convert(row, Repair) for row in await cursor.fetchall()]


async def repair(db: Db, repair_id: int) -> Repair:
    """One that is open. Raises NotFound where it is not, or not any more."""
    cursor = await db.execute(f"select {_COLUMNS} from repair where id = %s and closed_at is null", [repair_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no open repair {id}.", id=repair_id, mend="It may be mended by now.")
    return msgspec.convert(row, Repair)


async def with_closed(db: Db, repair_id: int) -> Repair:
    """One of them, open or mended. Raises NotFound."""
    cursor = await db.execute(f"select {_COLUMNS} from repair where id = %s", [repair_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no repair {id}.", id=repair_id)
    return msgspec.convert(row, Repair)


async def snooze(db: Db, repair_id: int, until: datetime, now: datetime) -> Repair:
    """Say nothing of it until then. Raises NotFound, and Invalid on `until`."""
    if not now < until <= now + LONGEST_SNOOZE:
        raise Invalid("Put it off for up to {days} days.", field="until", days=LONGEST_SNOOZE.days)
    await repair(db, repair_id)
    await db.execute("update repair set snoozed_until = %s, ignored_at = null where id = %s", [until, repair_id])
    return await repair(db, repair_id)


async def ignore(db: Db, repair_id: int, now: datetime) -> Repair:
    """Say nothing of it for as long as it lasts; when it is mended and comes back, it is told anew. Raises NotFound."""
    await repair(db, repair_id)
    await db.execute("update repair set ignored_at = %s, snoozed_until = null where id = %s", [now, repair_id])
    return await repair(db, repair_id)


async def heed(db: Db, repair_id: int) -> Repair:
    """Take back that it was put off. Raises NotFound."""
    await repair(db, repair_id)
    await db.execute("update repair set ignored_at = null, snoozed_until = null where id = %s", [repair_id])
    return await repair(db, repair_id)


def loud(found: Sequence[Repair], now: datetime) -> list[Repair]:
    """Those that nobody put off."""
    return [one for one in found if not one.is_quiet(now)]


def needs_person(found: Sequence[Repair], now: datetime) -> bool:
    """Whether one of them stays until a person does something, and is more than good to know."""
    return any(one.words.person and (one.severity != "notice" or one.words.at_once) for one in loud(found, now))


def said(
    one: Repair,
    translate: Translate = str,
    translate_error: Translate = str,
    written: Callable[[datetime], str] = lambda instant: f"{instant:%Y-%m-%d %H:%M} UTC",
    form: Form = _english,
) -> tuple[str, str]:
    """What is not well, and what mends it; English unless gettext functions are given.

    `translate_error` speaks the words of the connector behind it too; `written` writes an instant; `form` is ngettext.
    """
    trouble = one.trouble or {}
    params = trouble.get("params") or {}
    reason = _filled(translate_error(trouble["template"]), params) if trouble else ""
    places = {"reason": reason, **one.params, "since": written(one.since)}
    template = _template(one, translate, form)
    what = _filled(template, places)
    if reason and "{reason}" not in template:
        what = f"{what} {reason}"
    advice = trouble.get("mend")
    return what, _filled(translate_error(advice), params) if advice else translate(one.words.mend)


def _template(one: Repair, translate: Translate, form: Form) -> str:
    what = one.words.what
    if not isinstance(what, Counted):
        return translate(what)
    number = one.params.get(what.by)
    # A row of an older version may not say how many.
    return form(what.one, what.many, number if isinstance(number, int) else 0)


def _filled(text: str, places: Mapping[str, Any]) -> str:
    # Text without places may hold braces of its own.
    return text.format_map(_Known(places)) if places else text
