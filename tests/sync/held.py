"""What the database holds in the end, in words of the sources: without our ids and times of arrival."""

from typing import Any

from servery.storage.pool import Connection

_STATEMENTS = {
    "guests": """
        select s.external_id, s.revision, s.body, s.removed, s.merged_into, s.email_key, s.phone_key,
               array(select o.external_id from source_guest o where o.guest_id = s.guest_id order by 1) as person,
               g.name
        from source_guest s left join guest g on g.id = s.guest_id where s.revision >= 0 order by s.external_id""",
    "guests alive": """
        select array_agg(s.external_id order by s.external_id) as records, g.name from guest g
        left join source_guest s on s.guest_id = g.id where g.merged_into is null group by g.id, g.name order by 1""",
    "reservations": """
        select r.external_id, r.venue_id, r.revision, r.digest, r.removed, r.business_date, r.starts_at, r.status,
               r.party_size, r.table_keys, g.external_id as guest, r.body
        from reservation r left join source_guest g on g.id = r.source_guest_id order by 1, 2""",
    "checks": """
        select c.external_id, c.venue_id, c.revision, c.digest, c.removed, c.merged_into, c.business_date, c.opened_at,
               c.closed_at, c.status, c.label, c.table_name, c.covers, c.total, c.net_sales, c.tips, c.refunded,
               c.difference, c.currency, c.split_from, c.reservation_told, g.external_id as guest, c.own_payments,
               c.parts, c.body, c.match - 'reservation_id' as match, r.external_id as matched,
               array(select b.external_id from jsonb_array_elements(c.candidates) as e join reservation b
                     on b.id = (e ->> 'booking_id')::bigint) as candidates
        from checks c left join source_guest g on g.id = c.source_guest_id
        left join reservation r on r.id = (c.match ->> 'reservation_id')::bigint order by 1, 2""",
    "payments": """
        select external_id, check_external_id, revision, digest, removed, guest_external_id, body
        from payment order by 1""",
    "visits": """
        select v.venue_id, v.business_date, v.starts_at, v.ends_at, v.walk_in, v.covers, v.covers_source,
               g.external_id as guest, v.table_name, v.spend, v.net_sales, v.tips, v.currency,
               array(select external_id from reservation where visit_id = v.id order by 1) as reservations,
               array(select external_id from checks where visit_id = v.id order by 1) as checks
        from visit v left join source_guest g on g.id = v.source_guest_id where v.gone_at is null
        order by checks, reservations, v.venue_id""",
}


async def everything(db: Connection) -> dict[str, list[dict[str, Any]]]:
    """Each table's rows; the lines of checks by their ids, as their order is that of arrival."""
    found = {}
    for name, statement in _STATEMENTS.items():
        rows = await (await db.execute(statement)).fetchall()
        for row in rows:
            if "lines" in (row.get("body") or {}):
                row["body"]["lines"].sort(key=lambda line: line["external_id"])
        found[name] = rows
    return found
