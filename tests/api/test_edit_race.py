"""Two who change one guest at the same moment, each having read the same state: one of them is told."""

import threading
import time

import httpx

from servery.storage.pool import connect
from tests.api.conftest import api as application
from tests.api.conftest import key, serving


def test_of_two_changes_at_once_the_second_is_refused(own):
    token = key(own, "owner")[1]
    headers = {"authorization": f"Bearer {token}"}
    with serving(own, application) as address, httpx.Client(base_url=f"{address}/api/v1", headers=headers) as client:
        tag = client.get("/guests/1").headers["etag"]
        answers: list[httpx.Response] = []

        def change(city: str) -> None:
            sent = client.patch("/guests/1", json={"city": city}, headers={"if-match": tag})
            answers.append(sent)

        # Held up by whoever decides who is who, both have come as far as they can before either changes anything.
        with connect(own) as holding:
            holding.execute("select pg_advisory_xact_lock(%s)", [0x6E5])
            both = [threading.Thread(target=change, args=[city]) for city in ("Ribe", "Odense")]
            for one in both:
                one.start()
            _wait_for_two(own)
        for one in both:
            one.join(60)
        assert sorted(one.status_code for one in answers) == [200, 412]
        kept = next(one.json()["city"] for one in answers if one.status_code == 200)
        assert client.get("/guests/1").json()["city"] == kept


def _wait_for_two(dsn: str) -> None:
    """Wait until two wait for the lock."""
    until = time.monotonic() + 60
    with connect(dsn) as db:
        while time.monotonic() < until:
            row = db.execute(
                "select count(*) as n from pg_locks l join pg_database d on d.oid = l.database "
                "where l.locktype = 'advisory' and not l.granted and d.datname = current_database()"
            ).fetchone()
            if row and row["n"] == 2:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")
