"""What an installation in real processes tells of itself: to probes, to Prometheus, and in its logs."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from servery.storage.pool import connect
from tests.health.processes import NAME, PHONE, TOKEN, Installation, Till, answers, installation, until

PASSWORD = "planted-password-5521"
METRICS = "planted-metrics-7734"


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database, tmp_path, {"SERVERY_METRICS_TOKEN": METRICS}) as house:
        yield house


@pytest.fixture
def client(house: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=house.url, trust_env=False, timeout=30) as client:
        yield client


def test_probes_and_metrics(house: Installation, client: httpx.Client, database: str) -> None:
    house.start("web")
    assert until(lambda: answers(client, "/readyz"))
    assert client.get("/healthz").text == "ok"
    assert client.get("/readyz").json() == {"ready": True, "missing": []}
    with connect(database) as db:
        db.execute("delete from _servery_migration where migration_id = '0006_health'")
    away = client.get("/readyz")
    assert (away.status_code, away.json()["missing"]) == (503, ["migration:0006_health"])
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    told = client.get("/metrics", headers={"authorization": f"Bearer {METRICS}"})
    families = {one.name: one for one in text_string_to_metric_families(told.text)}
    assert {"servery_request_seconds", "servery_queue_in", "servery_db_pool", "servery_repairs"} <= set(families)
    routes = {sample.labels["route"] for sample in families["servery_request_seconds"].samples}
    assert {"/readyz", "/metrics"} <= routes


def test_a_whole_journey_leaves_nothing_personal_in_the_logs(
    house: Installation, client: httpx.Client, database: str
) -> None:
    till = Till()
    try:
        joined = house.servery(
            "connect", "square", "--secret", "access_token=-", "--set", f"base_url={till.url}", typed=TOKEN
        )
        assert joined.returncode == 0, joined.stderr
        invited = house.servery("invite", "planted@example.com", "--name", NAME, "--role", "owner")
        link = next(word for word in (invited.stdout + invited.stderr).split() if "/sign-in/" in word)
        house.start("web")
        house.start("worker")
        assert until(lambda: answers(client, "/readyz"))
        signed_in(client, link)
        assert until(lambda: NAME in client.get("/guests", params={"q": PHONE}).text, 60), house.log
        _provoke(client)
    finally:
        till.off()
    with connect(database) as db:
        # What a person typed, come back in the words of the database: an error of ours and not theirs.
        db.execute("alter table guest_look add constraint broken check (purpose <> 'page') not valid")
        guest = db.execute("select min(guest_id) as first from source_guest").fetchone()
    assert guest is not None
    assert client.get(f"/guests/{guest['first']}").status_code == 500
    # A line is written after the answer it tells of is sent, and the worker's failure comes in its own time.
    assert until(lambda: _requested(house, "/guests/{guest_id}"), 60), house.log
    assert until(lambda: any("connection 1, orders" in line["message"] for line in house.lines), 60), (
        "the journey must reach a failure"
    )
    assert until(lambda: any("CheckViolation" in line.get("error", {}).get("kind", "") for line in house.lines), 60)
    for planted in (NAME, NAME.split()[1], PHONE, PHONE[3:], TOKEN, PASSWORD, METRICS, link.rsplit("/", 1)[1]):
        assert planted not in house.log
    given = client.get("/healthz", headers={"x-request-id": "from-the-proxy.7"})
    assert given.headers["x-request-id"] == "from-the-proxy.7"
    forged = client.get("/healthz", headers={"x-request-id": f"a {NAME}"})
    assert len(forged.headers["x-request-id"]) == 32


def _requested(house: Installation, route: str) -> bool:
    return any(line["message"] == "request" and line["route"] == route for line in house.lines)


def signed_in(client: httpx.Client, link: str) -> None:
    """Come in by the link, as a browser does."""
    page = client.get(httpx.URL(link).raw_path.decode())
    assert page.is_success, page.text
    sent(client, httpx.URL(link).raw_path.decode(), {})


def sent(client: httpx.Client, path: str, fields: dict[str, str]) -> httpx.Response:
    """Send a form as the page has it."""
    token = client.cookies.get("servery_csrf") or ""
    return client.post(path, data={"_csrf_token": token, **fields}, follow_redirects=True)


def _provoke(client: httpx.Client) -> None:
    """Everything that may leak into a log: addresses with secrets, forms, refusals."""
    client.get(f"/sign-in/{TOKEN}/{NAME}")
    client.get("/guests", params={"q": f"{NAME} {PHONE}"})
    sent(client, "/guests", {"q": f"{NAME} {PHONE}"})
    sent(client, "/search", {"q": NAME})
    client.get(f"/tonight?day={NAME}")
    sent(client, "/sign-in", {"email": "planted@example.com", "password": PASSWORD})
    client.get("/api/v1/guests", headers={"authorization": f"Bearer {TOKEN}"})
    client.post("/hooks/1", content=json.dumps({"name": NAME, "phone": PHONE, "token": TOKEN}))
