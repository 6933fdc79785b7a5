"""Everything that is held of a guest, as it is given to them when they ask (GDPR, articles 15 and 20)."""

import zlib
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from servery.privacy.person import everything_of, needles
from servery.storage.pool import Connection as Db

Row = dict[str, Any]


class Export(Struct, frozen=True, kw_only=True):
    """All of a guest: each part a list of rows as they are held. Money is in minor units, instants are UTC."""

    made_at: datetime
    guest_ids: tuple[int, ...]
    profile: list[Row]
    """What all systems together came to."""
    records: list[Row]
    """What each system says."""
    staff: list[Row]
    """What staff wrote."""
    tags: list[Row]
    """What rules say of the guest."""
    bookings: list[Row]
    visits: list[Row]
    checks: list[Row]
    payments: list[Row]
    consent: list[Row]
    requests: list[Row]
    joined: list[Row]
    """Which records were held to be one person's, or not, and why."""
    compared: list[Row]
    """What is compared to know the guest again, and who they may be besides."""
    tidied: list[Row]
    """What was found wanting, and what was left out for its age."""
    changes: list[Row]
    """What somebody did with the guest, in which role."""
    looks: list[Row]
    """When somebody looked, in which role."""
    outgoing: list[Row]
    """What was written to other systems."""
    received: list[Row]
    """What came, as it came."""
    aside: list[Row]
    """What came, could not be understood, and speaks of the guest."""


async def export(db: Db, guest_id: int) -> Export:
    """Everything about a guest. NotFound when there is none."""
    held = await everything_of(db, guest_id)
    given: dict[str, Any] = {
        "guests": list(held.guest_ids),
        "records": [one.id for one in held.records],
        "bookings": [row["id"] for row in held.bookings],
        "checks": [row["id"] for row in held.checks],
        "payments": [row["id"] for row in held.payments],
    }
    given["subjects"] = [f"guest:{one}" for one in held.guest_ids]
    given["needles"] = needles(held)
    parts = {name: await _rows(db, query, given) for name, query in _PARTS.items()}
    raw = {name: [_readable(row) for row in await _rows(db, query, given)] for name, query in _AS_IT_CAME.items()}
    return Export(made_at=datetime.now(UTC), guest_ids=held.guest_ids, **parts, **raw)


async def _rows(db: Db, query: str, given: dict[str, Any]) -> list[Row]:
    return await (await db.execute(query, given)).fetchall()


def _readable(row: Row) -> Row:
    body = zlib.decompress(row["body"]) if row.pop("packed") else bytes(row["body"])
    return row | {"body": body.decode("utf-8", "replace")}


_PARTS = {
    "profile": "select id, merged_into, name, golden, created_at from guest where id = any(%(guests)s) order by id",
    "records": "select c.name as system, s.external_id, s.body, s.removed, s.seen_at from source_guest s "
    "join connection c on c.id = s.connection_id where s.id = any(%(records)s) order by s.id",
    "tags": "select t.tag, r.since from rule_tag r join tag_rule t on t.id = r.rule_id "
    "where r.guest_id = any(%(guests)s) order by t.tag",
    "staff": "select 'edit' as kind, field as what, value as text, author, at, undone_at from guest_edit "
    "where guest_id = any(%(guests)s) union all "
    "select 'entry', kind, to_jsonb(text), author, at, undone_at from guest_entry where guest_id = any(%(guests)s) "
    "order by at",
    "bookings": "select c.name as system, r.external_id, v.name as venue, r.business_date, r.status, r.body "
    "from reservation r join connection c on c.id = r.connection_id join venue v on v.id = r.venue_id "
    "where r.id = any(%(bookings)s) order by r.starts_at",
    "visits": "select i.id, v.name as venue, i.business_date, i.starts_at, i.ends_at, i.covers, i.table_name, i.spend, "
    "i.tips, i.currency from visit i join venue v on v.id = i.venue_id "
    "where i.source_guest_id = any(%(records)s) and i.gone_at is null order by i.starts_at",
    "checks": "select c.name as system, k.external_id, v.name as venue, k.business_date, k.total, k.tips, k.currency, "
    "k.body from checks k join connection c on c.id = k.connection_id join venue v on v.id = k.venue_id "
    "where k.id = any(%(checks)s) order by k.opened_at",
    "payments": "select c.name as system, p.external_id, p.body from payment p "
    "join connection c on c.id = p.connection_id where p.id = any(%(payments)s) order by p.id",
    "consent": "select at, channel, purpose, state, text_version, source, by_guest from consent "
    "where guest_id = any(%(guests)s) or source_guest_id = any(%(records)s) order by id",
    "requests": "select kind, received_on, due_on, extended_on, closed_at, outcome from subject_request "
    "where guest_id = any(%(guests)s) order by id",
    "joined": "select at, action, author, reason, undone_by is not null as undone from guest_log "
    "where guest_id = any(%(guests)s) or other_id = any(%(guests)s) or source_guest_ids && %(records)s::bigint[] "
    "order by id",
    # Of the other one nothing is told: it may be somebody else.
    "compared": "select c.name as system, s.external_id, f.body as known_by, null::float8 as probability, "
    "null::timestamptz as at from match_features f join source_guest s on s.id = f.source_guest_id "
    "join connection c on c.id = s.connection_id where s.id = any(%(records)s) "
    "union all select null, null, null, probability, made_at from suggestion "
    "where one_id = any(%(records)s) or other_id = any(%(records)s) "
    "union all select c.name, u.external_id, u.held, null, u.at from unsure_guest u "
    "join connection c on c.id = u.connection_id join source_guest s on s.connection_id = u.connection_id "
    "and s.external_id = u.external_id where s.id = any(%(records)s)",
    "tidied": "select l.month as day, m.fault as what, m.mended_at as at from mend_item m "
    "join mend_list l on l.id = m.list_id where m.guest_id = any(%(guests)s) "
    "union all select confirmed_at::date, kind, at from aged_fact where source_guest_id = any(%(records)s) "
    "or entry_id in (select id from guest_entry where guest_id = any(%(guests)s)) "
    "or edit_id in (select id from guest_edit where guest_id = any(%(guests)s)) order by at",
    "changes": "select a.at, a.action, a.viewer_kind, p.role from action a "
    "left join person p on p.id = a.viewer_id and a.viewer_kind = 'person' "
    "where a.subject = any(%(subjects)s) order by a.id",
    "looks": "select l.at, l.viewer_kind, p.role, l.purpose from guest_look l "
    "left join person p on p.id = l.viewer_id and l.viewer_kind = 'person' "
    "where l.guest_id = any(%(guests)s) order by l.id",
    "outgoing": "select c.name as system, t.kind, t.external_id, t.written, t.sent_at from outbox_target t "
    "join connection c on c.id = t.connection_id where t.kind = 'guest' and t.subject_id = any(%(guests)s) "
    "or t.kind = 'party' and t.subject_id = any(%(bookings)s) or t.kind = 'visit' and t.subject_id = any("
    "array(select id from visit where source_guest_id = any(%(records)s))) order by t.id",
}

_RECEIVED = """
with theirs as (
    select connection_id, external_id from source_guest where id = any(%(records)s)
    union select connection_id, external_id from reservation where id = any(%(bookings)s)
    union select connection_id, external_id from checks where id = any(%(checks)s)
    union select connection_id, external_id from payment where id = any(%(payments)s)
), spoken as (
    select distinct r.event_id, r.day from theirs t
    join inbox_record r on r.connection_id = t.connection_id and r.external_id = t.external_id
)
select c.name as system, e.via, e.kind, e.received_at, e.packed, e.body from spoken s
join inbox_event e on e.id = s.event_id and e.day = s.day left join connection c on c.id = e.connection_id
where e.body <> '' order by e.id"""
_ASIDE = """
select c.name as system, q.via, q.kind, e.received_at, false as packed, q.body from quarantine q
join inbox_event e on e.id = q.event_id and e.day = q.day left join connection c on c.id = q.connection_id
where q.body <> '' and exists (select from unnest(%(needles)b::bytea[]) as n(text) where position(n.text in q.body) > 0)
order by q.id"""
_AS_IT_CAME = {"received": _RECEIVED, "aside": _ASIDE}
