"""What the process that answers writes into its log while a guest is looked for, told and erased: nothing of them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from servery.accounts.keys import create_key
from servery.model.viewer import SYSTEM
from servery.storage.pool import open_pool
from servery.testing.served import free_port
from tests.privacy.conftest import plant
from tests.privacy.planted import EMAIL, NAME, PHONE, SPELT
from tests.privacy.test_erase import files_with, found_in

pytestmark = pytest.mark.anyio


@contextmanager
def web(dsn: str, home: Path, log: Path) -> Iterator[str]:
    """The process that answers, as in production; its log goes into a file."""
    port = free_port()
    environment = {
        **os.environ, "SERVERY_HOME": str(home), "SERVERY_DATABASE_URL": dsn, "SERVERY_PORT": str(port),
        "SERVERY_PUBLIC_URL": f"http://127.0.0.1:{port}", "SERVERY_LOG": "json",
    }  # fmt: skip
    with (
        log.open("wb") as lines,
        subprocess.Popen(
            [sys.executable, "-m", "servery", "web"], env=environment, stdout=lines, stderr=lines
        ) as process,
    ):
        try:
            yield _answering(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(60)


def _answering(url: str) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return url
    raise TimeoutError(url)


async def test_the_log_tells_of_no_guest(database: str, home: Path, tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    async with open_pool(database) as pool:
        planted = await plant(pool, home)
        guest = await planted.known_guest()
        async with pool.connection() as db:
            _, token = await create_key(db, SYSTEM, name="Test", role="owner")
    with (
        web(database, home, log) as url,
        httpx.Client(
            base_url=f"{url}/api/v1", headers={"authorization": f"Bearer {token.reveal()}"}, timeout=60
        ) as client,
    ):
        for typed in (NAME, EMAIL, PHONE):
            assert client.get("/guests", params={"q": typed}).json()["items"], typed
        assert client.get("/guests", params={"q": NAME, "whom": EMAIL}).status_code >= 400
        assert client.get(f"/guests/{NAME}").status_code >= 400
        assert client.post(f"/guests/{guest}/consent", json={"state": NAME}).status_code >= 400
        assert client.post("/privacy/let-in", json={"name": NAME, "email": EMAIL}).status_code == 404
        assert NAME in client.get(f"/guests/{guest}/export").text
        assert client.post(f"/guests/{guest}/erase", json={}).status_code < 300
        assert client.get("/guests", params={"q": EMAIL}).json()["items"] == []
        client.post(f"/hooks/{NAME}", content=EMAIL)
        httpx.get(f"{url}/{NAME}?email={EMAIL}")
    written = log.read_bytes()
    assert b"/api/v1/guests" in written, "it does write its requests down"
    assert found_in(written) == set(), [line for line in written.splitlines() if found_in(line)]
    assert SPELT and files_with(home) == set()
