"""What leaves, over the API: seen by who sees connections, sent again by who changes them."""

import pytest

from tests.api.conftest import sql

ERROR = '{"code": "refused", "template": "{system} has no such guest.", "mend": null, "params": {"system": "T"}}'


@pytest.fixture
def refused(own: str) -> int:
    """One guest that the till did not take, and nothing else; its number."""
    sql(own, "delete from outbox_target")
    (row,) = sql(
        own,
        "insert into outbox_target (connection_id, kind, subject_id, our_id, state, attempts, error) "
        "values (2, 'guest', 1, gen_random_uuid(), 'refused', 3, %s) returning id",
        ERROR,
    )
    return int(row["id"])


def test_what_was_refused_is_told_and_sent_again(refused, ask_own):
    (one,) = ask_own("/outbox", "owner", connection_id=2, state="refused").json()["items"]
    assert (one["id"], one["kind"], one["subject_id"], one["state"]) == (refused, "guest", 1, "refused")
    assert one["failure"] == {"code": "refused", "message": "T has no such guest.", "mend": None, "attempts": 3}
    assert ask_own("/outbox", "owner", state="due").json()["items"] == []
    sent = ask_own(f"/outbox/{refused}/send", "owner", body={})
    assert (sent.status_code, sent.json()["state"], sent.json()["failure"]) == (200, "due", None)
    assert ask_own("/outbox/99999/send", "owner", body={}).status_code == 404


def test_a_host_may_look_and_not_send(refused, ask_own):
    assert len(ask_own("/outbox", "host").json()["items"]) == 1
    assert ask_own(f"/outbox/{refused}/send", "host", body={}).status_code == 403
    assert ask_own("/outbox", "server").status_code == 403
