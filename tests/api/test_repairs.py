"""What is not well, for programs: told in full, put off by who may, and told again."""

from datetime import UTC, datetime, timedelta

import httpx

from servery.model.viewer import Role
from tests.api.conftest import api, key, serving


def test_a_repair_is_told_with_what_mends_it(ask):
    (one,) = ask("/repairs").json()["items"]
    assert (one["kind"], one["severity"], one["needs_person"]) == ("disk_low", "warning", True)
    assert one["what"] == "The disk fills up: 1.2 GB left of 20.0 GB."
    assert ask("/repairs/1").json() == one
    assert ask("/repairs/99").status_code == 404


def test_it_is_put_off_and_heeded_by_who_may(own):
    with serving(own, api) as address:
        _put_off(own, address)


def _put_off(own: str, address: str) -> None:
    def sent(role: Role, path: str, body: object = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {key(own, role)[1]}"}
        return httpx.post(f"{address}/api/v1/repairs/1/{path}", headers=headers, json=body)

    until = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    assert sent("host", "snooze", {"until": until}).status_code == 403
    assert sent("manager", "snooze", {"until": until}).json()["snoozed_until"]
    assert sent("manager", "snooze", {"until": None}).json()["ignored"]
    told = sent("manager", "heed").json()
    assert (told["snoozed_until"], told["ignored"]) == (None, False)
    assert sent("manager", "snooze", {"until": "2020-01-01T00:00:00Z"}).status_code == 400
    assert sent("manager", "snooze", {"until": "2026-01-01T00:00:00"}).status_code == 400
