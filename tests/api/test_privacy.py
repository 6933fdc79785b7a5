"""Privacy over the API: the clock, consent, everything told, and an erasure after which nobody answers."""

from datetime import UTC, datetime

import pytest


def test_a_request_and_its_clock(ask_own):
    today = datetime.now(UTC).date().isoformat()
    made = ask_own("/privacy/requests", "owner", body={"kind": "access", "received_on": today}).json()
    more = ask_own(f"/privacy/requests/{made['id']}/extend", "owner", body={"reason": "Two systems."}).json()
    assert made["received_on"] == today < made["due_on"] < more["due_on"]
    assert ask_own(f"/privacy/requests/{made['id']}/extend", "owner", body={"reason": "Again."}).status_code >= 400
    assert (
        ask_own(f"/privacy/requests/{made['id']}/close", "owner", body={"outcome": "done"}).json()["outcome"] == "done"
    )
    assert ask_own("/privacy/requests", "owner", closed="true").json()["items"][0]["id"] == made["id"]


@pytest.mark.parametrize("day", ["1900-06-01", "2018-05-24", "2199-01-01"])
def test_no_request_came_before_the_law_or_will_have_come(ask_own, day):
    answer = ask_own("/privacy/requests", "owner", body={"kind": "access", "received_on": day})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/body/received_on")
    assert ask_own("/privacy/requests", "owner").json()["items"] == []


def test_a_consent_to_what_nobody_asks_for_is_not_written(ask_own):
    said = {"state": "granted", "text_version": "v1"}
    path = "/guests/1/consent"
    before = ask_own(path, "owner").json()["items"]
    answer = ask_own(path, "owner", body=said | {"purpose": "nonsense"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/body/purpose")
    assert "marketing, allergies" in answer.json()["detail"]
    assert ask_own(path, "owner").json()["items"] == before
    assert ask_own(path, "owner", body=said | {"purpose": "allergies"}).status_code == 200


def test_consent_export_and_erasure(ask_own):
    guest = ask_own("/guests", "owner", q="Anna").json()["items"][0]
    path = f"/guests/{guest['id']}"
    told = ask_own(f"{path}/consent", "owner", body={"state": "denied", "channel": "sms", "text_version": "v2"}).json()
    assert told["standing"]["sms"] == "denied" and told["items"][-1]["by_guest"]
    assert told["items"][-1]["written_by"] and told["items"][-1]["source"] == "guest"
    agreed = ask_own(f"{path}/consent", "owner", body={"state": "granted"})
    assert agreed.status_code == 400 and "text_version" in agreed.text
    assert guest["name"] in ask_own(f"{path}/export", "owner").text
    erased = ask_own(f"{path}/erase", "owner", body={}).json()
    assert erased["counts"]["records"] >= 1 and erased["receipts"]
    assert ask_own(path, "owner").status_code == 404
    for verb, body in (("export", None), ("erase", {})):
        again = (
            ask_own(f"{path}/{verb}", "owner", body=body) if body is not None else ask_own(f"{path}/{verb}", "owner")
        )
        assert again.status_code == 404 and "was erased on" in again.text
    assert guest["name"] not in ask_own("/guests", "owner").text
    assert ask_own("/privacy/erasures", "owner").json()["items"][0]["id"] == erased["id"]


def test_letting_in_names_who_is_not_kept_out(ask):
    nobody = ask("/privacy/let-in", "owner", body={"name": "Nobody", "email": "nobody@example.com"})
    assert nobody.status_code == 404 and nobody.json()["code"] == "not-kept-out"
    assert ask("/privacy/let-in", "host", body={"email": "nobody@example.com"}).status_code == 403


@pytest.mark.parametrize("role", ["host", "server", "marketer", "integrator"])
def test_only_who_handles_privacy(ask, role):
    assert ask("/privacy/requests", role).status_code == ask("/guests/1/export", role).status_code == 403
    assert ask("/guests/1/erase", role, body={}).status_code == 403


HAVNEN = {
    "name": "Havnen ApS", "address": "Havnegade 1\n1058 København K", "email": "privat@havnen.example",
    "phone": "+45 33 12 34 56", "website": "https://havnen.example", "officer": None, "authority": "Datatilsynet",
    "authority_website": "https://www.datatilsynet.dk",
}  # fmt: skip


def test_who_answers_is_replaced_only_as_it_was_read(ask_own):
    path = "/privacy/controller"

    def put(body, seen):
        return ask_own(path, "owner", body=body, method="PUT", headers={"if-match": seen} if seen else None)

    first = ask_own(path, "owner")
    assert first.json() == {"controller": None, "changed_at": None}
    assert put(HAVNEN, None).status_code == 428
    made = put(HAVNEN, first.headers["etag"])
    assert made.status_code == 200 and made.json()["controller"] == HAVNEN
    stale = put(HAVNEN | {"phone": None}, first.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    bare = {name: HAVNEN[name] for name in ("name", "address", "email")}
    whole = put(bare, made.headers["etag"]).json()["controller"]
    assert whole == dict.fromkeys(HAVNEN) | bare == ask_own(path, "owner").json()["controller"]
    wrong = put(HAVNEN | {"website": "havnen.example"}, "*")
    assert wrong.status_code == 400 and wrong.json()["errors"][0]["pointer"] == "/body/website"
    assert put({"name": "Havnen ApS"}, "*").status_code == 400
    assert ask_own(path, "owner").json()["controller"] == whole


@pytest.mark.parametrize("role", ["host", "server", "marketer", "integrator"])
def test_only_who_handles_privacy_writes_who_answers(ask, role):
    assert ask("/privacy/controller", role).status_code == 403
    answer = ask("/privacy/controller", role, body=HAVNEN, method="PUT", headers={"if-match": "*"})
    assert answer.status_code == 403
