"""Both simulators over real sockets, in a process that stops when told."""

import signal
import subprocess
import sys
import time
from socket import socket

import httpx
import msgspec
import pytest

from servery.errors import Invalid
from servery.sandbox.serve import HOST, claim
from servery.testing.served import free_port
from tests.calm import Calm

# Starts a command with a pipe as its standard input, and says what it says.
STARTER = "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()"


@pytest.fixture
def demo(request):
    """The command that serves both, with a few days; and what it says when it is ready."""
    ports = ["--square-port", str(free_port()), "--resos-port", str(free_port())]
    options = getattr(request, "param", ())
    command = [sys.executable, "-m", "servery", *options, "sandbox", "demo", *ports, "--days", "2"]
    command += ["--live-seconds", "0.2"]
    starter = [sys.executable, "-c", STARTER] if "--with-parent" in options else []
    with subprocess.Popen([*starter, *command], stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process, msgspec.json.decode(process.stdout.readline())
        process.kill()


def test_both_answer_and_stop_within_a_second_with_clients_connected(demo):
    process, said = demo
    with httpx.Client() as book, httpx.Client() as till:
        url = said["resos"]["base_url"]
        bookings = book.get(f"{url}/bookings", auth=(said["resos"]["api_key"], ""))
        locations = till.get(
            f"{said['square']['base_url']}/v2/locations",
            headers={"Authorization": f"Bearer {said['square']['access_token']}"},
        )
        assert bookings.status_code == 200
        assert len(bookings.json()) == 100
        assert locations.json()["locations"][0]["currency"] == "DKK"
        since = Calm()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert since.seconds < 1


@pytest.mark.parametrize("demo", [["--with-parent"]], indirect=True)
def test_ends_with_its_parent(demo):
    parent, said = demo
    parent.kill()
    until = time.monotonic() + 60
    with pytest.raises(httpx.ConnectError):
        while time.monotonic() < until:
            httpx.get(said["resos"]["base_url"] + "/healthcheck", auth=(said["resos"]["api_key"], ""))
            time.sleep(0.05)


def test_a_taken_port_is_named():
    with socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(Invalid, match=str(taken.getsockname()[1])):
            claim(taken.getsockname()[1])
