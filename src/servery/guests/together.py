"""What was said of two guests while they were one, when they are parted: an allergy, a no of the guest's.

Whose it is nobody knows. So it holds for both until somebody says otherwise: a warning too many and a letter too few do
no harm.
"""

from collections.abc import Collection

from servery.guests.rows import Db

# `told` are the ids under which something was said of these records, and since when: since the merge that brought them,
# or where they did not come by a merge, always. `own` goes back to whose it was by itself.
_TOLD = """
with recursive own(id) as (
    select %(to)s::bigint union select l.other_id from guest_log l join own on l.guest_id = own.id
    where l.action = 'merged' and l.undone_by is null
), told as (
    select g.id, case when brought.records @> %(records)s::bigint[] then brought.since else '-infinity' end as since
    from guest g cross join lateral (
        select min(l.written_at) as since, array_agg(r.id) as records
        from guest_log l cross join unnest(l.source_guest_ids) as r(id)
        where l.guest_id = g.id and l.action = 'merged' and l.undone_by is null
        and l.source_guest_ids && %(records)s::bigint[]) brought
    where g.id not in (select id from own) and (g.id = %(of)s or g.merged_into = %(of)s and exists (
        select from guest_log l where l.other_id = g.id and l.action = 'merged' and l.undone_by is null
        and l.source_guest_ids && %(records)s::bigint[]))
)
"""
_ALLERGIES = (
    _TOLD
    + """
insert into guest_entry (guest_id, kind, text, at, author, same_as)
select %(to)s, e.kind, e.text, e.at, e.author, coalesce(e.same_as, e.id)
from guest_entry e join told on told.id = e.guest_id
where e.kind = 'allergy' and e.present and e.undone_at is null and e.at >= told.since
and not exists (select from guest_entry d join told on told.id = d.guest_id
                where not d.present and d.undone_at is null and e.id = any(d.over_entries))
and not exists (select from guest_entry h join own on own.id = h.guest_id
                where coalesce(e.same_as, e.id) in (h.id, h.same_as))"""
)
_DENIALS = (
    _TOLD
    + """
insert into consent (at, guest_id, channel, purpose, state, text_version, source, by_guest, viewer_kind, viewer_id,
                     same_as)
select c.at, %(to)s, c.channel, c.purpose, c.state, c.text_version, c.source, true, c.viewer_kind, c.viewer_id,
       coalesce(c.same_as, c.id)
from consent c join told on told.id = c.guest_id
where c.state = 'denied' and c.by_guest and c.at >= told.since
and not exists (select from consent l join told on told.id = l.guest_id
                where l.id > c.id and l.by_guest and l.state <> 'denied' and l.purpose = c.purpose
                and l.channel in ('any', c.channel))
and not exists (select from consent h join own on own.id = h.guest_id
                where coalesce(c.same_as, c.id) in (h.id, h.same_as))
order by c.id"""
)


async def hold_for_both(db: Db, guest_id: int, parted_id: int, record_ids: Collection[int]) -> None:
    """Before these records leave a guest for another: what was said of both so far holds for the other too."""
    for sql in (_ALLERGIES, _DENIALS):
        await db.execute(sql, {"of": guest_id, "to": parted_id, "records": list(record_ids)})
