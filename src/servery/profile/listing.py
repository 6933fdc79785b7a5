"""The list of guests, page by page, and the few figures a list shows of each."""

import base64
import binascii
from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from servery.errors import Invalid
from servery.model.guest import Golden
from servery.model.money import Money
from servery.model.viewer import Viewer
from servery.profile.rights import admit, hidden
from servery.profile.rows import Db, survivors
from servery.profile.story import allergies

Order = Literal["name", "updated"]
"""By name as the venues' country sorts names, the nameless last; or the latest changed first."""


class GuestRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One guest in a list, cut to what the viewer may see. `spend` is by currency, tips and refunds not included."""

    id: int
    name: str | None = None
    reference: str | None = None
    email: str | None = None
    phone: str | None = None
    vip: bool = False
    visits: int = 0
    last_visit: date | None = None
    spend: tuple[Money, ...] = ()
    allergies: tuple[str, ...] = ()
    updated_at: datetime | None = None


class GuestPage(Struct, frozen=True):
    """One page of the list; `next` is the cursor of the page after it, None on the last one."""

    rows: tuple[GuestRow, ...]
    next: str | None = None


class _ByName(Struct, frozen=True, array_like=True, tag="name"):
    """Where a page by name ended."""

    at: bytes
    id: int


class _ByChange(Struct, frozen=True, array_like=True, tag="updated"):
    """Where a page by change ended."""

    at: datetime
    id: int


_PAGES: dict[Order, tuple[str, str, str]] = {
    "name": ("sort_key", ">", "sort_key, id"),
    "updated": ("updated_at", "<", "updated_at desc, id desc"),
}


async def guest_list(
    db: Db, viewer: Viewer, *, cursor: str | None = None, limit: int = 50, order: Order = "name"
) -> GuestPage:
    """A page of all guests; Invalid when the cursor is none that a page of this order gave."""
    admit(viewer)
    column, beyond, ordering = _PAGES[order]
    after = _read_cursor(cursor, order) if cursor else None
    where = f"and ({column}, id) {beyond} (%(at)s, %(id)s) " if after else ""
    values = {"at": after.at, "id": after.id, "limit": limit + 1} if after else {"limit": limit + 1}
    found = await db.execute(
        f"select id, {column} as at from guest where merged_into is null {where}order by {ordering} limit %(limit)s",
        values,
    )
    ids = await found.fetchall()
    page = ids[:limit]
    shown = await guest_rows(db, viewer, [row["id"] for row in page])
    following = _cursor(order, page[-1]["at"], page[-1]["id"]) if len(ids) > limit else None
    return GuestPage(tuple(shown[row["id"]] for row in page), following)


def _cursor(order: Order, at: Any, guest_id: int) -> str:
    place = _ByName(at, guest_id) if order == "name" else _ByChange(at, guest_id)
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read_cursor(cursor: str, order: Order) -> _ByName | _ByChange:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        place = msgspec.json.decode(text, type=_ByName | _ByChange)
    except (ValueError, binascii.Error) as error:
        raise Invalid(_NO_CURSOR, field="cursor", mend=_FROM_THE_START) from error
    if isinstance(place, _ByName) != (order == "name"):
        raise Invalid(_NO_CURSOR, field="cursor", mend=_FROM_THE_START)
    return place


_NO_CURSOR = "This is no cursor of this list."
_FROM_THE_START = "Begin without one, and go on with the cursor that each page gives."


COUNTED_TO = 10_000
"""So many guests are counted exactly: to count a million takes a tenth of a second, and nobody reads the last digit."""


async def guest_count(db: Db, viewer: Viewer) -> int:
    """How many guests there are; COUNTED_TO + 1 stands for any number beyond."""
    admit(viewer)
    cursor = await db.execute(
        "select count(*) as guests from (select from guest where merged_into is null limit %s) as counted",
        [COUNTED_TO + 1],
    )
    row = await cursor.fetchone()
    return int(row["guests"]) if row else 0


_ROWS = """
select g.id, g.name, g.golden, g.updated_at, s.external_id as reference, v.visits, v.last_visit, m.spend, b.allergies
from guest g
left join lateral (
    select external_id from source_guest where guest_id = g.id and g.name is null order by removed, id limit 1
) s on true
left join lateral (
    select count(*) as visits, max(v.business_date) as last_visit from source_guest s
    join visit v on v.source_guest_id = s.id
    where s.guest_id = g.id and v.gone_at is null and v.merged_into is null
) v on true
left join lateral (
    select array_agg(jsonb_build_object('currency', currency, 'amount', spent) order by checks desc, currency) as spend
    from (
        select c.currency, sum(c.total - c.refunded)::bigint as spent, count(*) as checks from source_guest s
        join visit v on v.source_guest_id = s.id and v.gone_at is null and v.merged_into is null
        join checks c on c.visit_id = v.id and not c.removed and c.status <> 'void'
        where s.guest_id = g.id group by c.currency
    ) spent
) m on true
left join lateral (
    select array_agg(a.written order by r.starts_at) as allergies from source_guest s
    join reservation r on r.source_guest_id = s.id and not r.removed
    cross join lateral jsonb_array_elements_text(r.body -> 'guest' -> 'allergies') as a(written)
    where s.guest_id = g.id
) b on true
where g.id = any(%s)"""


async def guest_rows(db: Db, viewer: Viewer, guest_ids: Collection[int]) -> dict[int, GuestRow]:
    """What a list shows of these guests, by the ids asked for; ids that nobody ever had are left out."""
    admit(viewer)
    ids = await survivors(db, guest_ids)
    cursor = await db.execute(_ROWS, [list(set(ids.values()))])
    found = {row["id"]: _cut(row, viewer) for row in await cursor.fetchall()}
    return {asked: found[guest_id] for asked, guest_id in ids.items()}


def _cut(row: dict[str, Any], viewer: Viewer) -> GuestRow:
    golden = msgspec.convert(row["golden"], Golden)
    seen = GuestRow(
        id=row["id"],
        name=row["name"],
        reference=row["reference"],
        email=golden.email.value if golden.email else None,
        phone=golden.phone.value if golden.phone else None,
        vip=golden.vip is not None,
        visits=row["visits"],
        last_visit=row["last_visit"],
        spend=tuple(msgspec.convert(row["spend"] or [], list[Money])),
        allergies=allergies(golden, [row["allergies"] or ()]),
        updated_at=row["updated_at"],
    )
    nothing = GuestRow(id=0)
    emptied = {name: getattr(nothing, name) for name in hidden(viewer) if name in GuestRow.__struct_fields__}
    return msgspec.structs.replace(seen, **emptied)
