"""Where the files lie: a folder of this machine, or of an SFTP server whose key is the one it showed at the start."""

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import asyncssh
from msgspec import Struct

from servery.connectors.folder.entered import Server, wishes
from servery.errors import NeedsPerson, Refuse, Retry

Result = TypeVar("Result")

_PAUSE = 60.0
_CONNECT_SECONDS = 20
_PART = ".part"
"""What a file is called besides while it is being written."""


class Entry(Struct, frozen=True):
    """A file as a listing shows it: bytes, and when it was last written (seconds since 1970)."""

    name: str
    size: int
    modified: int


class Place(Protocol):
    """A folder with its files. Raises NeedsPerson where a setting is at fault, Retry where it passes by itself."""

    fingerprint: str | None
    """Of the server's key; None for a folder of this machine."""

    async def entries(self, folder: str = "") -> list[Entry]:
        """Its plain files, but for hidden ones and those being written; or those of a folder inside, if it is there."""

    async def fetch(self, name: str, to: Path) -> None:
        """Copy a file to a path of this machine; one of a folder inside is named with it."""

    async def put(self, folder: str, name: str, source: Path) -> None:
        """Put a file into a folder inside, whole or not at all: under another name first, then renamed."""

    async def move(self, name: str, folder: str, to: str) -> None:
        """Move a file into a folder inside, under another name. One that is gone already was moved by somebody."""

    async def sweep(self, folder: str) -> None:
        """Remove from a folder inside what is left of files that were never whole there. For who alone puts any."""


@asynccontextmanager
async def opened(settings: Mapping[str, str], pinned: str | None) -> AsyncIterator[Place]:
    """The folder of a connection. `pinned` is the fingerprint of the only key that its server may show."""
    wish = wishes(settings)
    if wish.server is None:
        yield _Here(wish.path)
        return
    door = _Door(settings.get("host_key", "").strip() or pinned)
    with _failures_named(wish.server):
        async with (
            asyncssh.connect(
                wish.server.host,
                wish.server.port,
                username=wish.server.user,
                password=settings.get("password") or None,
                client_keys=_keys(settings.get("private_key", "")),
                client_factory=lambda: door,
                known_hosts=b"",
                # Nothing of this machine's own user is lent to a connection.
                agent_path=None,
                config=None,
                connect_timeout=_CONNECT_SECONDS,
                login_timeout=_CONNECT_SECONDS,
            ) as connection,
            connection.start_sftp_client() as client,
        ):
            yield _There(client, wish.path, door.seen)


class _Door(asyncssh.SSHClient):
    """Decides on the server's key: the one that is pinned; where none is, the one it shows."""

    def __init__(self, pinned: str | None) -> None:
        self._pinned = pinned
        self.seen: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Whether this is the server."""
        self.seen = key.get_fingerprint()
        return self._pinned is None or self.seen == self._pinned


def _keys(text: str) -> list[asyncssh.SSHKey]:
    if not text.strip():
        return []
    try:
        return [asyncssh.import_private_key(text.strip() + "\n")]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise NeedsPerson(
            "The private key cannot be read.", field="private_key", mend="Enter all of it, without a passphrase."
        ) from None


@contextmanager
def _failures_named(server: Server) -> Iterator[None]:
    """What goes wrong with a server, told beside the setting at fault."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable:
        raise NeedsPerson(
            "{host} shows another key than before: it may be another machine.", field="host_key", host=server.host,
            mend="Ask who runs it. If its key was changed, enter the new fingerprint.",
        ) from None  # fmt: skip
    except asyncssh.PermissionDenied:
        raise NeedsPerson(
            "{host} does not let {user} in.", field="password", host=server.host, user=server.user,
            mend="Enter the password or the private key again.",
        ) from None  # fmt: skip
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        raise _no_folder() from None
    except asyncssh.SFTPPermissionDenied:
        raise _not_ours() from None
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise Retry(
            "{host} cannot be reached ({why}).", retry_after=_PAUSE, host=server.host, why=type(error).__name__
        ) from None


def _no_folder() -> NeedsPerson:
    return NeedsPerson("There is no such folder.", field="folder")


def _not_ours() -> NeedsPerson:
    return NeedsPerson(
        "Servery may not read or write there.",
        field="folder",
        mend="Give its user the right to read, write and rename.",
    )


class _There:
    """A folder of an SFTP server."""

    def __init__(self, client: asyncssh.SFTPClient, path: str, fingerprint: str | None) -> None:
        self._client = client
        self._path = path.rstrip("/") or "/"
        self.fingerprint = fingerprint

    async def entries(self, folder: str = "") -> list[Entry]:
        found = []
        if folder and not await self._client.isdir(self._at(folder)):
            return []
        for each in await self._client.readdir(self._at(folder) if folder else self._path):
            name, attrs = str(each.filename), each.attrs
            plain = attrs.permissions is None or stat.S_ISREG(attrs.permissions)
            if plain and _is_ours(name):
                found.append(Entry(name, attrs.size or 0, attrs.mtime or 0))
        return found

    async def fetch(self, name: str, to: Path) -> None:
        await self._client.get(self._at(name), str(to))

    async def put(self, folder: str, name: str, source: Path) -> None:
        await self._client.makedirs(self._at(folder), exist_ok=True)
        part = self._at(folder, f".{name}{_PART}")
        await self._client.put(str(source), part)
        await self._client.posix_rename(part, self._at(folder, name))

    async def move(self, name: str, folder: str, to: str) -> None:
        await self._client.makedirs(self._at(folder), exist_ok=True)
        try:
            await self._client.posix_rename(self._at(name), self._at(folder, to))
        except asyncssh.SFTPNoSuchFile:
            return

    async def sweep(self, folder: str) -> None:
        if await self._client.isdir(self._at(folder)):
            for name in map(str, await self._client.listdir(self._at(folder))):
                if name.startswith(".") and name.endswith(_PART):
                    await self._client.remove(self._at(folder, name))

    def _at(self, *names: str) -> str:
        return "/".join([self._path, *names])


class _Here:
    """A folder of this machine."""

    fingerprint: str | None = None

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    async def entries(self, folder: str = "") -> list[Entry]:
        return await _here(self._entries, self._path / folder if folder else self._path)

    def _entries(self, path: Path) -> list[Entry]:
        if not self._path.is_dir():
            raise _no_folder()
        plain = [
            one
            for one in (path.iterdir() if path.is_dir() else ())
            if one.is_file() and not one.is_symlink() and _is_ours(one.name)
        ]
        return [Entry(one.name, one.stat().st_size, int(one.stat().st_mtime)) for one in plain]

    async def fetch(self, name: str, to: Path) -> None:
        await _here(shutil.copyfile, self._path / name, to)

    async def put(self, folder: str, name: str, source: Path) -> None:
        await _here(self._put, self._path / folder, name, source)

    def _put(self, folder: Path, name: str, source: Path) -> None:
        folder.mkdir(exist_ok=True)
        part = folder / f".{name}{_PART}"
        shutil.copyfile(source, part)
        part.replace(folder / name)

    async def move(self, name: str, folder: str, to: str) -> None:
        await _here(self._move, self._path / name, self._path / folder, to)

    def _move(self, path: Path, folder: Path, to: str) -> None:
        folder.mkdir(exist_ok=True)
        if path.exists():
            path.replace(folder / to)

    async def sweep(self, folder: str) -> None:
        await _here(self._sweep, self._path / folder)

    def _sweep(self, folder: Path) -> None:
        for part in folder.glob(f".*{_PART}"):
            part.unlink()


async def _here(work: Callable[..., Result], *given: object) -> Result:
    """Do something with files of this machine, off the loop."""
    try:
        return await asyncio.to_thread(work, *given)
    except PermissionError:
        raise _not_ours() from None
    except OSError as error:
        raise Refuse("The file system refuses: {why}.", why=os.strerror(error.errno or 0)) from None


def _is_ours(name: str) -> bool:
    return not name.startswith(".") and "/" not in name and not name.endswith(_PART)
