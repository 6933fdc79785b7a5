"""Durable acknowledgements of signed webhooks: how many, how soon, and beside the least that any would take.

Why it matters: a vendor waits two seconds and then counts a failure, and a Saturday night sends its events all at once.

The web process is the real one on two cores that it shares with the database and with the sender. It proves each
event's signature, looks for card numbers, finds its id and kind, and answers after the commit. The peer is a bare
receiver on the same server: it reads the body, stores it in the same group commit, and answers.
"""

import contextlib
import http.client
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import psycopg
from psycopg.types.json import Jsonb

from benchmarks.stand.installation import Installation, installation, servery
from benchmarks.stand.report import Figure, Report
from benchmarks.stand.senders import Sent, send

LEAST = 2_500
"""Acknowledgements for each second."""
LEAST_SHARE = 0.7
"""Of what the bare receiver acknowledges."""
MOST_MS = 50.0
MOST_MS_LARGE = 300.0
"""Milliseconds, of 99 answers in 100."""
SIZE, LARGE = 4_000, 600_000
"""Bytes of a body."""
REQUESTS, REQUESTS_LARGE = 15_000, 200
LINES, LINES_LARGE = 32, 4
"""Open connections: so many events wait for their answer at a time."""
ROUNDS = 5
SECRET = "signature-key"


def run(report: Report) -> None:
    """Send to both in turn."""
    with installation() as place, place.database() as dsn:
        connection = _connected(dsn)
        with _web(place, dsn) as (port, url), _bare(dsn) as bare_port:
            path = f"/hooks/{connection}"

            def ours(size: int, requests: int, lines: int) -> Sent:
                return send(port, path, url + path, SECRET, size=size, requests=requests, lines=lines)

            def theirs(size: int, requests: int, lines: int) -> Sent:
                return send(bare_port, "/", url, SECRET, size=size, requests=requests, lines=lines)

            ours(SIZE, 2_000, LINES)
            theirs(SIZE, 2_000, LINES)
            rounds = [(ours(SIZE, REQUESTS, LINES), theirs(SIZE, REQUESTS, LINES)) for _ in range(ROUNDS)]
            _tell(report, [one for one, _ in rounds], [other for _, other in rounds])
            large = [ours(LARGE, REQUESTS_LARGE, LINES_LARGE) for _ in range(ROUNDS)]
            waits = [one.within(0.99) for one in large]
            report.figure(Figure(name="600 kB: 99 answers in 100 within", unit="ms", rounds=waits, below=MOST_MS_LARGE))
        with psycopg.connect(dsn) as db:
            stored = db.execute("select count(*) from inbox_event where connector = 'square'").fetchone()
        assert stored is not None
        report.fact("events stored", stored[0], 2_000 + ROUNDS * (REQUESTS + REQUESTS_LARGE))


def _tell(report: Report, ours: Sequence[Sent], bare: Sequence[Sent]) -> None:
    rates = [one.rate for one in ours]
    rate = report.figure(Figure(name="acknowledged of 4 kB", unit="/s", rounds=rates, at_least=LEAST))
    report.peer(rate, Figure(name="acknowledged by the bare receiver", unit="/s", rounds=[one.rate for one in bare]))
    shares = [one.rate / other.rate for one, other in zip(ours, bare, strict=True)]
    report.figure(Figure(name="share of the bare receiver's", unit="", rounds=shares, at_least=LEAST_SHARE))
    waits = [one.within(0.99) for one in ours]
    report.figure(Figure(name="99 answers in 100 within", unit="ms", rounds=waits, below=MOST_MS))
    report.figure(Figure(name="half of the answers within", unit="ms", rounds=[one.within(0.5) for one in ours]))
    report.figure(Figure(name="bare: 99 in 100 within", unit="ms", rounds=[one.within(0.99) for one in bare]))
    own = statistics.median(one.processor / one.seconds for one in [*ours, *bare])
    report.say(f"the sender itself took {100 * own:.0f} % of one core, {LINES} lines open")


def _connected(dsn: str) -> int:
    with psycopg.connect(dsn) as db:
        row = db.execute(
            "insert into connection (name, connector, settings) values ('till', 'square', %s) returning id",
            [Jsonb({"webhook_signature_key": SECRET})],
        ).fetchone()
    assert row is not None
    return int(row[0])


@contextlib.contextmanager
def _web(place: Installation, dsn: str) -> Iterator[tuple[int, str]]:
    """The web process on a free port, and its public address."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**place.environment(dsn), "SERVERY_PORT": str(port), "SERVERY_PUBLIC_URL": url}
    with _running(servery("web"), port, environment):
        yield port, url


@contextlib.contextmanager
def _bare(dsn: str) -> Iterator[int]:
    port = _free_port()
    with _running([sys.executable, "-m", "benchmarks.stand.bare_receiver", str(port), dsn], port, None):
        yield port


@contextlib.contextmanager
def _running(command: Sequence[str], port: int, environment: dict[str, str] | None) -> Iterator[None]:
    with subprocess.Popen(command, env=environment) as process:
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise RuntimeError(f"{' '.join(command)} ended before it answered")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with contextlib.suppress(ConnectionError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
