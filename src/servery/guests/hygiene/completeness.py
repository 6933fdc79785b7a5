"""How complete profiles are, field by field and venue by venue, of the guests who came in the last twelve months."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from servery.guests.rows import Db

Field = Literal["name", "phone", "email", "birthday", "postcode", "language", "consent", "allergies", "preferences"]
FIELDS: tuple[Field, ...] = get_args(Field)


class Completeness(Struct, frozen=True, kw_only=True):
    """Of one venue's guests, or with None of the whole house's: how many there are, and how many have each field."""

    month: date
    venue_id: int | None
    guests: int
    known: Mapping[Field, int]
    reckoned_at: datetime

    def share(self, field: Field) -> float:
        """From 0 to 1; 0 where there are no guests."""
        return self.known.get(field, 0) / self.guests if self.guests else 0.0


async def reckon(db: Db, month: date) -> list[Completeness]:
    """Reckon anew how complete profiles are, and keep it as the month's."""
    await db.execute("delete from completeness where month = %s", [month])
    await db.execute(_RECKON, {"month": month})
    return await of_month(db, month)


async def of_month(db: Db, month: date | None = None) -> list[Completeness]:
    """What was reckoned for a month, or for the latest: the whole house first."""
    cursor = await db.execute(
        "select * from completeness where month = coalesce(%s, (select max(month) from completeness)) "
        "order by venue_id nulls first",
        [month],
    )
    return msgspec.convert(await cursor.fetchall(), list[Completeness])


async def of_house(db: Db, limit: int = 13) -> list[Completeness]:
    """The whole house month by month, the latest first."""
    cursor = await db.execute("select * from completeness where venue_id is null order by month desc limit %s", [limit])
    return msgspec.convert(await cursor.fetchall(), list[Completeness])


# A phone counts that can be dialled, an e-mail that has the form of one, consent that was given or refused.
_KNOWN: Mapping[Field, str] = {
    "name": "g.golden ? 'name'",
    "phone": "g.golden #>> '{phone,value}' like '+%%'",
    "email": "g.golden #>> '{email,value}' like '%%_@_%%._%%'",
    "birthday": "g.golden ? 'birthday'",
    "postcode": "g.golden ? 'postcode'",
    "language": "g.golden ? 'language'",
    "consent": "c.guest_id is not null",
    "allergies": "g.golden ? 'allergies'",
    "preferences": "g.golden ? 'preferences'",
}
_SUMS = ", ".join(f"'{field}', count(*) filter (where {known})" for field, known in _KNOWN.items())
_RECKON = f"""
with came as materialized (
    select distinct v.venue_id, s.guest_id from visit v join source_guest s on s.id = v.source_guest_id
    where v.starts_at >= now() - interval '12 months' and v.gone_at is null and v.merged_into is null
      and s.guest_id is not null
), agreed as materialized (
    select s.guest_id from consent c join source_guest s on s.id = c.source_guest_id
    where c.state <> 'unknown' and c.purpose = 'marketing' and s.guest_id is not null
    union
    select coalesce(g.merged_into, g.id) from consent c join guest g on g.id = c.guest_id
    where c.state <> 'unknown' and c.purpose = 'marketing'
)
insert into completeness (month, venue_id, guests, known)
select %(month)s, w.venue_id, count(*), jsonb_build_object({_SUMS})
from (select venue_id, guest_id from came union all select distinct null::bigint, guest_id from came) w
join guest g on g.id = w.guest_id and not coalesce((g.golden -> 'one_time')::boolean, false)
left join agreed c on c.guest_id = g.id
group by w.venue_id"""
