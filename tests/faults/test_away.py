"""A till that goes away in service is on every open page within a minute: real processes, a real socket."""

import re
import sys
import time
from pathlib import Path

import httpx

from servery.storage.pool import connect
from tests.calm import Calm
from tests.health.processes import NAME, Till, answers, installation, until

LIMIT = 60.0


def test_a_host_sees_within_a_minute_that_the_till_is_away(database: str, tmp_path: Path) -> None:
    till = Till()
    try:
        with installation(database, tmp_path) as house:
            given = ("--secret", "access_token=-", "--set", f"base_url={till.url}", "--name", "Till")
            joined = house.servery("connect", "square", *given, typed="planted-token-81f3")
            assert joined.returncode == 0, joined.stderr
            assert house.servery("connections", "pace", "Till", "--from", "never").returncode == 0
            invited = house.servery("invite", "host@example.com", "--name", "Rosa", "--role", "host")
            link = next(word for word in (invited.stdout + invited.stderr).split() if "/sign-in/" in word)
            house.start("web")
            house.start("worker")
            with httpx.Client(base_url=house.url, trust_env=False, follow_redirects=True) as client:
                assert until(lambda: answers(client, "/readyz"))
                _sign_in(client, httpx.URL(link).raw_path.decode())
                assert until(lambda: NAME in client.get("/guests").text), house.log
                assert "unreachable" not in client.get("/alarms").text
                _wait_for_sending(database, 212)
                till.off()
                began, since = time.monotonic(), Calm()
                told = until(lambda: "unreachable since" in client.get("/tonight").text, 2 * LIMIT)
                sys.stderr.write(f"seen after {time.monotonic() - began:.0f} s\n")
                assert told, house.log
                assert since.seconds <= LIMIT
                page = client.get("/alarms").text
                assert "Till unreachable since" in page
                # Whoever was read meanwhile waits as well.
                waiting = re.search(r"(\d+) updates waiting\.", page)
                assert waiting is not None and int(waiting[1]) >= 212
                assert house.servery("doctor").returncode == 0, "it mends itself"
    finally:
        till.off()


def _sign_in(client: httpx.Client, path: str) -> None:
    client.get(path)
    client.post(path, data={"_csrf_token": client.cookies["servery_csrf"]})


def _wait_for_sending(database: str, number: int) -> None:
    """Updates that wait, as after an outage that began earlier."""
    with connect(database) as db:
        db.execute(
            "insert into outbox_target (connection_id, kind, subject_id, our_id, next_try_at) "
            "select 1, 'party', 1000000 + n, gen_random_uuid(), now() + interval '1 hour' "
            "from generate_series(1, %s) n",
            [number],
        )
