"""Every table that holds something of a guest: planted there, found there, and gone from there."""

from collections.abc import Mapping

import pytest

from servery.app.erasing import erase_guest
from servery.model.consent import CHANNELS
from servery.model.viewer import SYSTEM
from servery.privacy.consent import Said, write
from servery.privacy.holdings import HOLDINGS, OTHERS
from servery.storage.pool import Connection as Db
from tests.privacy.planted import EMAIL, NAME, SPELT, Planted

pytestmark = pytest.mark.anyio

# What nothing of the product writes in passing, written as it would be. `{guest}` and `{record}` are the numbers of
# the guest and of one of their records, `{other}` that of somebody else's record.
PLANTED: Mapping[str, str] = {
    "guest_edit": "insert into guest_edit (guest_id, field, value, author) "
    "values ({guest}, 'name', to_jsonb('{name}'::text), 'person:1')",
    "guest_said": "insert into guest_said (guest_id, name, email_key) values ({guest}, '{name}', '{email}')",
    "guest_entry": "insert into guest_entry (guest_id, kind, text, author) "
    "values ({guest}, 'note', '{name} sings', 'person:1')",
    "tag_rule": "insert into tag_rule (tag, condition, author) values ('Regular', '{{}}', 'person:1')",
    "rule_tag": "insert into rule_tag (rule_id, guest_id) select id, {guest} from tag_rule limit 1",
    "ageing_run": "insert into ageing_run (author, rules) values ('rules', '{{}}')",
    "aged_fact": "insert into aged_fact (run_id, kind, source_guest_id, confirmed_at) "
    "select id, 'phone', {record}, now() from ageing_run limit 1",
    "mend_list": "insert into mend_list (month, guests) values ('2026-06-01', 1)",
    "mend_item": "insert into mend_item (list_id, guest_id, fault) select id, {guest}, 'email' from mend_list limit 1",
    "suggestion": "insert into suggestion (one_id, other_id, probability, reasons) "
    "values (least({record}, {other}), greatest({record}, {other}), 0.7, '[\"{name}\"]')",
    "not_same": "with l as (insert into guest_log (action, guest_id, other_id, author, reason, detail) "
    "values ('apart', {guest}, {guest}, 'person:1', 'not {name}', jsonb_build_object('was', '{name}')) returning id) "
    "insert into not_same (one_id, other_id, log_id) select least({record}, {other}), greatest({record}, {other}), id "
    "from l",
    "not_same_lifted": "insert into not_same_lifted (one_id, other_id, log_id, lifted_by) "
    "select one_id, other_id, log_id, log_id from not_same",
    "crowded_contact": "insert into crowded_contact (contact) select email_key from source_guest where id = {record}",
    "removal": "insert into removal (connection_id, kind, external_id, revision) values (2, 'guest', 'b7', 1)",
    "subject_request": "insert into subject_request (kind, guest_id, asked_by, received_on, due_on, opened_by) "
    "values ('access', {guest}, '{email}', now(), now(), 'person:1')",
    "guest_look": "insert into guest_look (viewer_kind, viewer_id, guest_id, purpose) "
    "values ('person', 1, {guest}, 'page')",
    "asked_once": "insert into asked_once (asked_by, key_hash, fingerprint, status, answer) "
    "values ('key:1', 'k', 'f', 200, convert_to('{{\"email\": \"{email}\"}}', 'UTF8'))",
    "inbox_work": "update inbox_work set lane = '{name}'",
    "inbox_outcome": "update inbox_outcome o set lane = '{name}' from inbox_event e where e.id = o.event_id "
    "and e.day = o.day and position(convert_to('{email}', 'UTF8') in e.body) > 0",
}
BY_NUMBERS = frozenset(
    {
        "rule_tag",
        "aged_fact",
        "not_same",
        "not_same_lifted",
        "removal",
        "inbox_record",
        "visit",
        "match_features",
        "erasure_receipt",
    }
)
"""Tables that hold numbers, ids and hashes, or what is made of names: whose rows are counted, and not read."""
UNPLANTED = frozenset({"erasure", "erasure_awaited", "let_in", "guest_waiting", "guest_to_renew", "match_run"})
"""Tables that know a number behind which nothing stands."""


async def holding(db: Db, table: str) -> bool:
    """Whether a table says anything of the planted guest, in whatever column."""
    rows = await (await db.execute(f"select t::text as whole from {table} t")).fetchall()
    texts = [row["whole"].lower().encode() for row in rows]
    hexed = [one.hex().encode() for one in SPELT]
    return any(one in text for text in texts for one in (*SPELT, *hexed))


async def rows_of(db: Db, table: str, guest: int, records: list[int]) -> int:
    """How many rows of a table name the guest or one of their records."""
    columns = {row["name"] for row in await (await db.execute(
        "select attname::text as name from pg_attribute where attrelid = %s::regclass and attnum > 0", [table]
    )).fetchall()}  # fmt: skip
    named = {
        "guest_id": [guest], "source_guest_id": records, "one_id": records, "other_id": records,
    }  # fmt: skip
    found = 0
    for column, ids in named.items():
        if column in columns:
            row = await (
                await db.execute(f"select count(*) as n from {table} where {column} = any(%s)", [ids])
            ).fetchone()
            found += row["n"] if row else 0
    return found


async def test_what_is_planted_in_each_table_is_gone(planted: Planted) -> None:
    guest = await planted.known_guest()
    await planted.guest("Anna Berg", "anna@berg.example", "8", phone=None, notes=(), tags=())
    await planted.everywhere(guest)
    async with planted.pool.connection() as db:
        cursor = await db.execute("select id, guest_id from source_guest order by id")
        everybody = await cursor.fetchall()
        records = [row["id"] for row in everybody if row["guest_id"] == guest]
        other = next(row["id"] for row in everybody if row["guest_id"] != guest)
        for statement in PLANTED.values():
            await db.execute(
                statement.format(guest=guest, record=records[0], other=other, name=NAME, email=EMAIL).encode()
            )
        for channel in CHANNELS:
            await write(db, SYSTEM, guest, Said(state="denied", channel=channel, source=f"{NAME} rang"))
    telling = {name for name, fate in HOLDINGS.items() if fate != "number"} - BY_NUMBERS | {"asked_once"}
    async with planted.pool.connection() as db:
        silent = {name for name in telling if not await holding(db, name)}
        assert silent == set(), "nothing is planted there: an erasure that forgot them would not be seen"
        uncounted = {name for name in BY_NUMBERS - {"removal", "inbox_record", "erasure_receipt"}
                     if not await rows_of(db, name, guest, records)}  # fmt: skip
        assert uncounted == set(), "nothing is planted there"

    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    async with planted.pool.connection() as db:
        assert {name for name in (*HOLDINGS, *OTHERS) if await holding(db, name)} == set()
        deleted = [name for name, fate in HOLDINGS.items() if fate == "deleted"]
        assert {name: n for name in (*deleted, "visit") if (n := await rows_of(db, name, guest, records))} == {}
        assert {
            row["external_id"] for row in await (await db.execute("select external_id from removal")).fetchall()
        } == set()


async def test_every_table_is_known(planted: Planted) -> None:
    async with planted.pool.connection() as db:
        rows = await (await db.execute(
            "select relname::text as name from pg_class where relnamespace = 'public'::regnamespace "
            "and relkind in ('r', 'p') and not relispartition and relname !~ '^_|^yoyo'"
        )).fetchall()  # fmt: skip
    there = {row["name"] for row in rows}
    assert there - HOLDINGS.keys() - OTHERS == set()
    assert (HOLDINGS.keys() | OTHERS) - there == set()
    assert HOLDINGS.keys() & OTHERS == set()
    numbers = {name for name, fate in HOLDINGS.items() if fate == "number"}
    assert numbers >= UNPLANTED
