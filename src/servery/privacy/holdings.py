"""Where people's data stand: every table that holds something of a guest, and what an erasure does with it there.

A test holds this to the database: a new table is listed here, in one way or the other, or the test fails.
"""

from collections.abc import Mapping
from typing import Literal

Fate = Literal["deleted", "emptied", "number"]
"""The row goes; the row stays without the person; the row knows a number behind which nothing stands any more."""

HOLDINGS: Mapping[str, Fate] = {
    "source_guest": "deleted",
    "guest": "deleted",
    "match_features": "deleted",
    "not_same": "deleted",
    "not_same_lifted": "deleted",
    "suggestion": "deleted",
    "guest_edit": "deleted",
    "guest_said": "deleted",
    "guest_entry": "deleted",
    "aged_fact": "deleted",
    "rule_tag": "deleted",
    "search_word": "deleted",
    "crowded_contact": "deleted",
    "consent": "deleted",
    "unsure_guest": "deleted",
    "removal": "deleted",
    "inbox_work": "deleted",
    "inbox_record": "deleted",
    "reservation": "emptied",
    "checks": "emptied",
    "payment": "emptied",
    "visit": "emptied",
    "inbox_event": "emptied",
    "inbox_outcome": "emptied",
    "quarantine": "emptied",
    "outbox_target": "emptied",
    "guest_log": "emptied",
    "subject_request": "emptied",
    "erasure_receipt": "emptied",
    "guest_look": "number",
    "guest_waiting": "number",
    "guest_to_renew": "number",
    "match_run": "number",
    "found_join": "number",
    "found_ask": "number",
    "found_part": "number",
    "mend_item": "number",
    "erasure": "number",
    "erasure_awaited": "number",
    "let_in": "number",
}

BY_DAYS = frozenset({"inbox_event", "inbox_outcome", "inbox_record"})
"""Tables that are parted by days: which day's is touched is known when something is found there."""

OTHERS = frozenset(
    {
        "action", "ageing_rule", "ageing_run", "alert", "alert_receiver", "api_key", "application", "asked_once",
        "authorisation", "completeness", "connection", "controller",
        "day_to_form", "erased_key", "field_rule", "file_taken", "guest_work", "health_hour", "health_turn",
        "inbox_seen", "installation", "key_file", "match_weights", "mend_list", "menu",
        "menu_item", "outbox_attempt", "outbox_gate", "person",
        "planted", "process", "recomputing", "reconciliation", "record_count", "repair", "retention_rule",
        "retention_run", "search_filling", "session", "set_up", "sign_in_attempt", "sign_in_link", "survivorship_rule",
        "sync_state",
        "table_pair", "tag_rule", "to_rewrite", "venue", "venue_link", "venue_table", "verification",
    }
)  # fmt: skip
"""Tables that hold nothing of guests."""


def emptied() -> list[str]:
    """The tables whose files held what an erasure took away, but for those of days."""
    return sorted(name for name, fate in HOLDINGS.items() if fate != "number" and name not in BY_DAYS)
