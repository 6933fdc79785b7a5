"""Several of each: two web processes and two workers share a database; where a worker is killed the other goes on."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen

import httpx
import pytest

from servery.connectors.square.simulator import events, signed, simulator
from servery.model.guest import SourceGuest
from servery.model.venue import Venue
from servery.storage.pool import connect
from servery.testing.served import served
from servery.testing.stage import Stage
from tests.health.processes import TOKEN, Installation, answers, installation, until

KEY = "planted-signature-key"
PUBLIC = "https://servery.example.com"
"""What the vendor signs for: both web processes stand behind it."""


class Shared:
    """A till and an installation of two web processes and two workers."""

    def __init__(self, dsn: str, stage: Stage, webs: list[Installation]) -> None:
        self.dsn, self.stage, self.webs = dsn, stage, webs
        self.workers: list[Popen[bytes]] = []

    def count(self, query: str) -> int:
        with connect(self.dsn) as db:
            row = db.execute(query).fetchone()
        assert row is not None
        return int(row["n"])

    def guest_comes(self, number: int) -> None:
        """Somebody new, whom the till knows from now on; it is to be read at once, not in two minutes."""
        guest = SourceGuest(name=f"Zacharias Plantedsen {number}", phone=f"+453155770{number}")
        self.stage.guests.put(f"C{number}", guest, datetime.now(UTC))
        assert self.webs[0].servery("connections", "sync", "Till").returncode == 0

    def is_read_and_sent(self, guests: int) -> bool:
        """Whether so many of the till's guests are here, and what we know of each is there."""
        read = self.count("select count(*) as n from source_guest where revision >= 0")
        sent = self.count("select count(*) as n from outbox_target where kind = 'guest' and sent_at is not null")
        return read == guests and sent >= guests

    def hears(self, web: Installation, number: int) -> int:
        """An event of a guest is sent to one web process; the status that it answers."""
        _, body = next(each for each in events(self.stage) if f'"C{number}"'.encode() in each[1])
        path = "/hooks/1"
        return httpx.post(web.url + path, content=body, headers=signed(body, KEY, PUBLIC + path)).status_code

    def all_taken_in(self, heard: int) -> bool:
        """Whether so many events came, and none waits."""
        came = self.count("select count(*) as n from inbox_event where via = 'webhook'")
        return came == heard and self.count("select count(*) as n from inbox_work") == 0


@pytest.fixture
def shared(database: str, tmp_path: Path) -> Iterator[Shared]:
    stage = Stage(Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"), "L1", "DK")
    stage.menu_modified_at = datetime.now(UTC) - timedelta(days=3)
    environ = {"SERVERY_PUBLIC_URL": PUBLIC}
    with ExitStack() as stack:
        url = stack.enter_context(served(simulator(stage, TOKEN)))
        first = stack.enter_context(installation(database, tmp_path, environ))
        second = stack.enter_context(_beside(first, database, environ))
        key = tmp_path / "key"
        key.write_text(KEY)
        given = ("--secret", "access_token=-", "--secret", f"webhook_signature_key=@{key}", "--set", f"base_url={url}")
        joined = first.servery("connect", "square", *given, "--name", "Till", typed=TOKEN)
        assert joined.returncode == 0, joined.stderr
        assert first.servery("connections", "pace", "Till", "--from", "now").returncode == 0
        made = Shared(database, stage, [first, second])
        for web in made.webs:
            web.start("web")
        made.workers = [first.start("worker"), second.start("worker")]
        yield made


@contextmanager
def _beside(first: Installation, database: str, environ: dict[str, str]) -> Iterator[Installation]:
    """Another machine's processes: their own port, the same database and keys."""
    made = Installation(database, first.home, environ)
    try:
        yield made
    finally:
        made.stop()


def test_what_one_worker_did_the_other_goes_on_with_and_both_web_processes_hear(shared: Shared) -> None:
    for web in shared.webs:
        with httpx.Client(base_url=web.url, trust_env=False) as client:
            assert until(lambda client=client: answers(client, "/readyz"), 120), web.log  # type: ignore[misc]
    shared.guest_comes(1)
    assert until(lambda: shared.is_read_and_sent(1), 120), shared.webs[0].log
    assert [shared.hears(web, 1) for web in shared.webs] == [200, 200]
    assert until(lambda: shared.all_taken_in(1), 120), "the same event, though each heard it"
    # Whichever of them read, sent and took in: one of the two kills meets it.
    for turn, killed in enumerate((0, 1), start=2):
        shared.workers[killed].send_signal(signal.SIGKILL)
        shared.workers[killed].wait(60)
        shared.guest_comes(turn)
        assert until(lambda turn=turn: shared.is_read_and_sent(turn), 180), shared.webs[killed].log  # type: ignore[misc]
        assert [shared.hears(web, turn) for web in shared.webs] == [200, 200]
        assert until(lambda turn=turn: shared.all_taken_in(turn), 120)  # type: ignore[misc]
        shared.workers[killed] = shared.webs[killed].start("worker")
    assert shared.count("select count(*) as n from guest where merged_into is null") == 3
