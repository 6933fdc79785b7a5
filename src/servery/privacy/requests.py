"""What guests ask for under the law, and the clock that runs: one month, and two more where that is told in time."""

import calendar
from datetime import UTC, date, datetime
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from servery.errors import Invalid, NotFound, Refuse
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db

Kind = Literal["access", "erasure", "rectification", "objection", "restriction", "portability"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Outcome = Literal["done", "refused", "withdrawn"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_MONTHS, _MONTHS_MORE = 1, 2
_FIRST = date(2018, 5, 25)
"""The day from which guests have these rights: Regulation (EU) 2016/679, article 99."""


class Request(Struct, frozen=True, kw_only=True):
    """One request. `asked_by` is how the guest can be answered; it goes when the guest is erased."""

    id: int
    kind: Kind
    guest_id: int | None
    asked_by: str | None
    received_on: date
    due_on: date
    extended_on: date | None
    extension_reason: str | None
    closed_at: datetime | None
    outcome: Outcome | None
    opened_by: str

    def days_left(self, today: date) -> int:
        """Days until it is due; below zero it is late."""
        return (self.due_on - today).days


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month where it has no such day (Regulation 1182/71)."""
    year, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + year, month + 1)[1]
    return date(day.year + year, month + 1, min(day.day, last))


async def open_request(
    db: Db,
    viewer: Viewer,
    kind: Kind,
    received_on: date,
    *,
    guest_id: int | None = None,
    asked_by: str | None = None,
    today: date | None = None,
) -> Request:
    """Start the clock. NotFound where no such guest is.

    Invalid where it was received after `today` (the house's), or before guests had these rights.
    """
    if received_on < _FIRST:
        raise Invalid(
            "Guests have these rights since {first} only.", field="received_on",
            mend="Look at the year.", first=_FIRST.isoformat(),
        )  # fmt: skip
    if received_on > (today or datetime.now(UTC).date()):
        raise Invalid("It cannot have been received in the future.", field="received_on")
    if guest_id is not None:
        cursor = await db.execute("select from guest where id = %s", [guest_id])
        if await cursor.fetchone() is None:
            raise NotFound("There is no guest {id}.", id=guest_id, field="guest_id")
    cursor = await db.execute(
        "insert into subject_request (kind, guest_id, asked_by, received_on, due_on, opened_by) "
        "values (%s, %s, %s, %s, %s, %s) returning id",
        [kind, guest_id, asked_by, received_on, months_after(received_on, _MONTHS), f"{viewer.kind}:{viewer.id}"],
    )
    row = await cursor.fetchone()
    assert row is not None
    return await request(db, row["id"])


async def request(db: Db, request_id: int) -> Request:
    """One request. NotFound when there is none."""
    cursor = await db.execute("select * from subject_request where id = %s", [request_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no request {id}.", id=request_id)
    return _request(row)


async def requests(db: Db, *, closed: bool = False, limit: int = 200) -> list[Request]:
    """The open requests, what is due first at the top; or those that are closed, the latest first."""
    order = "closed_at is not null order by closed_at desc, id" if closed else "closed_at is null order by due_on, id"
    cursor = await db.execute(f"select * from subject_request where {order} limit %s", [limit])
    return [_request(row) for row in await cursor.fetchall()]


def _request(row: dict[str, object]) -> Request:
    return msgspec.convert({name: row[name] for name in Request.__struct_fields__}, Request)


async def extend(db: Db, request_id: int, reason: str, today: date) -> Request:
    """Take two months more. Refuse where it was done already, is closed, or the first month is over."""
    one = await request(db, request_id)
    if one.closed_at or one.extended_on:
        raise Refuse("This request is closed, or was extended already: that can be done once.")
    if today > one.due_on:
        raise Refuse("The month is over: that it takes longer must be told within it.")
    if not reason.strip():
        raise Invalid("Say why it takes longer: the guest must be told.", field="reason")
    await db.execute(
        "update subject_request set extended_on = %s, extension_reason = %s, due_on = %s where id = %s",
        [today, reason.strip(), months_after(one.received_on, _MONTHS + _MONTHS_MORE), request_id],
    )
    return await request(db, request_id)


async def reopen(db: Db, request_id: int) -> Request:
    """Let the clock of a closed request run on: it was closed by mistake. Refuse where it is open."""
    one = await request(db, request_id)
    if not one.closed_at:
        raise Refuse("This request is open.")
    await db.execute("update subject_request set closed_at = null, outcome = null where id = %s", [request_id])
    return await request(db, request_id)


async def close(db: Db, request_id: int, outcome: Outcome) -> Request:
    """Stop the clock. Refuse where it is closed already."""
    one = await request(db, request_id)
    if one.closed_at:
        raise Refuse("This request is closed already.")
    await db.execute("update subject_request set closed_at = now(), outcome = %s where id = %s", [outcome, request_id])
    return await request(db, request_id)
