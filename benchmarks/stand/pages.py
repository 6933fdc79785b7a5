"""The real web process, asked as a person's browser and a program's key ask it."""

import contextlib
import http.client
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from benchmarks.stand.installation import Installation, servery
from servery.accounts import people
from servery.accounts.keys import create_key
from servery.accounts.sessions import open_session
from servery.model.viewer import SYSTEM, Viewer
from servery.storage.pool import open_pool


async def admitted(dsn: str, rounds: int) -> tuple[str, list[str]]:
    """A session of an owner, and a key for each round."""
    async with open_pool(dsn) as pool, pool.connection() as db:
        person = await people.add(db, SYSTEM, name="Owner", email="owner@example.com", role="owner")
        viewer = Viewer("person", person.id, person.name, "owner")
        session = await open_session(db, viewer, device="benchmark")
        keys = [await create_key(db, SYSTEM, name=f"Round {number}", role="owner") for number in range(rounds)]
    return session.reveal(), [token.reveal() for _, token in keys]


@contextlib.contextmanager
def served(place: Installation, dsn: str) -> Iterator[int]:
    """The web process on a free port, which it is asked for until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {**place.environment(dsn), "SERVERY_PORT": str(port)}
    # It says a line for each request: none of them is a figure.
    with subprocess.Popen(servery("web"), env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise RuntimeError("servery web ended before it answered")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with contextlib.suppress(ConnectionError), contextlib.closing(_connection(port)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    return False


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def get(port: int, path: str, headers: Mapping[str, str]) -> Callable[[int | str], None]:
    """Asks for a path over one connection that stays open; what it is asked with stands where the path has `{}`."""
    connection = _connection(port)

    def ask(guest: int | str) -> None:
        connection.request("GET", path.format(guest), headers=dict(headers))
        _read(path, connection.getresponse())

    return ask


def typing(port: int, session: str) -> Callable[[str], None]:
    """Asks as the search field does with each letter, over one connection that stays open."""
    connection = _connection(port)
    connection.request("GET", "/guests", headers={"Cookie": f"servery_session={session}"})
    answer = connection.getresponse()
    token = SimpleCookie(answer.headers["Set-Cookie"])["servery_csrf"].value
    _read("/guests", answer)
    headers = {
        "Cookie": f"servery_session={session}; servery_csrf={token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-CSRFToken": token,
        "HX-Request": "true",
    }

    def ask(text: str) -> None:
        connection.request("POST", "/search", urlencode({"q": text}), headers)
        _read("/search", connection.getresponse())

    return ask


def _read(path: str, answer: http.client.HTTPResponse) -> None:
    body = answer.read()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{path} answered {answer.status}: {body[:300]!r}")
