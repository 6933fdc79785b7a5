"""A PostgreSQL that a test stops, kills and starts again, on a socket that stays where it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from conftest import _debian_binaries, _gid, _plain_user


class Restartable:
    """One server. `stop` is orderly; `kill` is kill -9 of all its processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs = _debian_binaries()
        user = _plain_user()
        self._as_user = ["setpriv", f"--reuid={user}", f"--regid={_gid(user)}", "--clear-groups"] if user else []
        if user:
            shutil.chown(folder, user)
        words = ["-D", str(folder / "data"), "-U", "servery", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"]
        initdb = [*self._as_user, str(self._programs / "initdb"), *words, "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/")
        self.dsn = make_conninfo(host=str(folder), user="servery", dbname="postgres")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers. After a kill its children may hold the shared memory for a moment."""
        until = time.monotonic() + 60
        self._begin()
        while True:
            try:
                psycopg.connect(self.dsn).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < until, "PostgreSQL did not start"
                if self._process is None or self._process.poll() is not None:
                    self._begin()
                time.sleep(0.1)

    def _begin(self) -> None:
        words = ["-D", str(self._folder / "data"), "-k", str(self._folder), "-c", "listen_addresses="]
        command = [*self._as_user, str(self._programs / "postgres"), *words, "-c", "fsync=off"]
        with (self._folder.parent / f"{self._folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log, stdout=log, cwd="/", start_new_session=True)

    def stop(self) -> None:
        """Break every session off and end."""
        assert self._process is not None
        self._process.send_signal(2)
        self._process.wait(60)

    def kill(self) -> None:
        """End it without a word to anybody."""
        assert self._process is not None
        os.killpg(self._process.pid, 9)
        self._process.wait(60)


@contextmanager
def restartable() -> Iterator[Restartable]:
    """A running server of one's own."""
    folder = Path(tempfile.mkdtemp(prefix="servery-restartable-"))
    server = Restartable(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
        (folder.parent / f"{folder.name}.log").unlink(missing_ok=True)
