"""An SFTP server of the test's own process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "till", "s3cret"


class Door(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@asynccontextmanager
async def server(folder: Path, key: asyncssh.SSHKey, port: int = 0) -> AsyncIterator[int]:
    """Serve a folder as the root, on a port that is free or given."""

    def chrooted(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(folder).encode())

    listening = await asyncssh.create_server(
        Door, "127.0.0.1", port, server_host_keys=[key], sftp_factory=chrooted, config=None, reuse_address=True
    )
    try:
        yield listening.get_port()
    finally:
        listening.close()
        await listening.wait_closed()
